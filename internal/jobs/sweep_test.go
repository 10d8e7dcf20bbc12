package jobs_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/sweep"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

// ListExecutions returns the executions of a status, latest start first, one per page.
func (m *machine) ListExecutions(_ context.Context, in *sfn.ListExecutionsInput, _ ...func(*sfn.Options)) (*sfn.ListExecutionsOutput, error) {
	if *in.StateMachineArn != machineARN {
		return nil, fmt.Errorf("asked for those of %s", *in.StateMachineArn)
	}
	var all []types.ExecutionListItem
	for name, e := range m.executions {
		if e.Status == in.StatusFilter {
			all = append(all, types.ExecutionListItem{Name: &name, Status: e.Status, StartDate: e.StartDate, StopDate: e.StopDate})
		}
	}
	slices.SortFunc(all, func(a, b types.ExecutionListItem) int {
		if c := b.StartDate.Compare(*a.StartDate); c != 0 {
			return c
		}
		return strings.Compare(*a.Name, *b.Name)
	})
	at := 0
	if in.NextToken != nil {
		at = slices.IndexFunc(all, func(e types.ExecutionListItem) bool { return *e.Name == *in.NextToken })
	}
	if at < 0 || at >= len(all) {
		return &sfn.ListExecutionsOutput{}, nil
	}
	out := &sfn.ListExecutionsOutput{Executions: all[at : at+1]}
	if at+1 < len(all) {
		out.NextToken = all[at+1].Name
	}
	return out, nil
}

// A sweep settles jobs whose execution has ended, starts those that have long not been started,
// leaves the others, and isn't held up by a job that it can't settle.
func TestSweep(t *testing.T) {
	boat := request(t, "a boat")
	job := func(id string, change func(*video.Entry)) video.Entry {
		e := video.Entry{ID: id, Request: boat, RequestHash: boat.Hash(), CreatedAt: began, Execution: id, Started: true, Phase: video.PhaseAccepted}
		change(&e)
		return e
	}
	as := func(*video.Entry) {}
	unstarted := func(age time.Duration) func(*video.Entry) {
		return func(e *video.Entry) {
			e.Started, e.Phase, e.CreatedAt = false, "", ended.Add(-age)
		}
	}
	l := ledger{
		"0-throttled": job("0-throttled", as), "dead": job("dead", as), "runs": job("runs", as),
		"stored": job("stored", as), "old": job("old", unstarted(time.Hour)), "young": job("young", unstarted(time.Minute)),
		"last": job("last", as),
	}
	m := &machine{executions: map[string]*sfn.DescribeExecutionOutput{
		"dead": broken(types.ExecutionStatusAborted, "", ""), "last": broken(types.ExecutionStatusAborted, "", ""),
		"runs":   execution(types.ExecutionStatusRunning, `{"prompt":"a boat"}`),
		"stored": execution(types.ExecutionStatusSucceeded, `{"prompt":"a boat"}`), "0-throttled": broken(types.ExecutionStatusAborted, "", ""),
	}}
	at := func() time.Time { return ended }
	settler := sweep.New(jobs.New(l, manifests{"stored": {ID: "stored", StoredAt: ended}, "unread": {}}, executions(t, m), at), l, executions(t, m), at)
	m.hook = func() {
		m.readErr = nil
		if m.described == 1 {
			m.readErr = errThrottled
		}
	}
	swept, err := settler.Sweep(t.Context(), m, func(ctx context.Context) error { return ctx.Err() })
	if !errors.Is(err, errThrottled) || swept != (sweep.Swept{Looked: 7, Settled: 3, Started: 1, Unfinished: 7}) {
		t.Errorf("got %+v, %v", swept, err)
	}
	if l["dead"].Outcome == nil || l["last"].Outcome == nil || l["stored"].Manifest == nil || l["runs"].Outcome != nil || !l["old"].Started || l["young"].Started {
		t.Errorf("got %+v", l)
	}
	swept, err = settler.Sweep(t.Context(), m, func(ctx context.Context) error { return context.DeadlineExceeded })
	if err != nil || swept != (sweep.Swept{Rest: true, Unfinished: 4}) {
		t.Errorf("without time: %+v, %v", swept, err)
	}
}

