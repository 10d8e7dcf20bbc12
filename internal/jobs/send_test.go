package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

// desk is where requests are sent to: a table and a state machine, with the faults of their
// calls.
type desk struct {
	*dynamotest.Items
	*machine
	request video.Request
	owner   string
	marks   int
	plan    map[int]func(effect func()) error
	calls   int
	sent    int // numbers the ids
}

func newDesk(t *testing.T) *desk {
	return &desk{Items: &dynamotest.Items{}, machine: &machine{executions: map[string]*sfn.DescribeExecutionOutput{}}, request: request(t, "a boat")}
}

// call makes a call, unless the plan has a fault for it. Requests that are sent meanwhile meet
// no faults.
func (d *desk) call(effect func()) error {
	planned := d.plan[d.calls]
	d.calls++
	if planned == nil {
		effect()
		return nil
	}
	return planned(effect)
}

func (d *desk) Query(ctx context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (out *dynamodb.QueryOutput, err error) {
	if planned := d.call(func() { out, err = d.Items.Query(ctx, in) }); planned != nil {
		return nil, planned
	}
	return out, err
}

func (d *desk) PutItem(ctx context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (out *dynamodb.PutItemOutput, err error) {
	if planned := d.call(func() { out, err = d.Items.PutItem(ctx, in) }); planned != nil {
		return nil, planned
	}
	return out, err
}

func (d *desk) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (out *dynamodb.TransactWriteItemsOutput, err error) {
	if planned := d.call(func() { out, err = d.Items.TransactWriteItems(ctx, in) }); planned != nil {
		return nil, planned
	}
	return out, err
}

func (d *desk) StartExecution(ctx context.Context, in *sfn.StartExecutionInput, _ ...func(*sfn.Options)) (out *sfn.StartExecutionOutput, err error) {
	if planned := d.call(func() { out, err = d.machine.StartExecution(ctx, in) }); planned != nil {
		return nil, planned
	}
	return out, err
}

// post sends the request a number of seconds after the beginning, and returns the job's id. The
// id of a new job names the time at which it was sent.
func (d *desk) post(t *testing.T, second, retry int) (id string, err error) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(crashed); !ok {
				panic(r)
			}
			err = errPlanned
		}
	}()
	mark := func() string { d.marks++; return fmt.Sprint("mark-", d.marks) }
	s := jobs.New(table.New(d, "jobs", mark, func(time.Duration) time.Duration { return 0 }), manifests{}, executions(t, d), now)
	d.sent++
	receipt, err := s.Send(t.Context(), jobs.Post{ID: fmt.Sprintf("at-%d-%d", second, d.sent), At: began.Add(time.Duration(second) * time.Second), Retry: retry},
		d.request, video.Origin{Trigger: video.TriggerAPI, Token: d.owner})
	return receipt.ID, err
}

// made returns the ids of the jobs. It fails if one has another execution than it names.
func (d *desk) made(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, item := range d.All() {
		if id, ok := item["id"]; ok {
			ids = append(ids, id.(*types.AttributeValueMemberS).Value)
		}
	}
	slices.Sort(d.started)
	if slices.Sort(ids); len(d.started) > len(ids) || len(slices.Compact(slices.Clone(d.started))) != len(d.started) {
		t.Errorf("the jobs %v have the executions %v", ids, d.started)
	}
	return ids
}

// A client's POSTs in the order in which they are received: each has its second, its retry
// count, and the index of the POST whose job it becomes.
func TestSend(t *testing.T) {
	type post struct{ second, retry, like int }
	hour := int(time.Hour / time.Second)
	for name, posts := range map[string][]post{
		"once":                                 {{0, 0, 0}},
		"on purpose twice":                     {{0, 0, 0}, {1, 0, 1}},
		"retried twice":                        {{0, 0, 0}, {1, 1, 0}, {3, 2, 0}},
		"retried for long":                     {{0, 0, 0}, {599, 1, 0}, {1190, 2, 0}, {1700, 3, 0}},
		"the first POST never came":            {{1, 1, 0}, {3, 2, 0}},
		"neither did the second":               {{3, 2, 0}},
		"the first comes after its retry":      {{1, 1, 0}, {0, 0, 0}, {3, 2, 0}},
		"the retry comes twice":                {{0, 0, 0}, {1, 1, 0}, {1, 1, 0}},
		"the second retry overtakes":           {{0, 0, 0}, {3, 2, 0}, {1, 1, 0}},
		"once more after a retry":              {{0, 0, 0}, {1, 1, 0}, {5, 0, 2}, {6, 1, 2}},
		"once more after a lost first":         {{1, 1, 0}, {5, 0, 1}, {6, 1, 1}},
		"two at once, both retried":            {{0, 0, 0}, {0, 0, 1}, {1, 1, 1}, {1, 1, 0}, {3, 2, 1}, {3, 2, 0}},
		"two at once, both late":               {{1, 1, 0}, {1, 1, 0}, {0, 0, 0}, {0, 0, 3}},
		"too late to be a retry":               {{0, 0, 0}, {601, 1, 1}},
		"a retry when all is forgotten":        {{0, 0, 0}, {2 * hour, 1, 1}},
		"more than are remembered, the oldest": append(slices.Repeat([]post{{0, 0, -1}}, 21), post{1, 1, 20}),
	} {
		t.Run(name, func(t *testing.T) {
			d, ids, want := newDesk(t), []string{}, map[string]bool{}
			for i, p := range posts {
				id, err := d.post(t, p.second, p.retry)
				if err != nil {
					t.Fatal(err)
				}
				if ids = append(ids, id); p.like >= 0 && id != ids[p.like] || slices.Contains(ids[:i], id) != (p.like >= 0 && p.like != i) {
					t.Errorf("POST %d of %v became %s, of %v", i, p, id, ids)
				}
				want[id] = true
			}
			if got := d.made(t); len(got) != len(want) || len(d.started) != len(want) {
				t.Errorf("%v were made, and %v started", got, d.started)
			}
		})
	}
}

