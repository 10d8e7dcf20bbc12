package server

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/caps"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/listing"
	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/video"
)

// Jobs starts jobs, looks them up and changes them. Besides the errors that a method
// names, each can return a *video.ServiceUnavailable.
type Jobs interface {
	// Start starts the job of an id, once. The error is a *jobs.Mismatch where that job
	// has another request, or a *caps.Refused.
	Start(ctx context.Context, id string, r video.Request, from video.Origin) (jobs.Receipt, error)
	// Send starts a job for a request without an Idempotency-Key, or finds the job that
	// an earlier attempt of the client started. The error is a *caps.Refused.
	Send(ctx context.Context, p jobs.Post, r video.Request, from video.Origin) (jobs.Receipt, error)
	// Status returns a job as the table has it. The error is a *video.NoEntry.
	Status(ctx context.Context, id string) (view.View, error)
	// Statuses is Status of many ids, in their order, without those that are no job's.
	Statuses(ctx context.Context, ids []string) ([]view.View, error)
	// File is Status, and looks whether the bucket still has a completed job's video.
	File(ctx context.Context, id string) (view.View, error)
	// List returns a page of the jobs. The error is a *listing.BadCursor.
	List(context.Context, listing.Query) (listing.Page, error)
	// Cancel ends a job, or gives its video up. The error is a *jobs.NotCancelled or a
	// *video.NoEntry.
	Cancel(ctx context.Context, id string, discard bool) (view.View, error)
	// Forget clears a job's texts. The error is a *jobs.NotForgotten or a
	// *video.NoEntry.
	Forget(ctx context.Context, id string) (jobs.Forgotten, error)
	// PutPoster stores a poster of a job's video, unless it has one. The error is a
	// *jobs.NoPoster or a *video.NoEntry.
	PutPoster(ctx context.Context, id string, webp []byte) (view.View, error)
	// Redrive resumes a job that ended without a video. The error is a
	// *jobs.NotRedriven or a *video.NoEntry.
	Redrive(ctx context.Context, id string) (view.View, error)
	// Retry ends the wait of a job. The error is a *jobs.NotRetried or a
	// *video.NoEntry.
	Retry(ctx context.Context, id string) (view.View, error)
}

// Videos signs the URLs of stored videos. Each works for whoever has it, until it
// expires.
type Videos interface {
	// URL returns a URL that plays in a browser.
	URL(ctx context.Context, job video.Locator) (string, error)
	// DownloadURL returns a URL that a browser saves as a file of that name, with the extension
	// of a video.
	DownloadURL(ctx context.Context, job video.Locator, name string) (string, error)
	// PosterURL returns a URL of a video's poster.
	PosterURL(ctx context.Context, job video.Locator) (string, error)
	// URI returns the s3:// URI of a video.
	URI(job video.Locator) string
	// HeadURL returns a URL that answers HEAD, which the others refuse: a signature is
	// for one method.
	HeadURL(ctx context.Context, job video.Locator, name string) (string, error)
	// ResultsURL returns a URL that a browser saves as the results of a batch, in the format
	// csv or jsonl.
	ResultsURL(ctx context.Context, id, format string) (string, error)
	// Life is how long the URLs work.
	Life() time.Duration
}

// Uploads signs the forms that prompt files are uploaded with.
type Uploads interface {
	// Form returns a form for a file of that key, of at most that many bytes.
	Form(ctx context.Context, key string, maxBytes int64) (api.Upload, error)
}

// Estimator knows how long the provider takes, and what it charges. The bool is
// false where it doesn't know.
type Estimator interface {
	// Left is how much longer a generation takes that has run for elapsed.
	Left(ctx context.Context, model string, duration int, elapsed time.Duration) (time.Duration, bool)
	// Usual is how long a generation takes.
	Usual(ctx context.Context, model string, duration int) (time.Duration, bool)
	// Charged is the dearest of the last charges, in micro-dollars.
	Charged(ctx context.Context, model string, duration int) (int64, bool)
}

// Prices returns the provider's price list, which is empty until it is known.
type Prices interface {
	List(context.Context) price.List
}

// Caps returns what counts against each cap. The error is a *video.ServiceUnavailable.
type Caps interface {
	Standing(context.Context) (caps.Standing, error)
}

// Usage knows what the attempts of a month have come to, and the balance of the
// account at the provider. The errors are *video.ServiceUnavailable.
type Usage interface {
	// Usage returns an element for each day, owner and model of a month such as 2026-08.
	Usage(ctx context.Context, month string) ([]budget.Usage, error)
	// Balance returns the balance that was last stored, and its version.
	Balance(context.Context) (budget.Balance, string, error)
}

// API is the HTTP API. All fields but Origin and Local must be set.
type API struct {
	Jobs      Jobs
	Batches   Batches
	Videos    Videos
	Uploads   Uploads
	Estimator Estimator
	Prices    Prices
	Caps      Caps
	Usage     Usage
	// Page answers GET and HEAD of / and of everything below /assets/.
	Page http.Handler
	// Origin is the origin whose pages may call the API from a browser, such as
	// https://example.com, or * for every origin. Empty allows none but the API's own.
	Origin    string
	Simulated bool             // the provider is a simulator
	Local     bool             // the stack is on the machine of its users, and delivers webhooks to it
	Random    io.Reader        // for the ids of requests and of jobs without an Idempotency-Key
	Now       func() time.Time // for timestamps and elapsed times
	Log       *slog.Logger
}
