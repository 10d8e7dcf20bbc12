package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/video"
)

// Table is the table of the jobs. A write is on a version that was read, and gives a
// *video.Conflict where that is no longer the one.
type Table interface {
	// Get gives a job's entry, or a *video.NoEntry.
	Get(ctx context.Context, id string) (entry video.Entry, version string, err error)
	Create(context.Context, video.Entry) (video.Entry, string, error)
	Update(ctx context.Context, entry video.Entry, version string) (video.Entry, string, error)
	// PutProgress keeps what a step tells of a job, in the place of what that step
	// told before.
	PutProgress(ctx context.Context, id string, progress video.Progress) error
	// Sendings gives what was sent of a request without an Idempotency-Key.
	Sendings(ctx context.Context, request string) (sent []video.Sending, version string, err error)
	PutSendings(ctx context.Context, request string, sent []video.Sending, version string) error
	// CreateSent creates a job and replaces the sendings at once.
	CreateSent(ctx context.Context, entry video.Entry, request string, sent []video.Sending, version string) (video.Entry, string, error)
	// Forget clears the texts of a job.
	Forget(ctx context.Context, entry video.Entry, version string, at time.Time) (video.Entry, string, error)
	// List gives jobs, newest first, and the place before which it goes on.
	List(context.Context, table.Query) (jobs []table.Listed, next string, err error)
	// Unfinished gives the jobs without an outcome, the oldest first.
	Unfinished(context.Context) ([]table.Unfinished, error)
	// SweptTo gives how far the last sweep got that had no time for all of them.
	SweptTo(context.Context) (place, version string, err error)
	PutSweptTo(ctx context.Context, place, version string) error
}

// Manifests is the place of the manifests and the videos.
type Manifests interface {
	// Manifest gives a job's manifest, and false where it has none.
	Manifest(ctx context.Context, id string) (video.Manifest, bool, error)
	// Forget clears the texts of a job's manifest, where it has one.
	Forget(ctx context.Context, id, hash string, at time.Time) error
	// Remove takes a job's manifest away, and then its video.
	Remove(ctx context.Context, id string) error
}

// Gate decides which requests become jobs. Whatever its error is, there is no job then.
type Gate interface {
	Admit(ctx context.Context, r video.Request, owner string) error
}

// Service does what there is to do with the jobs of a state machine. It is safe for
// concurrent use, by many processes.
type Service struct {
	table      Table
	manifests  Manifests
	executions Executions
	now        func() time.Time
	gate       Gate // nil: all do
}

// New makes a Service, which makes each request a job.
func New(table Table, manifests Manifests, executions Executions, now func() time.Time) *Service {
	return &Service{table: table, manifests: manifests, executions: executions, now: now}
}

// Behind gives the Service that makes only those requests jobs that a gate admits.
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

// turns is how often a job is read anew after another changed it.
const turns = 8

// unlessConflict gives nil for a conflict: the job is read again then.
func unlessConflict(err error) error {
	var conflict *video.Conflict
	if errors.As(err, &conflict) {
		return nil
	}
	return err
}

func changing(doing string) error {
	return &video.ServiceUnavailable{Doing: doing, Err: errors.New("the job was changed by another each time")}
}

// unavailable leaves an error that already says so as it is.
func unavailable(doing string, err error) error {
	var already *video.ServiceUnavailable
	if errors.As(err, &already) {
		return already
	}
	return &video.ServiceUnavailable{Doing: doing, Err: err}
}