// A job whose execution Step Functions has deleted is settled too, once it is so old that its
// execution would be shown.
func TestSweepOfAForgottenExecution(t *testing.T) {
	boat := request(t, "a boat")
	for _, age := range []time.Duration{time.Hour, 25 * time.Hour} {
		job := video.Entry{ID: "a", Request: boat, RequestHash: boat.Hash(), CreatedAt: began, Execution: "a-r1", Redrives: 1, Started: true, Phase: video.PhaseAccepted}
		l, m := ledger{"a": job}, &machine{executions: map[string]*sfn.DescribeExecutionOutput{}}
		s := jobs.New(l, manifests{}, executions(t, m), func() time.Time { return began.Add(age) })
		swept, err := sweep.New(s, l, executions(t, m), func() time.Time { return began.Add(age) }).Sweep(t.Context(), m, func(context.Context) error { return nil })
		view, _ := s.Status(t.Context(), "a")
		if old := age > 24*time.Hour; err != nil || (swept.Settled == 1) != old || view.State.Ended() != old ||
			old && (view.Outcome.Name != "Interrupted" || !strings.Contains(view.Outcome.Message, "no longer knows") || !view.Redrivable) {
			t.Errorf("after %s: %+v, %v, %+v", age, swept, err, view)
		}
	}
}

// behind is a table whose index still has a job that was deleted.
type behind struct{ ledger }

func (behind) Unfinished(context.Context) ([]table.Unfinished, error) {
	return []table.Unfinished{{ID: "gone"}}, nil
}

func TestSweepOfAJobThatIsGone(t *testing.T) {
	m := &machine{executions: map[string]*sfn.DescribeExecutionOutput{}}
	l := behind{ledger{}}
	swept, err := sweep.New(service(t, l, manifests{}, m), l, executions(t, m), now).Sweep(t.Context(), m, func(context.Context) error { return nil })
	if err != nil || swept != (sweep.Swept{Looked: 1, Unfinished: 1}) {
		t.Errorf("got %+v, %v", swept, err)
	}
}

// Sweeps that have time for a few jobs each reach all of them, whichever are never settled.
func TestSweepsComeToAllJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const all, each = 10, 3
		boat := request(t, "a boat")
		known := table.New(&dynamotest.Items{}, "jobs", rand.Text, func(time.Duration) time.Duration { return 0 })
		m := &machine{executions: map[string]*sfn.DescribeExecutionOutput{}}
		for n := range all {
			id := fmt.Sprintf("job-%d", n)
			entry := video.Entry{ID: id, Request: boat, RequestHash: boat.Hash(), CreatedAt: time.Now().Add(time.Duration(n) * time.Second), Execution: id, Started: true}
			if n%2 == 0 {
				entry.Phase = video.PhaseAccepted
			}
			if _, _, err := known.Create(t.Context(), entry); err != nil {
				t.Fatal(err)
			}
			m.executions[id] = execution(types.ExecutionStatusRunning, `{"prompt":"a boat"}`)
		}
		m.executions["job-9"] = broken(types.ExecutionStatusAborted, "", "")
		time.Sleep(dynamotest.Lag)
		s := sweep.New(jobs.New(known, manifests{}, executions(t, m), time.Now), known, executions(t, m), time.Now)
		for n := range (all + each - 1) / each {
			left := each
			swept, err := s.Sweep(t.Context(), m, func(context.Context) error {
				if left--; left < 0 {
					return context.DeadlineExceeded
				}
				return nil
			})
			if err != nil || !swept.Rest || swept.Looked != each {
				t.Errorf("sweep %d: %+v, %v", n, swept, err)
			}
		}
		if entry, _, err := known.Get(t.Context(), "job-9"); err != nil || entry.Outcome == nil || m.described != all+2 {
			t.Errorf("the last one: %+v, %v; %d looks", entry, err, m.described)
		}
	})
}

