package web

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/video"
)

// videoBody is a video, as docs/openapi.yaml describes it.
type videoBody struct {
	ID          string          `json:"id"`
	Status      video.State     `json:"status"`
	Model       *string         `json:"model"`
	Prompt      *string         `json:"prompt"`
	Duration    *int            `json:"duration"`
	AspectRatio *string         `json:"aspect_ratio"`
	Request     *video.Request  `json:"request"`
	CreatedAt   time.Time       `json:"created_at"`
	Origin      *origin         `json:"origin"`
	SubmittedAt *time.Time      `json:"submitted_at"`
	EndedAt     *time.Time      `json:"ended_at"`
	Discard     bool            `json:"discard"`
	Estimate    *estimate       `json:"estimate"`
	Error       *endingBody     `json:"error"`
	Cost        *cost           `json:"cost"`
	Video       *videoFile      `json:"video"`
	Manifest    *video.Manifest `json:"manifest"`
}

type origin struct {
	Trigger video.Trigger `json:"trigger"`
	Bucket  *string       `json:"bucket"`
	Key     *string       `json:"key"`
	Version *string       `json:"version"`
}

type videoList struct {
	Videos     []videoBody `json:"videos"`
	Next       *string     `json:"next"`
	SearchedTo *time.Time  `json:"searched_to"`
}

type estimate struct {
	LeftSeconds  *int     `json:"left_seconds"`
	Progress     *float64 `json:"progress"`
	UsualSeconds *int     `json:"usual_seconds"`
}

type endingBody struct {
	Name       string     `json:"name"`
	Message    string     `json:"message"`
	Advice     string     `json:"advice"`
	Paid       video.Paid `json:"paid"`
	Redrivable bool       `json:"redrivable"`
}

type cost struct {
	Credits int64   `json:"credits"`
	USD     float64 `json:"usd"`
}

type videoFile struct {
	URL         string    `json:"url"`
	DownloadURL string    `json:"download_url"`
	ExpiresAt   time.Time `json:"expires_at"`
	ContentType string    `json:"content_type"`
	Bytes       int64     `json:"bytes"`
	CRC32       string    `json:"crc32"` // in base64
}

// videos makes the bodies of views. An error is of the URLs.
func (a *API) videos(ctx context.Context, views []jobs.View) ([]videoBody, error) {
	bodies := make([]videoBody, len(views))
	for i, view := range views {
		var err error
		if bodies[i], err = a.video(ctx, view); err != nil {
			return nil, err
		}
	}
	return bodies, nil
}

func (a *API) video(ctx context.Context, v jobs.View) (videoBody, error) {
	body := videoBody{
		ID: v.ID, Status: v.State, Request: v.Request, CreatedAt: v.CreatedAt.UTC(), SubmittedAt: known(v.SubmittedAt), EndedAt: known(v.EndedAt),
		Discard: v.Discard, Origin: newOrigin(v.Origin),
	}
	if v.Brief.Model != "" {
		body.Model, body.Prompt, body.Duration, body.AspectRatio = &v.Brief.Model, &v.Brief.Prompt, &v.Brief.Duration, &v.Brief.AspectRatio
	}
	if v.Request != nil {
		body.Manifest = v.Manifest
	}
	if !v.State.Ended() && v.Brief.Model != "" {
		body.Estimate = a.estimate(ctx, v)
	}
	if v.Ending != nil {
		kind := v.Ending.Kind()
		body.Error = &endingBody{Name: v.Ending.Error, Message: v.Ending.Message, Advice: kind.Advice, Paid: kind.Paid, Redrivable: v.Redrivable}
		var discarded *video.Discarded
		if errors.As(v.Ending.Err(), &discarded) {
			body.Cost = newCost(discarded.Credits)
		}
	}
	if v.Manifest == nil {
		return body, nil
	}
	body.Cost = newCost(v.Manifest.CreditsUsed)
	url, err := a.Videos.URL(ctx, v.ID)
	if err != nil {
		return body, err
	}
	download, err := a.Videos.DownloadURL(ctx, v.ID)
	body.Video = &videoFile{
		URL: url, DownloadURL: download, ExpiresAt: a.Now().Add(a.Videos.Life()).UTC(),
		ContentType: "video/mp4", Bytes: v.Manifest.Bytes, CRC32: v.Manifest.CRC32,
	}
	return body, err
}

// estimate says how much longer a job takes. The time that it waits for room is
// anybody's guess: it counts from its submission.
func (a *API) estimate(ctx context.Context, v jobs.View) *estimate {
	elapsed := time.Duration(0)
	if !v.SubmittedAt.IsZero() {
		elapsed = max(0, a.Now().Sub(v.SubmittedAt))
	}
	usual, usually := a.Estimator.Usual(ctx, v.Brief.Model, v.Brief.Duration)
	left, told := a.Estimator.Left(ctx, v.Brief.Model, v.Brief.Duration, elapsed)
	if !usually && !told {
		return nil
	}
	e := &estimate{}
	if usually {
		e.UsualSeconds = seconds(usual)
	}
	if told {
		e.LeftSeconds = seconds(left)
		progress := 0.0
		if elapsed > 0 {
			progress = math.Floor(100*elapsed.Seconds()/(elapsed+max(0, left)).Seconds()) / 100
		}
		e.Progress = &progress
	}
	return e
}

func seconds(d time.Duration) *int {
	n := max(0, int(math.Ceil(d.Seconds())))
	return &n
}

func newCost(credits int64) *cost {
	if credits <= 0 {
		return nil
	}
	return &cost{Credits: credits, USD: float64(credits) / video.CreditsPerUSD}
}

func newOrigin(o video.Origin) *origin {
	if o.Trigger == "" {
		return nil
	}
	return &origin{Trigger: o.Trigger, Bucket: unlessEmpty(o.Bucket), Key: unlessEmpty(o.Key), Version: unlessEmpty(o.Version)}
}

func unlessEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