// Other requests and other owners have jobs of their own.
func TestSendOfAnother(t *testing.T) {
	for name, change := range map[string]func(*desk){
		"request": func(d *desk) { d.request = request(t, "a tree") },
		"owner":   func(d *desk) { d.owner = "bob" },
	} {
		d := newDesk(t)
		first, err := d.post(t, 0, 0)
		change(d)
		second, again := d.post(t, 1, 1)
		if err != nil || again != nil || first == second {
			t.Errorf("another %s: got %s and %s, %v, %v", name, first, second, err, again)
		}
	}
}

// After a POST is answered with an error, only the next one of the same request belongs to its
// job, whether it is a retry or not.
func TestSendAfterAnError(t *testing.T) {
	for _, retry := range []int{0, 1} {
		d := newDesk(t)
		d.startErr = errThrottled
		lost, err := d.post(t, 0, 0)
		if unavailable := (*video.ServiceUnavailable)(nil); !errors.As(err, &unavailable) || lost == "" {
			t.Fatalf("got %q, %v", lost, err)
		}
		if again, err := d.post(t, 5, retry); err == nil || again != lost {
			t.Errorf("sent again in the trouble: %s, %v", again, err)
		}
		d.startErr = nil
		if again, err := d.post(t, 10, 2*retry); err != nil || again != lost {
			t.Errorf("sent again: %s, %v", again, err)
		}
		if other, err := d.post(t, 15, 0); err != nil || other == lost {
			t.Errorf("sent once more: %s, %v", other, err)
		}
		if got := d.made(t); len(got) != 2 || len(d.started) != 2 {
			t.Errorf("%v were made, and %v started", got, d.started)
		}
	}
}

// TestSentOnceWhateverFails sends a request like a client that retries up to twice by itself,
// with each fault and each pair of faults in its calls. Before each call may come its retry, the
// POST before it, or another client's POST of the same request, which is then retried too. A
// client's call becomes at most one job, and the job of its last answer has been started.
func TestSentOnceWhateverFails(t *testing.T) {
	fault := map[string]func(effect func()) error{
		failsBefore:   func(func()) error { return errPlanned },
		failsAfter:    func(effect func()) error { effect(); return errPlanned },
		crashesBefore: func(func()) error { panic(crashed{}) },
		crashesAfter:  func(effect func()) error { effect(); panic(crashed{}) },
	}
	// other is a POST that comes before a call, with its second and its retry count. If the
	// count is 0, it is another client's, unless the first POST was not seen.
	type other struct{ second, retry, more int }
	meanwhile := map[string]other{"its retry": {11, 1, 0}, "its second retry": {13, 2, 0}, "the first POST, late": {9, 0, 0}, "another client": {12, 0, 1}}
	plays := 0
	play := func(name string, from int, plan map[int]string) (calls int) {
		plays++
		allowed := 1
		d := newDesk(t)
		d.plan = map[int]func(func()) error{}
		for at, what := range plan {
			d.plan[at] = fault[what]
			if o, ok := meanwhile[what]; ok {
				d.plan[at] = func(effect func()) error {
					allowed += o.more
					plan, n := d.plan, d.calls
					d.plan = nil
					if _, err := d.post(t, o.second, o.retry); err != nil {
						t.Errorf("%s: meanwhile: %v", name, err)
					}
					d.plan, d.calls = plan, n
					effect()
					return nil
				}
			}
		}
		id, err := d.post(t, 10, from)
		calls = d.calls
		for retry := from + 1; err != nil && retry <= from+len(plan); retry++ {
			id, err = d.post(t, 20*retry, retry)
		}
		made := d.made(t)
		switch {
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case len(made) > allowed:
			t.Errorf("%s: the jobs %v", name, made)
		case from == 0 && purely(plan, "another client") && len(made) != allowed:
			t.Errorf("%s: only the jobs %v", name, made)
		case !slices.Contains(d.started, id):
			t.Errorf("%s: told %s, and started %v", name, id, d.started)
		}
		return calls
	}
	kinds := []string{failsBefore, failsAfter, crashesBefore, crashesAfter}
	for what := range meanwhile {
		kinds = append(kinds, what)
	}
	is := []string{"the first POST, late", "its retry"} // what the POST itself is, by its retry count
	for from := range is {
		calls := play(fmt.Sprint("undisturbed from ", from), from, nil)
		for i := range calls {
			for _, f := range kinds {
				if f == is[from] {
					continue
				}
				name := fmt.Sprintf("from %d, %s at %d", from, f, i)
				n := play(name, from, map[int]string{i: f})
				for j := i + 1; j < n+2*calls+4; j++ { // after a fault it is sent again
					for _, g := range kinds {
						if g == is[from] || f == g && g == is[0] {
							continue
						}
						play(fmt.Sprintf("%s, %s at %d", name, g, j), from, map[int]string{i: f, j: g})
					}
				}
			}
		}
	}
	t.Logf("%d plays", plays)
}

