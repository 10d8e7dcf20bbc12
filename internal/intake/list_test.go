package intake_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/intake"
	"github.com/takeup/takeup/internal/video"
)

// ListExecutions lists as Step Functions does: the running ones by their start,
// and the others by their end, newest first. A token is the place of the last one
// that was listed, and stays where it is whatever starts.
func (m *machine) ListExecutions(_ context.Context, in *sfn.ListExecutionsInput, _ ...func(*sfn.Options)) (*sfn.ListExecutionsOutput, error) {
	if m.readErr != nil {
		return nil, m.readErr
	}
	m.lists++
	place := func(row types.ExecutionListItem) int64 {
		if row.Status == types.ExecutionStatusRunning {
			return row.StartDate.UnixNano()
		}
		return row.StopDate.UnixNano()
	}
	before := int64(math.MaxInt64)
	if in.NextToken != nil {
		var err error
		if before, err = strconv.ParseInt(*in.NextToken, 10, 64); err != nil {
			return nil, &types.InvalidToken{}
		}
	}
	var rows []types.ExecutionListItem
	for name, e := range m.executions {
		row := types.ExecutionListItem{Name: &name, Status: e.Status, StartDate: e.StartDate, StopDate: e.StopDate}
		if (in.StatusFilter == "" || e.Status == in.StatusFilter) && place(row) < before {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b types.ExecutionListItem) int { return cmp.Compare(place(b), place(a)) })
	out := &sfn.ListExecutionsOutput{Executions: rows[:min(int(in.MaxResults), len(rows))]}
	if n := len(out.Executions); n < len(rows) {
		out.NextToken = aws.String(strconv.FormatInt(place(rows[n-1]), 10))
	}
	return out, nil
}

// history makes jobs in all states, the oldest first, with their redrives among
// them. It gives their ids by the start of their last execution, newest first.
func history(t *testing.T, jobs int, random *rand.Rand) (ledger, shelf, *machine, []string) {
	t.Helper()
	l, s, m := ledger{}, shelf{}, &machine{executions: map[string]*sfn.DescribeExecutionOutput{}}
	boat := request(t, "a boat")
	now := began
	run := func(name string, status types.ExecutionStatus, input string) *sfn.DescribeExecutionOutput {
		now = now.Add(time.Minute)
		start, stop := now, now.Add(30*time.Second)
		e := &sfn.DescribeExecutionOutput{Status: status, Input: &input, StartDate: &start, StopDate: &stop}
		m.executions[name] = e
		return e
	}
	const failed, running, succeeded = types.ExecutionStatusFailed, types.ExecutionStatusRunning, types.ExecutionStatusSucceeded
	type redriven struct {
		id string
		n  int
	}
	var later []redriven
	ids := []string{}
	last := func(id string) {
		ids = slices.DeleteFunc(ids, func(other string) bool { return other == id })
		ids = append(ids, id)
	}
	store := func(id string) {
		s[id] = video.Manifest{ID: id, Request: boat, CreatedAt: now, StoredAt: now.Add(29 * time.Second)}
	}
	for i := range jobs {
		id := fmt.Sprintf("job-%d", i)
		if random.IntN(10) == 0 {
			id = fmt.Sprintf("job-%d-r1", i-1) // a job of its own, by the name of a redrive
			if m.executions[id] != nil || i == 0 {
				continue
			}
		}
		const input = `{"prompt":"a boat"}`
		entry := video.Entry{ID: id, Request: boat, RequestHash: boat.Hash(), CreatedAt: now.Add(time.Minute), Phase: video.PhaseAccepted, GenerationID: "g"}
		last(id)
		switch random.IntN(8) {
		case 0:
			run(id, running, input) // and not in the table yet
			continue
		case 1:
			run(id, running, input)
		case 2:
			entry.Phase = video.PhaseRefused
			run(id, running, input)
		case 3:
			run(id, failed, input).Error = aws.String("VideoUnavailable")
			later = append(later, redriven{id, 1})
		case 4:
			entry.Ending = video.NewEndingRecord(&video.GenerationFailed{}, now)
			run(id, failed, input)
		case 5:
			entry.Ending = video.NewEndingRecord(&video.Cancelled{}, now)
			run(id, failed, input)
		case 6: // stored, given up, and redriven perhaps
			entry.Ending = video.NewEndingRecord(&video.Discarded{}, now)
			run(id, succeeded, input)
			later = append(later, redriven{id, 1})
		default:
			run(id, succeeded, input)
			store(id)
		}
		l[id] = entry
		if len(later) > 0 && random.IntN(3) == 0 {
			job := later[0]
			later = later[1:]
			name := fmt.Sprintf("%s-r%d", job.id, job.n)
			if m.executions[name] != nil {
				continue
			}
			last(job.id)
			entry := l[job.id]
			entry.Ending, entry.Execution, entry.Redrives, entry.Started = nil, name, job.n, true
			l[job.id] = entry
			status := []types.ExecutionStatus{failed, running, succeeded}[random.IntN(3)]
			run(name, status, `{"id":"`+job.id+`","resume":true}`).Error = aws.String("GenerationOverdue")
			switch status {
			case succeeded:
				store(job.id)
			case failed:
				later = append(later, redriven{job.id, job.n + 1})
			}
		}
	}
	run("no id.at all", failed, "{}")
	slices.Reverse(ids)
	return l, s, m, ids
}

