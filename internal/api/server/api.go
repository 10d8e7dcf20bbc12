package server

import (
	"context"
	"encoding/base32"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/caps"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/video"
)

// Jobs does what there is to do with jobs. Its errors are *video.ServiceUnavailable,
// and what each method names.
type Jobs interface {
	// Start starts a job, once an id, or gives a *jobs.Mismatch or a *caps.Refused.
	Start(ctx context.Context, id string, r video.Request, from video.Origin) (jobs.Receipt, error)
	// Send starts a job for a request without an Idempotency-Key, or finds the one that
	// the request became when its client sent it before; or gives a *caps.Refused.
	Send(ctx context.Context, p jobs.Post, r video.Request, from video.Origin) (jobs.Receipt, error)
	// Status says how a job is doing, or gives a *video.NoEntry.
	Status(ctx context.Context, id string) (jobs.View, error)
	// Statuses is Status of those of many ids that are jobs, in their order.
	Statuses(ctx context.Context, ids []string) ([]jobs.View, error)
	// File is Status of a job whose video is in the bucket, if it is completed.
	File(ctx context.Context, id string) (jobs.View, error)
	// List lists the jobs, or gives a *jobs.BadCursor.
	List(context.Context, jobs.Query) (jobs.Page, error)
	// Cancel ends a job, or gives a *jobs.NotCancelled or a *video.NoEntry.
	Cancel(ctx context.Context, id string, discard bool) (jobs.View, error)
	// Forget clears a job's texts, or gives a *jobs.NotForgotten or a *video.NoEntry.
	Forget(ctx context.Context, id string) (jobs.Forgotten, error)
	// Redrive goes on with a job, or gives a *jobs.NotRedriven or a *video.NoEntry.
	Redrive(ctx context.Context, id string) (jobs.View, error)
	// Retry has a job that waits tried now, or gives a *jobs.NotRetried or a
	// *video.NoEntry.
	Retry(ctx context.Context, id string) (jobs.View, error)
}

// Videos gives the addresses that stored videos are fetched from, each for
// whoever has it and for a short time.
type Videos interface {
	// URL plays in a browser.
	URL(ctx context.Context, id string) (string, error)
	// DownloadURL is saved as a file.
	DownloadURL(ctx context.Context, id string) (string, error)
	// HeadURL answers HEAD, which the others refuse: a signature is of one method.
	HeadURL(ctx context.Context, id string) (string, error)
	// Life is how long they last.
	Life() time.Duration
}

// Uploads gives the addresses that prompt files are uploaded to.
type Uploads interface {
	Form(ctx context.Context, key string) (Form, error)
}

// Estimator knows how long the provider takes. What it doesn't know is false.
type Estimator interface {
	// Left is how much longer a generation takes that has run for that long.
	Left(ctx context.Context, model string, duration int, elapsed time.Duration) (time.Duration, bool)
	// Usual is how long one takes.
	Usual(ctx context.Context, model string, duration int) (time.Duration, bool)
	// Charged is the dearest of what the last ones cost, in micro-dollars.
	Charged(ctx context.Context, model string, duration int) (int64, bool)
}

// Prices gives the provider's price list as it is known; the empty one where it isn't.
type Prices interface {
	List(context.Context) price.List
}

// Caps says what is held below each cap. Its errors are *video.ServiceUnavailable.
type Caps interface {
	Standing(context.Context) (caps.Standing, error)
}

// API is the http.Handler. All fields but Origin are needed.
type API struct {
	Jobs      Jobs
	Videos    Videos
	Uploads   Uploads
	Estimator Estimator
	Prices    Prices
	Caps      Caps
	Usage     Usage
	// Page answers GET and HEAD of / and of what is under /assets/.
	Page http.Handler
	// Origin is the origin whose pages may call the API from a browser, as
	// https://example.com; or *, for all; empty: none.
	Origin string
	Random io.Reader        // makes the ids of what comes without an Idempotency-Key
	Now    func() time.Time // for timestamps and elapsed times
	Log    *slog.Logger
}

// answer is what a request is replied with.
type answer struct {
	status  int
	job     string // the job that it is about, where there is one
	body    any    // written as JSON; nil: none
	problem *problem
	header  map[string]string
}

// serve makes a handler of what answers one kind of request: it writes the answer
// in the provider's shape, and logs one line. A prompt, a token or a URL is
// in none of the line's fields.
func (a *API) serve(handle func(*http.Request) answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		began := a.Now()
		requestID := a.requestID(r)
		got := a.guard(handle, r)
		if got.problem != nil {
			got.status = got.problem.status
			got.body = errorBody{
				Message: got.problem.message(), Errors: got.problem.fields, Path: r.URL.Path, RequestID: requestID,
				StatusCode: got.status, Timestamp: a.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
			}
		}
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		a.allowOrigin(h)
		for name, value := range got.header {
			h.Set(name, value)
		}
		h.Set("X-Request-Id", requestID)
		if got.job != "" {
			h.Set("X-Inference-Id", got.job)
		}
		write(w, r, got.status, got.body)
		a.log(r, got, requestID, began)
	}
}

func (a *API) log(r *http.Request, got answer, requestID string, began time.Time) {
	attributes := []any{
		"method", method(r), "route", r.Pattern, "status", got.status, "job", got.job, "owner", r.Header.Get(ownerHeader),
		"request_id", requestID, "elapsed_ms", a.Now().Sub(began).Milliseconds(),
	}
	if got.problem != nil && got.problem.cause != nil {
		a.Log.ErrorContext(r.Context(), "api", append(attributes, "error", got.problem.cause.Error())...)
		return
	}
	a.Log.InfoContext(r.Context(), "api", attributes...)
}

// guard turns a panic, which is a bug, into an answer.
func (a *API) guard(handle func(*http.Request) answer, r *http.Request) (got answer) {
	defer func() {
		if p := recover(); p != nil {
			got = answer{problem: &problem{
				status: http.StatusInternalServerError,
				said:   "something went wrong here, not with the request; report it with the requestId",
				cause:  fmt.Errorf("panic: %v\n%s", p, debug.Stack()),
			}}
		}
	}()
	return handle(r)
}

// requestID is the id that API Gateway gave the request, which its own log has
// too; or a new one.
func (a *API) requestID(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); id != "" && len(id) <= 128 && visible(id) {
		return id
	}
	bits := make([]byte, 15)
	if _, err := io.ReadFull(a.Random, bits); err != nil {
		return "none" // the request fails or not for reasons of its own
	}
	return strings.ToLower(base32.StdEncoding.EncodeToString(bits))
}

// method keeps what a stranger wrote out of the log.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}
