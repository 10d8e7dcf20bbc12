package intake

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/video"
)

// Manifests is what is asked of the videos bucket: a job's manifest, and false
// where there is none.
type Manifests interface {
	Manifest(ctx context.Context, id string) (video.Manifest, bool, error)
}

// State is how far a job is, in the provider's words for it where it has some.
type State string

// A job is queued until the provider has accepted it, and generating until its
// video is stored or it has ended without one: by an error, or by its owner's
// choice, before it was accepted or after.
const (
	Queued     State = "queued"
	Generating State = "generating"
	Completed  State = "completed"
	Failed     State = "error"
	Cancelled  State = "cancelled"
	Discarded  State = "discarded"
)

// States lists them all.
func States() []State {
	return []State{Queued, Generating, Completed, Failed, Cancelled, Discarded}
}

// Ended reports whether only a redrive changes the state.
func (s State) Ended() bool { return s != Queued && s != Generating }

// View is what is known of a job.
type View struct {
	ID        string
	State     State
	Request   *video.Request // nil where the job was started with something else
	CreatedAt time.Time
	// SubmittedAt is when the provider took it; zero before.
	SubmittedAt time.Time
	EndedAt     time.Time           // zero for a job that is queued or generating
	Manifest    *video.Manifest     // of a completed job
	Ending      *video.EndingRecord // of one that ended without a video
	// Discard says that its owner gave its video up.
	Discard bool
	// Redrivable says that a redrive may give it a video.
	Redrivable bool
}

// Desk says how jobs are doing.
type Desk struct {
	jobs       Jobs
	manifests  Manifests
	executions Executions
}

// NewDesk makes a Desk for the jobs of a state machine.
func NewDesk(jobs Jobs, manifests Manifests, executions Executions) *Desk {
	return &Desk{jobs: jobs, manifests: manifests, executions: executions}
}

// Status says how a job is doing; a *video.NoEntry where there is no such job,
// and a *video.ServiceUnavailable where it can't be told now.
//
// There are three sources, and the first that decides is right: the manifest, an
// ending in the table, unless a redrive was started since; the execution that the
// table names. What ends an execution is written before, so the table and the
// manifest are read again after one that is over: a job never seems to have failed
// in between.
func (d *Desk) Status(ctx context.Context, id string) (View, error) {
	if !video.ValidID(id) {
		return View{}, &video.NoEntry{ID: id}
	}
	for range turns {
		manifest, stored, err := d.manifests.Manifest(ctx, id)
		switch {
		case err != nil:
			return View{}, unavailable("reading the manifest", err)
		case stored:
			return completed(manifest), nil
		}
		entry, known, err := d.entry(ctx, id)
		if err != nil {
			return View{}, err
		}
		execution, err := d.execution(ctx, id, entry, known)
		if err != nil {
			return View{}, err
		}
		if execution != nil && execution.Status == types.ExecutionStatusRunning {
			return view(id, execution, entry, known), nil
		}
		again, known, err := d.entry(ctx, id)
		if err != nil {
			return View{}, err
		}
		if again.Execution != entry.Execution || again.Started != entry.Started {
			continue
		}
		if manifest, stored, err = d.manifests.Manifest(ctx, id); err != nil {
			return View{}, unavailable("reading the manifest", err)
		}
		switch {
		case stored:
			return completed(manifest), nil
		case !known && (execution == nil || resumes(aws.ToString(execution.Input)) != ""):
			return View{}, &video.NoEntry{ID: id}
		}
		return view(id, execution, again, known), nil
	}
	return View{}, changing("reading the job")
}

// entry reads a job, and false where the table doesn't have it.
func (d *Desk) entry(ctx context.Context, id string) (video.Entry, bool, error) {
	entry, _, err := d.jobs.Get(ctx, id)
	var absent *video.NoEntry
	if err != nil && !errors.As(err, &absent) {
		return video.Entry{}, false, unavailable("reading the job", err)
	}
	return entry, err == nil, nil
}

// execution reads the execution that a job is in, which the table doesn't have yet
// where it was started by hand; nil where there is none.
func (d *Desk) execution(ctx context.Context, id string, entry video.Entry, known bool) (*sfn.DescribeExecutionOutput, error) {
	switch {
	case !known:
		return d.executions.describe(ctx, id)
	case !entry.Started:
		return nil, nil
	}
	return d.executions.describe(ctx, entry.Execution)
}

// view puts together what is known of a job without a stored video.
func view(id string, execution *sfn.DescribeExecutionOutput, entry video.Entry, known bool) View {
	v := View{ID: id, State: Queued, Discard: !entry.DiscardedAt.IsZero()}
	if known {
		v.Request, v.CreatedAt, v.SubmittedAt = &entry.Request, entry.CreatedAt, entry.SubmittedAt
	} else {
		v.Request, v.CreatedAt = requestOf(execution), aws.ToTime(execution.StartDate)
	}
	// Step Functions may not show yet what it has just started.
	starting := known && (!entry.Started || entry.Unclaimed() && entry.Ending == nil && execution == nil)
	running := starting || execution != nil && execution.Status == types.ExecutionStatusRunning
	before := running && entry.Ending != nil && !entry.Ending.Final() && (starting || entry.Ending.At.Before(aws.ToTime(execution.StartDate)))
	if before && entry.Ending.Chosen() {
		v.Discard = false // the redrive takes that back
	}
	switch {
	case entry.Ending != nil && !before:
		v.Ending = entry.Ending
	case execution == nil && !running:
		v.Ending = &video.EndingRecord{Error: "ExecutionGone", Message: "Step Functions no longer knows the job's execution, and it left no video; redrive the job"}
	case running: // its ending, if it has one, is from before the redrive
		if entry.Phase == video.PhaseAccepted {
			v.State = Generating
		}
		return v
	case execution.Status == types.ExecutionStatusSucceeded && v.Discard:
		// Its video is just being removed.
		v.Ending = video.NewEndingRecord(&video.Discarded{GenerationID: entry.GenerationID}, entry.DiscardedAt)
	default:
		v.Ending = outcome(execution, entry)
	}
	v.State, v.EndedAt, v.Redrivable = Failed, v.Ending.At, known && !v.Ending.Final()
	switch {
	case known && entry.Unclaimed() && entry.Ending == nil && execution != nil && execution.Status == types.ExecutionStatusSucceeded:
		v.Redrivable = false // all that was recorded of it was removed once
	case !known:
		v.Redrivable = ended(execution.Status) && v.Request != nil
	}
	switch v.Ending.Error {
	case video.EndingName(&video.Cancelled{}):
		v.State = Cancelled
	case video.EndingName(&video.Discarded{}):
		v.State = Discarded
	}
	return v
}

func completed(m video.Manifest) View {
	return View{
		ID: m.ID, State: Completed, Request: &m.Request, Manifest: &m,
		CreatedAt: m.CreatedAt, SubmittedAt: m.SubmittedAt, EndedAt: m.StoredAt,
	}
}