// Each job is listed once, in the order of its last execution, as its status says
// that it is; by any page size, and for each state.
func TestList(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 0))
		l, s, m, ids := history(t, 150, random)
		executions := executions(t, m)
		desk, lister := intake.NewDesk(l, s, executions), intake.NewLister(l, s, executions, m)
		for _, state := range append(intake.States(), "") {
			var want []string
			for _, id := range ids {
				if view, err := desk.Status(t.Context(), id); err != nil {
					t.Fatal(err)
				} else if state == "" || view.State == state {
					want = append(want, id)
				}
			}
			q := intake.Query{State: state, Limit: 1 + random.IntN(intake.MaxPage)}
			var got []string
			for pages := 0; ; pages++ {
				page, err := lister.List(t.Context(), q)
				if err != nil || len(page.Views) > q.Limit || pages > 500 {
					t.Fatalf("page %d of %d jobs, %v", pages, len(page.Views), err)
				}
				for _, view := range page.Views {
					got = append(got, view.ID)
					if one, _ := desk.Status(t.Context(), view.ID); !reflect.DeepEqual(one, view) {
						t.Errorf("listed as %+v, and is %+v", view, one)
					}
				}
				if q.Cursor = page.Next; q.Cursor == "" {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("seed %d, %q by %d: got %d: %v\nwant %d: %v", seed, state, q.Limit, len(got), got, len(want), want)
			}
		}
	}
}