// purely reports whether a plan has no other faults.
func purely(plan map[int]string, what string) bool {
	return !slices.ContainsFunc(slices.Collect(maps.Values(plan)), func(planned string) bool { return planned != what })
}

// Many clients that send the same request at the same time on purpose have a job each.
func TestSendByManyAtOnce(t *testing.T) {
	items, m := &dynamotest.Items{}, &locked{machine: &machine{executions: map[string]*sfn.DescribeExecutionOutput{}}}
	var mu sync.Mutex
	n := 0
	mark := func() string { mu.Lock(); defer mu.Unlock(); n++; return fmt.Sprint("mark-", n) }
	s := jobs.New(table.New(items, "jobs", mark, func(time.Duration) time.Duration { return 0 }), manifests{}, executions(t, m), now)
	boat := request(t, "a boat")
	var group sync.WaitGroup
	ids := make([]string, 50)
	for i := range ids {
		group.Go(func() {
			receipt, err := s.Send(t.Context(), jobs.Post{ID: fmt.Sprint("job-", i), At: began}, boat, video.Origin{Trigger: video.TriggerAPI})
			if ids[i] = receipt.ID; err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	slices.Sort(ids)
	if len(slices.Compact(ids)) != 50 || len(m.started) != 50 {
		t.Errorf("%d jobs, %d started", len(slices.Compact(ids)), len(m.started))
	}
}

// locked is a machine for concurrent use.
type locked struct {
	*machine
	mu sync.Mutex
}

func (l *locked) StartExecution(ctx context.Context, in *sfn.StartExecutionInput, _ ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.machine.StartExecution(ctx, in)
}

// A POST that the gate doesn't admit leaves neither a job nor a sending that its retry could
// join.
func TestSendBehindAGate(t *testing.T) {
	items, m, g := &dynamotest.Items{}, &machine{executions: map[string]*sfn.DescribeExecutionOutput{}}, &gate{}
	marks := 0
	mark := func() string { marks++; return fmt.Sprint("mark-", marks) }
	s := jobs.New(table.New(items, "jobs", mark, func(time.Duration) time.Duration { return 0 }), manifests{}, executions(t, m), now).Behind(g)
	send := func(id, owner string, retry int) (jobs.Receipt, error) {
		return s.Send(t.Context(), jobs.Post{ID: id, At: began, Retry: retry}, request(t, "a boat"), video.Origin{Trigger: video.TriggerAPI, Token: owner})
	}
	for retry := range 3 {
		if receipt, err := send(fmt.Sprint("bob-", retry), "bob", retry); !errors.Is(err, errFull) || receipt.ID != "" || len(items.All()) != 0 {
			t.Errorf("retry %d: %+v, %v; there are %v", retry, receipt, err, items.All())
		}
	}
	if receipt, err := send("alice-0", "alice", 0); err != nil || receipt.ID != "alice-0" {
		t.Errorf("admitted: %+v, %v", receipt, err)
	}
	asked := g.asked
	if receipt, err := send("alice-1", "alice", 1); err != nil || receipt.ID != "alice-0" || g.asked != asked {
		t.Errorf("its retry: %+v, %v; the gate was asked %d times", receipt, err, g.asked)
	}
}