// A sweep finds an execution that was started by hand and died before Submit created its job,
// since its event may be lost.
func TestSweepOfAnExecutionThatTheTableLacks(t *testing.T) {
	boat := request(t, "a boat")
	died := func(status types.ExecutionStatus, input string, start time.Time) *sfn.DescribeExecutionOutput {
		return &sfn.DescribeExecutionOutput{Status: status, Input: &input, StartDate: &start, StopDate: aws.Time(start.Add(time.Second))}
	}
	const wish, again = `{"prompt":"a boat"}`, `{"id":"known","resume":true}`
	at := began.Add(48 * time.Hour)
	young, old := at.Add(-time.Hour), at.Add(-25*time.Hour)
	m := &machine{executions: map[string]*sfn.DescribeExecutionOutput{
		"known-r9": died(types.ExecutionStatusAborted, wish, young), "stopped": died(types.ExecutionStatusAborted, wish, young), "failed": died(types.ExecutionStatusFailed, wish, young),
		"late": died(types.ExecutionStatusTimedOut, wish, young), "old": died(types.ExecutionStatusAborted, wish, old),
		"known": died(types.ExecutionStatusFailed, wish, young), "known-r1": died(types.ExecutionStatusAborted, again, young),
		"boat-r1": died(types.ExecutionStatusAborted, wish, young), "no id!": died(types.ExecutionStatusFailed, wish, young),
		"gone-r1": died(types.ExecutionStatusAborted, `{"id":"gone","resume":true}`, young), "runs": execution(types.ExecutionStatusRunning, wish),
	}}
	ended := &video.Outcome{Name: video.OutcomeName(&video.OutOfCredits{}), Redrive: 1}
	l := ledger{"known": {ID: "known", Request: boat, RequestHash: boat.Hash(), CreatedAt: young, Execution: "known-r1", Redrives: 1, Started: true, Outcome: ended}}
	s := jobs.New(l, manifests{}, executions(t, m), func() time.Time { return at })
	for turn := range 2 {
		swept, err := sweep.New(s, l, executions(t, m), func() time.Time { return at }).Sweep(t.Context(), m, func(context.Context) error { return nil })
		// gone-r1 is examined each time, and has no job to settle.
		if want := (sweep.Swept{Looked: 6 - 5*turn, Settled: 5 - 5*turn}); err != nil || swept != want {
			t.Errorf("got %+v, %v; want %+v", swept, err, want)
		}
	}
	for _, id := range []string{"stopped", "failed", "late", "boat-r1", "known-r9"} {
		if e := l[id]; e.Outcome == nil || e.Outcome.Name != "Interrupted" || e.RequestHash != boat.Hash() || !e.CreatedAt.Equal(young) {
			t.Errorf("%s: %+v", id, e)
		}
	}
	if len(l) != 6 {
		t.Errorf("the table has %d jobs", len(l))
	}
}

// slow is a table that takes a minute for each job that it doesn't have.
type slow struct{ ledger }

func (s slow) Get(ctx context.Context, id string) (video.Entry, string, error) {
	if _, ok := s.ledger[id]; !ok {
		select {
		case <-ctx.Done():
			return video.Entry{}, "", &video.ServiceUnavailable{Doing: "reading the job", Err: ctx.Err()}
		case <-time.After(time.Minute):
		}
	}
	return s.ledger.Get(ctx, id)
}

// However many executions have no job in the table, a sweep reaches the jobs that are in it.
func TestSweepOfManyExecutionsThatTheTableLacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{executions: map[string]*sfn.DescribeExecutionOutput{"known": broken(types.ExecutionStatusAborted, "", "")}}
		for n := range 100 {
			m.executions[fmt.Sprint("lacking-", n)] = broken(types.ExecutionStatusAborted, "", "")
		}
		boat := request(t, "a boat")
		l := slow{ledger{"known": {ID: "known", Request: boat, RequestHash: boat.Hash(), CreatedAt: began, Execution: "known", Started: true, Phase: video.PhaseAccepted}}}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		swept, err := sweep.New(service(t, l, manifests{}, m), l, executions(t, m), now).Sweep(ctx, m, func(context.Context) error { return nil })
		if err != nil || !swept.Rest || l.ledger["known"].Outcome == nil {
			t.Errorf("got %+v, %v, %+v", swept, err, l.ledger["known"])
		}
	})
}