// What starts between two pages is at the front, and leaves nothing out.
func TestListWhileJobsStart(t *testing.T) {
	l, s, m, ids := history(t, 250, rand.New(rand.NewPCG(1, 1)))
	lister := intake.NewLister(l, s, executions(t, m), m)
	q, seen := intake.Query{Limit: 7}, map[string]bool{}
	for i := 0; ; i++ {
		page, err := lister.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, view := range page.Views {
			seen[view.ID] = true
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
		for k := range 3 {
			start := began.Add(time.Duration(1000+i)*time.Hour + time.Duration(k)*time.Second)
			m.executions[fmt.Sprintf("new-%d-%d", i, k)] = &sfn.DescribeExecutionOutput{
				Status: types.ExecutionStatusRunning, StartDate: &start, Input: aws.String(`{"prompt":"a boat"}`),
			}
		}
	}
	for _, id := range ids {
		if !seen[id] {
			t.Errorf("%s was left out", id)
		}
	}
}

// A page is short rather than slow.
func TestAPageIsBounded(t *testing.T) {
	l, s, m := ledger{}, shelf{}, &machine{executions: map[string]*sfn.DescribeExecutionOutput{}}
	for i := range 1000 {
		start := began.Add(time.Duration(i) * time.Second)
		m.executions[fmt.Sprintf("job-%d", i)] = &sfn.DescribeExecutionOutput{Status: types.ExecutionStatusSucceeded, StartDate: &start, StopDate: &start, Input: aws.String("{}")}
	}
	lister := intake.NewLister(l, s, executions(t, m), m)
	for state, lists := range map[intake.State]int{intake.Failed: 5, intake.Discarded: 5} {
		m.lists, m.described = 0, 0
		page, err := lister.List(t.Context(), intake.Query{State: state, Limit: 20})
		if err != nil || len(page.Views) > 0 || page.Next == "" || m.lists != lists || m.described > 200 {
			t.Errorf("%s: %d jobs, next %q, %v, by %d lists and %d descriptions", state, len(page.Views), page.Next, err, m.lists, m.described)
		}
	}
}

// Step Functions lets executions be described some times a second only, and a page
// of jobs that failed is looked at again and again.
func TestAPageOfFailedJobsDescribesNoExecution(t *testing.T) {
	l, s, m := ledger{}, shelf{}, &machine{executions: map[string]*sfn.DescribeExecutionOutput{}}
	for i := range 20 {
		id, stop := fmt.Sprintf("job-%d", i), began.Add(time.Duration(i)*time.Minute)
		e := execution(types.ExecutionStatusFailed, "{}")
		e.StopDate = &stop
		m.executions[id] = e
		l[id] = video.Entry{ID: id, Phase: video.PhaseAccepted, Ending: video.NewEndingRecord(&video.GenerationFailed{}, stop.Add(-time.Second))}
	}
	page, err := intake.NewLister(l, s, executions(t, m), m).List(t.Context(), intake.Query{Limit: 50})
	if err != nil || len(page.Views) != 20 || m.described > 0 {
		t.Errorf("%d jobs, %v, by %d descriptions", len(page.Views), err, m.described)
	}
}

// A job that is begun anew is listed once, before and after its execution is started.
func TestAJobThatIsBegunAnewIsListed(t *testing.T) {
	boat := request(t, "a boat")
	entry := video.Entry{ID: "a", Request: boat, CreatedAt: began, Execution: "a"}.Next()
	m := &machine{executions: map[string]*sfn.DescribeExecutionOutput{"a": execution(types.ExecutionStatusAborted, `{"prompt":"a boat"}`)}}
	for range 2 {
		page, err := intake.NewLister(ledger{"a": entry}, shelf{}, executions(t, m), m).List(t.Context(), intake.Query{Limit: 50})
		if err != nil || len(page.Views) != 1 || page.Views[0].ID != "a" || page.Views[0].State != intake.Queued || page.Views[0].Request == nil {
			t.Errorf("got %+v, %v", page, err)
		}
		m.executions["a-r1"], entry.Started = execution(types.ExecutionStatusRunning, `{"id":"a","status":"waiting"}`), true
	}
}

func TestBadCursors(t *testing.T) {
	l, s, m, _ := history(t, 50, rand.New(rand.NewPCG(2, 2)))
	lister := intake.NewLister(l, s, executions(t, m), m)
	page, err := lister.List(t.Context(), intake.Query{Limit: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []intake.Query{
		{Cursor: "*"}, {Cursor: "e30x"}, {Cursor: "bnVsbA"[:3]}, {Cursor: page.Next, State: intake.Failed},
		{Cursor: "eyJ0Ijoib2xkIn0"}, // a token that Step Functions doesn't know
		{Cursor: "e30"},
	} {
		q.Limit = 3
		var bad *intake.BadCursor
		if _, err := lister.List(t.Context(), q); !errors.As(err, &bad) || len(bad.Error()) < 10 {
			t.Errorf("%+v: got %v", q, err)
		}
	}
}

func TestListInTrouble(t *testing.T) {
	var unavailable *video.ServiceUnavailable
	m := &machine{executions: map[string]*sfn.DescribeExecutionOutput{}, readErr: errThrottled}
	if _, err := intake.NewLister(ledger{}, shelf{}, executions(t, m), m).List(t.Context(), intake.Query{Limit: 1}); !errors.As(err, &unavailable) {
		t.Errorf("no list: got %v", err)
	}
	for _, id := range []string{"throttled", "unread"} {
		m := &machine{executions: map[string]*sfn.DescribeExecutionOutput{id: execution(types.ExecutionStatusRunning, "{}")}}
		if _, err := intake.NewLister(ledger{}, shelf{}, executions(t, m), m).List(t.Context(), intake.Query{Limit: 1}); !errors.As(err, &unavailable) {
			t.Errorf("%s: got %v", id, err)
		}
	}
}
