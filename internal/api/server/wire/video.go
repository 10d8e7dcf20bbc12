package wire

import (
	"errors"
	"math"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/video"
)

// Video returns a job, with its estimate and its file; either may be nil.
func Video(v view.View, estimate *api.Estimate, file *api.File) api.Video {
	body := api.Video{
		ID: v.ID, Status: v.State, Request: v.Request, CreatedAt: v.CreatedAt.UTC(), SubmittedAt: Time(v.SubmittedAt), EndedAt: Time(v.EndedAt),
		Discard: v.Discard, ForgottenAt: Time(v.ForgottenAt), Waiting: waiting(v.Waiting), Owner: text(v.Origin.Token), Origin: origin(v.Origin),
		Estimate: estimate, Error: outcome(v), Video: file, History: history(v.History),
	}
	if v.Brief.Model != "" {
		body.Model, body.Prompt, body.Duration, body.AspectRatio = &v.Brief.Model, &v.Brief.Prompt, &v.Brief.Duration, &v.Brief.AspectRatio
	}
	if body.ForgottenAt != nil {
		body.Prompt = nil
	}
	if v.Request != nil {
		body.Manifest = v.Manifest
	}
	if v.Manifest != nil {
		body.Cost = cost(v.Manifest.ChargedMicros)
		return body
	}
	var discarded *video.Discarded
	if v.Outcome != nil && errors.As(v.Outcome.Err(), &discarded) {
		body.Cost = cost(discarded.Micros)
	}
	return body
}

// File returns the file that a manifest describes, at the given URLs.
func File(m video.Manifest, at api.File) *api.File {
	at.ExpiresAt, at.ContentType, at.Bytes, at.CRC32 = at.ExpiresAt.UTC(), "video/mp4", m.Bytes, m.CRC32
	return &at
}

// Estimate says how much longer a generation takes that has run for elapsed; nil where
// neither the usual time nor the time left is known.
func Estimate(elapsed time.Duration, usual, left *time.Duration) *api.Estimate {
	if usual == nil && left == nil {
		return nil
	}
	e := &api.Estimate{}
	if usual != nil {
		e.UsualSeconds = new(Seconds(*usual))
	}
	if left != nil {
		e.LeftSeconds = new(Seconds(*left))
		progress := 0.0
		if elapsed > 0 {
			progress = math.Floor(100*elapsed.Seconds()/(elapsed+max(0, *left)).Seconds()) / 100
		}
		e.Progress = &progress
	}
	return e
}

// Forgotten returns a job whose texts were cleared, and what may still have them.
func Forgotten(v api.Video, stays []jobs.Remnant) api.Forgotten {
	forgotten := api.Forgotten{Video: v, Stays: make([]api.Remnant, len(stays))}
	for i, r := range stays {
		forgotten.Stays[i] = api.Remnant{What: r.What, Where: r.Where, Until: Time(r.Until), Todo: text(r.Todo)}
	}
	return forgotten
}

// Status returns a job in short.
func Status(v view.View) api.Status {
	return api.Status{ID: v.ID, Status: v.State, Paid: paid(v), Redrivable: v.Redrivable}
}

// paid says whether a job costs money, as far as it has come; nil where that isn't
// known.
func paid(v view.View) *video.Paid {
	paid := video.Paid("")
	switch {
	case v.State == video.StateCompleted:
		paid = video.PaidYes
	case v.Outcome != nil:
		paid = v.Outcome.Paid()
	case v.Waiting != nil:
		paid = v.Waiting.Paid
	}
	if paid == "" {
		return nil
	}
	return &paid
}

func outcome(v view.View) *api.Outcome {
	if v.Outcome == nil {
		return nil
	}
	advice := v.Outcome.Kind().Advice
	if !v.ForgottenAt.IsZero() {
		advice = "nothing; it was forgotten, and can't be redriven"
	}
	return &api.Outcome{Name: v.Outcome.Name, Message: v.Outcome.Message, Advice: advice, Paid: v.Outcome.Paid(), Redrivable: v.Redrivable}
}

func cost(micros int64) *api.Cost {
	if micros <= 0 {
		return nil
	}
	return &api.Cost{USD: float64(micros) / 1e6}
}

func waiting(w *view.Waiting) *api.Waiting {
	if w == nil {
		return nil
	}
	body := &api.Waiting{For: w.For, Since: w.Since.UTC(), NextAt: Time(w.NextAt), Until: Time(w.Until), LastError: text(w.LastError), Message: w.Message}
	if w.Paid != "" {
		body.Paid = &w.Paid
	}
	return body
}

func origin(o video.Origin) *api.Origin {
	if o.Trigger == "" {
		return nil
	}
	return &api.Origin{
		Trigger: o.Trigger, Token: text(o.Token), Bucket: text(o.Bucket), Key: text(o.Key), Version: text(o.Version),
		Batch: text(o.Batch), Line: number(o.Line), Copy: number(o.Copy), Label: text(o.Label),
	}
}

// history returns nil for no events, as a list has none.
func history(happened []view.HistoryEvent) []api.Event {
	var events []api.Event
	for _, h := range happened {
		events = append(events, api.Event{At: h.At.UTC(), What: h.Kind, Message: h.Message})
	}
	return events
}
