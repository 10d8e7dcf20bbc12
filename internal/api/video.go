package api

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// Running asks a list for the jobs that are queued or generating, in the place of a
// status.
const Running = "running"

// MaxPage is how many jobs a page of a list has at the most.
const MaxPage = 50

// MaxStatuses is how many jobs can be asked for at once by a StatusRequest.
const MaxStatuses = 100

// MaxPoster is how many bytes a poster has at the most.
const MaxPoster = 16 << 10

// Video is all that is known of a job.
type Video struct {
	ID          string          `json:"id"`
	Status      video.State     `json:"status"`
	Model       *string         `json:"model"`        // nil for a job that was started with something else than a request
	Prompt      *string         `json:"prompt"`       // its beginning; nil where Model is, and once it is forgotten
	Duration    *int            `json:"duration"`     // in seconds, as asked for; nil where Model is
	AspectRatio *string         `json:"aspect_ratio"` // as asked for; nil where Model is
	Request     *video.Request  `json:"request"`      // nil in a list, and where Model is
	CreatedAt   time.Time       `json:"created_at"`
	Owner       *string         `json:"owner"` // the name of the token; nil for what didn't come by the API
	Origin      *Origin         `json:"origin"`
	SubmittedAt *time.Time      `json:"submitted_at"` // when the provider accepted it
	EndedAt     *time.Time      `json:"ended_at"`
	Discard     bool            `json:"discard"`      // its video was given up, and won't be stored
	ForgottenAt *time.Time      `json:"forgotten_at"` // when its texts were cleared
	Waiting     *Waiting        `json:"waiting"`      // nil once it has ended
	Estimate    *Estimate       `json:"estimate"`
	Error       *Outcome        `json:"error"`    // nil for a job that is running or has a video
	Cost        *Cost           `json:"cost"`     // nil where the provider hasn't said
	Video       *File           `json:"video"`    // of a completed job
	Manifest    *video.Manifest `json:"manifest"` // of a completed job; nil in a list
	History     []Event         `json:"history"`  // the oldest first; nil in a list
}

// Ended reports whether the job has ended, with or without a video. A status that is
// no video.State, as a newer server may have, is no end.
func (v Video) Ended() bool { return slices.Contains(video.States(), v.Status) && v.Status.Ended() }

// Origin is where a job came from.
type Origin struct {
	Trigger video.Trigger `json:"trigger"`
	Token   *string       `json:"token"`   // the name of the API's token
	Bucket  *string       `json:"bucket"`  // of a prompt file
	Key     *string       `json:"key"`     // of a prompt file
	Version *string       `json:"version"` // of a prompt file in a bucket with versions
	Batch   *string       `json:"batch"`   // the batch's id; nil for a job of no batch, and so are the others
	Line    *int          `json:"line"`    // of the batch's file
	Copy    *int          `json:"copy"`    // which of the line's videos it is, from 1
	Label   *string       `json:"label"`   // the owner's name for the line; nil without one
}

// Waiting is what a job waits for. In a list, NextAt, Until and LastError are nil.
type Waiting struct {
	For       report.WaitKind `json:"for"`
	Since     time.Time       `json:"since"`
	NextAt    *time.Time      `json:"next_at"`    // when it is tried or polled again
	Until     *time.Time      `json:"until"`      // when that is given up
	LastError *string         `json:"last_error"` // why the last try failed
	Paid      *video.Paid     `json:"paid"`       // whether it costs money, as far as it has come
	Message   string          `json:"message"`    // all of that in words
}

// Estimate is how much longer a job takes, most likely.
type Estimate struct {
	LeftSeconds  *int     `json:"left_seconds"`
	Progress     *float64 `json:"progress"` // from 0 to 1
	UsualSeconds *int     `json:"usual_seconds"`
}

// Outcome is how a job ended that has no video.
type Outcome struct {
	Name       string     `json:"name"`
	Message    string     `json:"message"`
	Advice     string     `json:"advice"` // what its owner can do
	Paid       video.Paid `json:"paid"`
	Redrivable bool       `json:"redrivable"`
}

// Cost is what the provider charged.
type Cost struct {
	USD float64 `json:"usd"`
}

// File is the file of a completed job. The URLs work for whoever has them, until
// ExpiresAt.
type File struct {
	URL         string    `json:"url"`          // plays in a browser
	DownloadURL string    `json:"download_url"` // is saved as a file by a browser
	PosterURL   *string   `json:"poster_url"`   // of a still picture; nil where there is none
	S3URI       string    `json:"s3_uri"`
	ExpiresAt   time.Time `json:"expires_at"`
	ContentType string    `json:"content_type"`
	Bytes       int64     `json:"bytes"`
	CRC32       string    `json:"crc32"` // in base64, as S3 shows it
}

// Event is something that happened to a job.
type Event struct {
	At      time.Time        `json:"at"`
	What    report.EventKind `json:"what"`
	Message string           `json:"message"`
}

// VideoList is a page of jobs, newest first.
type VideoList struct {
	Videos []Video `json:"videos"`
	Next   *string `json:"next"` // the cursor of the next page; nil in the last one
	// SearchedTo is how far back prompts were searched; nil where they weren't, and
	// where there is nothing further back.
	SearchedTo *time.Time `json:"searched_to"`
}

// ListQuery says which jobs a list has. An empty field leaves out none.
type ListQuery struct {
	Status video.State // or Running
	Model  string
	Owner  string // the name of a token
	Batch  string // the id of a batch
	// Metadata has pairs that the jobs must have.
	Metadata map[string]string
	Words    string    // of the prompt
	From     time.Time // created then or later
	Limit    int       // the most in a page; 0: the API's own
	Cursor   string    // of the page before
}

// Values returns the query's parameters.
func (q ListQuery) Values() url.Values {
	values := given(map[string]string{
		ParamStatus: string(q.Status), ParamModel: q.Model, ParamOwner: q.Owner, ParamBatch: q.Batch, ParamWords: q.Words, ParamCursor: q.Cursor,
	})
	for key, value := range q.Metadata {
		values.Set(ParamMetadata+"."+key, value)
	}
	if !q.From.IsZero() {
		values.Set(ParamFrom, q.From.UTC().Format(time.RFC3339Nano))
	}
	if q.Limit > 0 {
		values.Set(ParamLimit, strconv.Itoa(q.Limit))
	}
	return values
}

// given leaves out the empty parameters.
func given(parameters map[string]string) url.Values {
	values := url.Values{}
	for name, value := range parameters {
		if value != "" {
			values.Set(name, value)
		}
	}
	return values
}

// StatusRequest asks for the statuses of jobs.
type StatusRequest struct {
	IDs []string `json:"ids"` // from 1 to MaxStatuses
}

// StatusList has the statuses of those of the ids that are jobs, in their order.
type StatusList struct {
	Statuses []Status `json:"statuses"`
}

// Status is a job's Video in short.
type Status struct {
	ID         string      `json:"id"`
	Status     video.State `json:"status"`
	Paid       *video.Paid `json:"paid"` // nil where it isn't known
	Redrivable bool        `json:"redrivable"`
}

// Forgotten is a job whose texts were cleared, and what may still have some of them.
type Forgotten struct {
	Video Video     `json:"video"`
	Stays []Remnant `json:"stays"`
}

// Remnant is something that may still have a job's texts, and that Takeup can't clear.
type Remnant struct {
	What  string     `json:"what"`
	Where string     `json:"where"`
	Until *time.Time `json:"until"` // when it is gone by itself; nil where somebody has to remove it
	Todo  *string    `json:"todo"`  // how to remove it sooner; nil where that can't be
}
