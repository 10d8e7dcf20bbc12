package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/takeup/takeup/internal/jobs/listing"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// Table stores the jobs. A write replaces a version that was read, and returns a *video.Conflict
// if that version is no longer current.
type Table interface {
	listing.Table
	Create(context.Context, video.Entry) (video.Entry, string, error)
	Update(ctx context.Context, entry video.Entry, version string) (video.Entry, string, error)
	// PutProgress replaces a step's earlier report on a job.
	PutProgress(ctx context.Context, id string, progress report.Progress) error
	// Sendings returns when a request was sent without an Idempotency-Key.
	Sendings(ctx context.Context, request string) (sent []video.Sending, version string, err error)
	PutSendings(ctx context.Context, request string, sent []video.Sending, version string) error
	// CreateSent creates a job and replaces the sendings in one transaction.
	CreateSent(ctx context.Context, entry video.Entry, request string, sent []video.Sending, version string) (video.Entry, string, error)
	// Forget clears the texts of a job.
	Forget(ctx context.Context, entry video.Entry, version string, at time.Time) (video.Entry, string, error)
}

// Manifests stores the manifests and the videos.
type Manifests interface {
	// Manifest returns a job's manifest, or false if there is none.
	Manifest(ctx context.Context, job video.Locator) (video.Manifest, bool, error)
	// Forget clears the texts of a job's manifest, if it has one.
	Forget(ctx context.Context, job video.Locator, hash string, at time.Time) error
	// PutPoster stores a poster, unless there is one.
	PutPoster(ctx context.Context, job video.Locator, webp []byte) error
	RemovePoster(ctx context.Context, job video.Locator) error
	// Remove deletes a job's manifest, its poster and its video.
	Remove(ctx context.Context, job video.Locator) error
}

// Gate decides which requests become jobs. After any error of it, there is no job.
type Gate interface {
	Admit(ctx context.Context, r video.Request, owner string) error
}

// Service performs the operations on the jobs of a state machine. It is safe for concurrent use,
// also by many processes.
type Service struct {
	lists
	table      Table
	manifests  Manifests
	executions runs.Executions
	now        func() time.Time
	gate       Gate // nil admits every request
}

// lists is embedded under a name that is not exported.
type lists = listing.Lister

// New returns a Service without a gate, which admits every request.
func New(table Table, manifests Manifests, executions runs.Executions, now func() time.Time) *Service {
	return &Service{lists: listing.New(table, now), table: table, manifests: manifests, executions: executions, now: now}
}

// Behind returns a Service that makes jobs only from the requests that a gate admits.
func (s *Service) Behind(gate Gate) *Service {
	behind := *s
	behind.gate = gate
	return &behind
}

// admit asks the gate, if there is one.
func (s *Service) admit(ctx context.Context, r video.Request, from video.Origin) error {
	if s.gate == nil {
		return nil
	}
	return s.gate.Admit(ctx, r, from.Token)
}

// turns is how often a job is reread after a conflict with another writer.
const turns = 8

func changing(doing string) error {
	return &video.ServiceUnavailable{Doing: doing, Err: errors.New("the job was changed by another each time")}
}
