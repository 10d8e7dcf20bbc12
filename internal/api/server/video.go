package server

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/provider/aimlapi"
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
	Owner       *string         `json:"owner"`
	Origin      *origin         `json:"origin"`
	SubmittedAt *time.Time      `json:"submitted_at"`
	EndedAt     *time.Time      `json:"ended_at"`
	Discard     bool            `json:"discard"`
	ForgottenAt *time.Time      `json:"forgotten_at"`
	Waiting     *waiting        `json:"waiting"`
	Estimate    *estimate       `json:"estimate"`
	Error       *outcomeBody    `json:"error"`
	Cost        *cost           `json:"cost"`
	Video       *videoFile      `json:"video"`
	Manifest    *video.Manifest `json:"manifest"`
	History     []happened      `json:"history"`
}

type waiting struct {
	For       video.WaitKind `json:"for"`
	Since     time.Time      `json:"since"`
	NextAt    *time.Time     `json:"next_at"`
	Until     *time.Time     `json:"until"`
	LastError *string        `json:"last_error"`
	Paid      *video.Paid    `json:"paid"`
	Message   string         `json:"message"`
}

type happened struct {
	At      time.Time       `json:"at"`
	What    video.EventKind `json:"what"`
	Message string          `json:"message"`
}

type origin struct {
	Trigger video.Trigger `json:"trigger"`
	Token   *string       `json:"token"`
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

type outcomeBody struct {
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
		Discard: v.Discard, ForgottenAt: known(v.ForgottenAt), Waiting: newWaiting(v.Waiting), Owner: unlessEmpty(v.Origin.Token), Origin: newOrigin(v.Origin),
	}
	for _, h := range v.History {
		body.History = append(body.History, happened{At: h.At.UTC(), What: h.Kind, Message: h.Message})
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
	if v.Waiting.Estimable() && v.Brief.Model != "" {
		body.Estimate = a.estimate(ctx, v)
	}
	if v.Outcome != nil {
		body.Error = &outcomeBody{Name: v.Outcome.Name, Message: v.Outcome.Message, Advice: v.Outcome.Kind().Advice, Paid: v.Outcome.Paid(), Redrivable: v.Redrivable}
		if body.ForgottenAt != nil {
			body.Error.Advice = "nothing; it was forgotten, and can't be redriven"
		}
		var discarded *video.Discarded
		if errors.As(v.Outcome.Err(), &discarded) {
			body.Cost = newCost(discarded.Micros)
		}
	}
	if v.Manifest == nil {
		return body, nil
	}
	body.Cost = newCost(v.Manifest.ChargedMicros)
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

// estimate says how much longer a job takes that waits for nothing but its
// generation: it counts from its submission.
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

func newCost(micros int64) *cost {
	if micros <= 0 {
		return nil
	}
	return &cost{Credits: aimlapi.CreditsOfMicros(micros), USD: float64(micros) / 1e6}
}

func newWaiting(w *jobs.Waiting) *waiting {
	if w == nil {
		return nil
	}
	body := &waiting{For: w.For, Since: w.Since.UTC(), NextAt: known(w.NextAt), Until: known(w.Until), LastError: unlessEmpty(w.LastError), Message: w.Message}
	if w.Paid != "" {
		body.Paid = &w.Paid
	}
	return body
}

func newOrigin(o video.Origin) *origin {
	if o.Trigger == "" {
		return nil
	}
	return &origin{Trigger: o.Trigger, Token: unlessEmpty(o.Token), Bucket: unlessEmpty(o.Bucket), Key: unlessEmpty(o.Key), Version: unlessEmpty(o.Version)}
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
