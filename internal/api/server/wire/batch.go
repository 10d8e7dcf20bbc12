package wire

import (
	"math"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/batches"
	"github.com/takeup/takeup/internal/video"
)

// Batch returns a batch.
func Batch(v batches.View) api.Batch {
	body := api.Batch{
		ID: v.ID, Name: v.Name, Owner: text(v.Owner), Status: string(v.State), Reason: text(v.Reason), CreatedAt: v.CreatedAt.UTC(), Run: v.Run,
		AtOnce: v.AtOnce, SkipInvalid: v.SkipInvalid, Source: source(v.Source()), Plan: plan(v.Plan, v.AtOnce),
		Counts: api.BatchCounts{
			Videos: v.Counts.Videos, New: v.Counts.New, Waiting: v.Counts.Waiting, Running: v.Counts.Running,
			Stored: v.Counts.Stored, Failed: v.Counts.Failed, Cancelled: v.Counts.Cancelled,
		},
		Money:       api.BatchMoney{Spent: v.Money.Spent.USD(), Reserved: v.Money.Reserved.USD(), Uncertain: v.Money.Uncertain.USD()},
		EstimatedAt: Time(v.EstimatedEnd), EndedAt: Time(v.EndedAt),
	}
	if v.State == record.Uploading {
		body.UploadUntil = Time(v.UploadUntil)
	}
	if v.Paused != nil {
		body.Paused = &api.BatchPaused{Limit: v.Paused.Limit, Until: Time(v.Paused.Until)}
	}
	return body
}

// BatchCancelled says what became of the videos of a batch that was cancelled.
func BatchCancelled(c batches.Cancelled) api.BatchCancelled {
	return api.BatchCancelled{Batch: Batch(c.View), Cancelled: c.Cancelled, Submitted: c.Submitted, Done: c.Done, Left: c.Left}
}

// source returns nil for a batch whose file has not arrived.
func source(s record.Source) *api.BatchSource {
	if s == (record.Source{}) {
		return nil
	}
	return &api.BatchSource{Bucket: s.Bucket, Key: s.Key, Version: s.Version}
}

func plan(p *batch.Plan, atOnce int) *api.BatchPlan {
	if p == nil {
		return nil
	}
	body := &api.BatchPlan{
		Lines: p.Lines, Wrong: p.Wrong, Quotes: p.Quotes, WrongLines: []api.WrongLine{}, Models: []api.BatchPrice{}, Total: share(p.Total),
		Videos: api.BatchVideos{
			New: p.Videos[batch.New], Resume: p.Videos[batch.Resume], Running: p.Videos[batch.Running], Stored: p.Videos[batch.Stored], Over: p.Videos[batch.Over],
		},
		Seconds: int(math.Ceil(p.Takes(atOnce).Seconds())), Unknown: p.TimesUnknown,
	}
	for _, w := range p.Named {
		body.WrongLines = append(body.WrongLines, api.WrongLine{Line: w.Number, Row: w.Row, Fields: append([]video.FieldError{}, w.Fields...)})
	}
	for _, s := range p.Models {
		body.Models = append(body.Models, share(s))
	}
	return body
}

func share(s batch.Share) api.BatchPrice {
	return api.BatchPrice{Model: s.Model, Videos: s.Videos, USD: s.Least.USD(), MostUSD: s.Most.USD(), Unbounded: s.Unbounded, Unpriced: s.Unpriced}
}
