package intake

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/video"
)

// NotRedriven says that there is nothing to go on with of a job, or that it can't
// be gone on with now. Nothing was started.
type NotRedriven struct{ ID, Reason string }

func (e *NotRedriven) Error() string { return "job " + e.ID + " was not redriven: " + e.Reason }

// Redriver goes on with jobs that ended without a video.
type Redriver struct {
	jobs       Claims
	manifests  Manifests
	executions Executions
}

// NewRedriver makes a Redriver for the jobs of a state machine.
func NewRedriver(jobs Claims, manifests Manifests, executions Executions) *Redriver {
	return &Redriver{jobs: jobs, manifests: manifests, executions: executions}
}

// Redrive starts the job's next redrive and gives the execution's name. It gives
// a *NotRedriven where there is nothing to redrive, a *video.NoEntry where there
// is no such job, an *video.InvalidRequest for what can't be an id, and a
// *video.ServiceUnavailable where it isn't known whether one was started: asking
// again is safe, since the state machine goes on from the table.
//
// The item names the redrive before it is started. A start that failed is repeated
// under the same name.
func (r *Redriver) Redrive(ctx context.Context, id string) (string, error) {
	if err := video.CheckID(id); err != nil {
		return "", err
	}
	for range turns {
		entry, version, err := r.jobs.Get(ctx, id)
		var absent *video.NoEntry
		switch {
		case errors.As(err, &absent):
			entry, version, err = r.unclaimed(ctx, id)
		case err == nil && entry.Started:
			if err = r.check(ctx, entry); err == nil {
				entry, version, err = r.jobs.Update(ctx, entry.Next(), version)
			}
		case err == nil:
			err = final(entry)
		}
		var not *NotRedriven
		switch {
		case errors.As(err, &not), errors.As(err, &absent):
			return "", err
		case unlessConflict(err) != nil:
			return "", unavailable("reading or writing the job", err)
		case err != nil:
			continue
		}
		started, _, err := r.executions.begin(ctx, r.jobs, entry, version)
		switch {
		case err != nil:
			return "", err
		case started:
			return entry.Execution, nil
		}
	}
	return "", changing("redriving the job")
}

// check gives a *NotRedriven where nothing is to be gone on with. The entry was
// read before the execution: that it is over is certain only for this version.
func (r *Redriver) check(ctx context.Context, entry video.Entry) error {
	execution, err := r.executions.describe(ctx, entry.Execution)
	if err != nil {
		return err
	}
	if execution != nil && execution.Status == types.ExecutionStatusRunning {
		return &NotRedriven{entry.ID, "its execution " + entry.Execution + " is still running"}
	}
	_, stored, err := r.manifests.Manifest(ctx, entry.ID)
	if err != nil {
		return unavailable("reading the manifest", err)
	}
	succeeded := execution != nil && execution.Status == types.ExecutionStatusSucceeded
	switch {
	case stored:
		return &NotRedriven{entry.ID, "its video is stored already"}
	case entry.Unclaimed() && succeeded:
		return removed(entry.ID)
	case entry.Ending == nil && !entry.DiscardedAt.IsZero() && succeeded:
		return &NotRedriven{entry.ID, "its video is just being removed; discard it again to see to the end of that, then redrive it"}
	}
	return final(entry)
}

func final(entry video.Entry) error {
	if entry.Ending != nil && entry.Ending.Final() {
		return &NotRedriven{entry.ID, "it ended with " + entry.Ending.Error + ", which stays; a new request is the way: " + entry.Ending.Message}
	}
	return nil
}

func removed(id string) error {
	return &NotRedriven{id, "its video and all that was recorded of it were removed; a request under another id is the way"}
}

// unclaimed makes the item of a job whose execution was started by hand, and ended
// before it came to do so. Nothing was submitted, and the request is still in its
// input.
func (r *Redriver) unclaimed(ctx context.Context, id string) (video.Entry, string, error) {
	execution, err := r.executions.describe(ctx, id)
	switch {
	case err != nil:
		return video.Entry{}, "", err
	case execution == nil || resumes(aws.ToString(execution.Input)) != "":
		return video.Entry{}, "", &video.NoEntry{ID: id}
	case execution.Status == types.ExecutionStatusRunning:
		return video.Entry{}, "", &NotRedriven{id, "its execution " + id + " is still running"}
	case execution.Status == types.ExecutionStatusSucceeded:
		return video.Entry{}, "", removed(id)
	}
	request := requestOf(execution)
	if request == nil {
		return video.Entry{}, "", &NotRedriven{id, "its execution ended" + with(execution) + " before anything was submitted or paid, and its input has no valid request; send a new one"}
	}
	return r.jobs.Create(ctx, video.Entry{
		ID: id, Request: *request, RequestHash: request.Hash(), CreatedAt: aws.ToTime(execution.StartDate), Execution: id,
	}.Next())
}

func with(execution *sfn.DescribeExecutionOutput) string {
	if name := aws.ToString(execution.Error); name != "" {
		return " with " + name
	}
	return ""
}
