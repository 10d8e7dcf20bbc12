package intake

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/video"
)

// MaxPage is the most jobs in a page.
const MaxPage = 50

// A page reads no more than this, and is short rather than slow: so many lists of
// Step Functions', and about so many jobs, of which so many at a time. A job
// takes two or three reads.
const (
	maxLists = 5
	maxReads = 100
	atOnce   = 10
)

// Index lists executions, newest first.
type Index interface {
	ListExecutions(context.Context, *sfn.ListExecutionsInput, ...func(*sfn.Options)) (*sfn.ListExecutionsOutput, error)
}

// Lister lists the jobs of a state machine.
type Lister struct {
	jobs       Jobs
	manifests  Manifests
	executions Executions
	index      Index
}

// NewLister makes a Lister.
func NewLister(jobs Jobs, manifests Manifests, executions Executions, index Index) *Lister {
	return &Lister{jobs: jobs, manifests: manifests, executions: executions, index: index}
}

// Query is what a page of jobs is asked for by.
type Query struct {
	State  State  // empty: any
	Limit  int    // from 1 to MaxPage
	Cursor string // Next of the page before; empty: the first
}

// Page is some of the jobs. It may be short, or empty, while there are more.
type Page struct {
	Views []View
	Next  string // the cursor of the next page; empty: there is none
}

// List gives a page of the jobs, newest first, as Step Functions lists their
// executions. It keeps one for 90 days after its end, and shows a new one within
// moments. A redriven job is listed once, where its last redrive is. What starts
// or ends between two pages may be on both or on neither, and is among the newest
// then.
//
// A job whose video was taken out of the bucket by others than Takeup is Failed,
// and isn't found by that: each job that succeeded would have to be read.
//
// The errors are *BadCursor and *video.ServiceUnavailable.
func (l *Lister) List(ctx context.Context, q Query) (Page, error) {
	at, err := readCursor(q)
	if err != nil {
		return Page{}, err
	}
	var page Page
	reads := 0
	// Each list is of no more executions than the page still takes, so that one
	// page ends where the next begins: a place within a list would move.
	for lists := 0; lists < maxLists && reads < maxReads && len(page.Views) < q.Limit; lists++ {
		rows, next, err := l.rows(ctx, q.State, at.Token, q.Limit-len(page.Views))
		if err != nil {
			return Page{}, err
		}
		rows = slices.DeleteFunc(rows, func(row types.ExecutionListItem) bool {
			return (q.State == Failed || q.State == Cancelled) && row.Status == types.ExecutionStatusSucceeded
		})
		reads += len(rows)
		for chunk := range slices.Chunk(rows, atOnce) {
			read, err := l.read(ctx, chunk)
			if err != nil {
				return Page{}, err
			}
			for _, job := range read {
				if job != nil && (q.State == "" || job.State == q.State) {
					page.Views = append(page.Views, *job)
				}
			}
		}
		if next == "" {
			return page, nil
		}
		at.Token = next
	}
	page.Next = at.String()
	return page, nil
}

// rows gives one list of Step Functions', and the token of the next.
func (l *Lister) rows(ctx context.Context, state State, token string, most int) ([]types.ExecutionListItem, string, error) {
	in := &sfn.ListExecutionsInput{StateMachineArn: aws.String(l.executions.stateMachine.String()), MaxResults: int32(most)}
	if token != "" {
		in.NextToken = &token
	}
	switch state {
	case Queued, Generating:
		in.StatusFilter = types.ExecutionStatusRunning
	case Completed:
		in.StatusFilter = types.ExecutionStatusSucceeded
	}
	out, err := l.index.ListExecutions(ctx, in)
	var invalid *types.InvalidToken
	switch {
	case errors.As(err, &invalid):
		return nil, "", &BadCursor{"is too old, or not of this list"}
	case err != nil:
		return nil, "", unavailable("listing the executions of Step Functions", err)
	}
	return out.Executions, aws.ToString(out.NextToken), nil
}

// read reads the job of each execution; nil where it is listed elsewhere.
func (l *Lister) read(ctx context.Context, rows []types.ExecutionListItem) ([]*View, error) {
	views, errs := make([]*View, len(rows)), make([]error, len(rows))
	var group sync.WaitGroup
	for i, row := range rows {
		group.Go(func() { views[i], errs[i] = l.job(ctx, row) })
	}
	group.Wait()
	return views, errors.Join(errs...)
}

// job reads the job of an execution; nil where a later execution is the job's
// last, or there is no such job. The execution was read first, as in Status: what
// ends one is written before.
func (l *Lister) job(ctx context.Context, row types.ExecutionListItem) (*View, error) {
	id, n, described, err := l.owner(ctx, *row.Name)
	if err != nil || !video.ValidID(id) {
		return nil, err // a name that can't be a job's was refused before anything was paid
	}
	manifest, stored, err := l.manifests.Manifest(ctx, id)
	if err != nil {
		return nil, unavailable("reading the manifest", err)
	}
	if stored && row.Status == types.ExecutionStatusSucceeded {
		if manifest.StoredAt.After(row.StopDate.Add(surely)) {
			return nil, nil
		}
		v := completed(manifest)
		return &v, nil
	}
	entry, _, err := l.jobs.Get(ctx, id)
	var absent *video.NoEntry
	if err != nil && !errors.As(err, &absent) {
		return nil, unavailable("reading the job", err)
	}
	if n > 0 && absent != nil || absent == nil && n != shown(entry) {
		return nil, nil
	}
	if stored {
		v := completed(manifest)
		return &v, nil
	}
	// A list has neither inputs nor errors.
	execution := &sfn.DescribeExecutionOutput{Status: row.Status, StartDate: row.StartDate, StopDate: row.StopDate}
	if absent != nil || entry.Ending == nil && ended(row.Status) {
		execution = described
		if execution == nil {
			execution, err = l.executions.describe(ctx, *row.Name)
			if err != nil || execution == nil {
				return nil, err
			}
		}
	}
	v := view(id, execution, entry, absent == nil)
	return &v, nil
}

// shown is the number of the redrive that a job is listed by: the last that was
// started.
func shown(entry video.Entry) int {
	if entry.Started {
		return entry.Redrives
	}
	return max(0, entry.Redrives-1)
}

// surely is by how much what was written is younger than an execution that can't
// have written it: more than two clocks of AWS's differ by, and less than a
// redrive takes.
const surely = time.Second

func ended(status types.ExecutionStatus) bool {
	return status != types.ExecutionStatusRunning && status != types.ExecutionStatusSucceeded
}

// owner gives the job of an execution, by the execution's name where that is a
// job's id, and the number of its redrive. A name such as a-r1 is a redrive's only
// where the execution's input says so.
func (l *Lister) owner(ctx context.Context, name string) (id string, n int, execution *sfn.DescribeExecutionOutput, err error) {
	base, n := video.RedriveOf(name)
	if n == 0 {
		return name, 0, nil, nil
	}
	execution, err = l.executions.describe(ctx, name)
	if err != nil || execution == nil || resumes(aws.ToString(execution.Input)) != base {
		return name, 0, execution, err
	}
	return base, n, execution, nil
}
