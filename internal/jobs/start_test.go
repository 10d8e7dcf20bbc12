package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

func TestStart(t *testing.T) {
	boat, tree := request(t, "a boat"), request(t, "a tree")
	running, failed, succeeded := types.ExecutionStatusRunning, types.ExecutionStatusFailed, types.ExecutionStatusSucceeded
	canonical, _ := boat.MarshalJSON()
	const anew = `{"id":"a","status":"waiting"}`
	in := func(execution string, redrives int, started bool) ledger {
		return ledger{"a": {ID: "a", Request: boat, RequestHash: boat.Hash(), Execution: execution, Redrives: redrives, Started: started}}
	}
	ended := func(outcome error, started bool) ledger {
		l := in("a", 0, started)
		entry := l["a"]
		entry.Outcome = video.NewOutcome(outcome, began)
		l["a"] = entry
		return l
	}
	for _, test := range []struct {
		name      string
		ledger    ledger
		execution *sfn.DescribeExecutionOutput
		startErr  error
		redrive   *sfn.DescribeExecutionOutput
		known     bool
		want      any    // type of the error, or nil
		starts    string // name of the execution that is started
	}{
		{name: "new", starts: "a"},
		{name: "in the table, ended and forgotten by Step Functions", ledger: ended(&video.OutOfCredits{}, true), known: true},
		{name: "cancelled before it was started", ledger: ended(&video.Cancelled{}, false), known: true},
		{name: "in the table, and Step Functions doesn't show it", ledger: in("a", 0, true), known: true},
		{name: "in the table, another request", ledger: ledger{"a": {RequestHash: tree.Hash()}}, want: new(*jobs.Mismatch)},
		{name: "not started yet", ledger: in("a", 0, false), starts: "a"},
		{name: "a redrive not started yet", ledger: in("a-r1", 1, false), execution: execution(failed, string(canonical)), starts: "a-r1"},
		{name: "started, and not marked", ledger: in("a", 0, false), execution: execution(running, string(canonical))},
		{name: "started and ended, and not marked", ledger: in("a", 0, false), execution: execution(failed, string(canonical)), starts: "a-r1"},
		{name: "runs on the same input", execution: execution(running, string(canonical))},
		{name: "runs on an equal input", execution: execution(running, `{"prompt":"a boat"}`), known: true},
		{name: "failed, and nothing was claimed", ledger: in("a", 0, true), execution: execution(failed, string(canonical)), starts: "a-r1"},
		{name: "was started by hand and aborted, and nothing was claimed", execution: execution(types.ExecutionStatusAborted, string(canonical)), starts: "a-r1"},
		{name: "was begun anew", ledger: in("a-r1", 1, true), execution: execution(failed, string(canonical)), redrive: execution(running, anew), known: true},
		{name: "was begun anew, and failed again", ledger: in("a-r1", 1, true), execution: execution(failed, string(canonical)), redrive: execution(types.ExecutionStatusTimedOut, anew), starts: "a-r2"},
		{name: "was begun anew, and its video and item were removed since", ledger: in("a-r1", 1, true), execution: execution(failed, string(canonical)), redrive: execution(succeeded, anew), known: true},
		{name: "failed beside a job of the next name", execution: execution(failed, string(canonical)), redrive: execution(running, string(canonical)), starts: "a-r2"},
		{name: "succeeded on the same input", execution: execution(succeeded, string(canonical)), known: true},
		{name: "runs on another input", execution: execution(running, `{"prompt":"a tree"}`), starts: "a-r1"},
		{name: "was started by hand with no request", execution: execution(failed, `{"id":"b","resume":true}`), starts: "a-r1"},
		{name: "throttled", startErr: errThrottled, want: new(*video.ServiceUnavailable)},
		{name: "the name is taken by nothing", startErr: &types.ExecutionAlreadyExists{}, want: new(*video.ServiceUnavailable)},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := &machine{executions: map[string]*sfn.DescribeExecutionOutput{}, startErr: test.startErr}
			if test.execution != nil {
				m.executions["a"] = test.execution
			}
			if test.redrive != nil {
				m.executions["a-r1"] = test.redrive
			}
			l := test.ledger
			if l == nil {
				l = ledger{}
			}
			receipt, err := service(t, l, manifests{}, m).Start(t.Context(), "a", boat, video.Origin{Trigger: video.TriggerAPI})
			switch {
			case test.want != nil:
				if !errors.As(err, test.want) {
					t.Fatalf("got %v, want %T", err, test.want)
				}
			case err != nil:
				t.Fatal(err)
			case receipt.ID != "a" || receipt.Known != test.known || test.ledger == nil && receipt.Origin.Trigger != video.TriggerAPI:
				t.Errorf("got %+v", receipt)
			case !l["a"].Started && l["a"].Outcome == nil:
				t.Errorf("the job is not marked as started: %+v", l["a"])
			case test.starts != "" && l["a"].Execution != test.starts:
				t.Errorf("the job names %s", l["a"].Execution)
			}
			if strings.Join(m.started, " ") != test.starts {
				t.Errorf("started %v, want %q", m.started, test.starts)
			}
			if input := map[string]string{"": "", "a": string(canonical)}; len(m.started) == 1 {
				want, bare := input[test.starts]
				if !bare {
					want = anew
				}
				if got := *m.executions[test.starts].Input; got != want {
					t.Errorf("started with %s, want %s", got, want)
				}
			}
		})
	}
}

func TestStartDecidesNothingInTrouble(t *testing.T) {
	var unavailable *video.ServiceUnavailable
	m := &machine{executions: map[string]*sfn.DescribeExecutionOutput{}}
	_, err := service(t, ledger{}, manifests{}, m).Start(t.Context(), "throttled", request(t, "a boat"), video.Origin{Trigger: video.TriggerAPI})
	if !errors.As(err, &unavailable) || !errors.Is(err, errThrottled) || len(m.started) > 0 {
		t.Errorf("ledger throttled: got %v, started %v", err, m.started)
	}
	m = &machine{executions: map[string]*sfn.DescribeExecutionOutput{"a": execution(types.ExecutionStatusFailed, "{}")}, readErr: errThrottled}
	if _, err = service(t, ledger{}, manifests{}, m).Start(t.Context(), "a", request(t, "a boat"), video.Origin{Trigger: video.TriggerAPI}); !errors.As(err, &unavailable) {
		t.Errorf("describe throttled: got %v", err)
	}
	var invalid *video.InvalidRequest
	if _, err = service(t, ledger{}, manifests{}, m).Start(t.Context(), "a b", request(t, "a boat"), video.Origin{Trigger: video.TriggerAPI}); !errors.As(err, &invalid) {
		t.Errorf("a bad id: got %v", err)
	}
}

func TestStartTwiceIsOneJob(t *testing.T) {
	m := &machine{executions: map[string]*sfn.DescribeExecutionOutput{}}
	l, boat := ledger{}, request(t, "a boat")
	i := service(t, l, manifests{}, m)
	for range 3 {
		if _, err := i.Start(t.Context(), "a", boat, video.Origin{Trigger: video.TriggerAPI}); err != nil {
			t.Fatal(err)
		}
		entry := l["a"]
		entry.Phase = video.PhaseAccepted
		l["a"] = entry
		m.executions["a"].Status = types.ExecutionStatusTimedOut
	}
	if len(m.started) != 1 {
		t.Errorf("started %v", m.started)
	}
}

// A long text of characters that JSON can escape stays within the 256 KiB that Step Functions
// accepts. It is recognized again when it was written in a longer form.
func TestStartOfALongText(t *testing.T) {
	long := request(t, strings.Repeat("<ß>", video.MaxRequestBytes/5))
	m := &machine{executions: map[string]*sfn.DescribeExecutionOutput{}}
	i := service(t, ledger{}, manifests{}, m)
	if _, err := i.Start(t.Context(), "a", long, video.Origin{Trigger: video.TriggerAPI}); err != nil {
		t.Fatal(err)
	}
	if n := len(*m.executions["a"].Input); n > video.MaxRequestBytes {
		t.Errorf("the input has %d bytes", n)
	}
	escaped := strings.NewReplacer("<", `\u003c`, "ß", `\u00df`, ">", `\u003e`).Replace(*m.executions["a"].Input)
	m.executions["a"] = execution(types.ExecutionStatusRunning, escaped)
	if receipt, err := i.Start(t.Context(), "a", long, video.Origin{Trigger: video.TriggerAPI}); err != nil || !receipt.Known {
		t.Errorf("again: %+v, %v", receipt, err)
	}
	m.executions["a"].Status = types.ExecutionStatusFailed
	if receipt, err := i.Start(t.Context(), "a", long, video.Origin{Trigger: video.TriggerAPI}); err != nil || receipt.Known {
		t.Errorf("begun anew: %+v, %v", receipt, err)
	}
}

// interleaved is a ledger and a machine that run something else before one of their calls.
type interleaved struct {
	jobs.Table
	*machine
	ledger    ledger
	calls, at int
	meanwhile func()
}

func (i *interleaved) call() {
	i.calls++
	if i.calls-1 == i.at {
		i.meanwhile()
	}
}

func (i *interleaved) Get(ctx context.Context, id string) (video.Entry, string, error) {
	i.call()
	return i.ledger.Get(ctx, id)
}

func (i *interleaved) Create(ctx context.Context, entry video.Entry) (video.Entry, string, error) {
	i.call()
	return i.ledger.Create(ctx, entry)
}

func (i *interleaved) Update(ctx context.Context, entry video.Entry, version string) (video.Entry, string, error) {
	i.call()
	return i.ledger.Update(ctx, entry, version)
}

func (i *interleaved) PutProgress(ctx context.Context, id string, progress report.Progress) error {
	i.call()
	return i.ledger.PutProgress(ctx, id, progress)
}

func (i *interleaved) StartExecution(ctx context.Context, in *sfn.StartExecutionInput, o ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	i.call()
	return i.machine.StartExecution(ctx, in, o...)
}

func (i *interleaved) DescribeExecution(ctx context.Context, in *sfn.DescribeExecutionInput, o ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error) {
	i.call()
	return i.machine.DescribeExecution(ctx, in, o...)
}

func (i *interleaved) StopExecution(ctx context.Context, in *sfn.StopExecutionInput, o ...func(*sfn.Options)) (*sfn.StopExecutionOutput, error) {
	i.call()
	return i.machine.StopExecution(ctx, in, o...)
}

// TestBegunAnewByTwoAtOnce starts or redrives a job whose execution was aborted before the job
// was claimed. Before each call another client does the same, and what it started keeps running,
// claims the job, or ends.
func TestBegunAnewByTwoAtOnce(t *testing.T) {
	boat := request(t, "a boat")
	canonical, _ := boat.MarshalJSON()
	begin := func(how string, l jobs.Table, m runs.StepFunctions) error {
		if how == "start" {
			_, err := service(t, l, manifests{}, m).Start(t.Context(), "a", boat, video.Origin{Trigger: video.TriggerAPI})
			return err
		}
		_, err := service(t, l, manifests{}, m).Redrive(t.Context(), "a")
		if not := (*jobs.NotRedriven)(nil); errors.As(err, &not) {
			return nil
		}
		return err
	}
	play := func(t *testing.T, first, other, then string, at int) (calls int) {
		m := &machine{executions: map[string]*sfn.DescribeExecutionOutput{"a": execution(types.ExecutionStatusAborted, string(canonical))}}
		both := &interleaved{machine: m, ledger: ledger{}, at: at}
		both.meanwhile = func() {
			if err := begin(other, both.ledger, m); err != nil {
				t.Error(err)
			}
			if strings.HasPrefix(then, "claims") {
				entry, version, err := both.ledger.Get(t.Context(), "a")
				if err != nil {
					t.Fatal(err)
				}
				entry.Phase, entry.Started = video.PhaseClaimed, true
				if _, _, err := both.ledger.Update(t.Context(), entry, version); err != nil {
					t.Fatal(err)
				}
			}
			if strings.HasSuffix(then, "ends") {
				m.executions["a-r1"].Status = types.ExecutionStatusFailed
			}
		}
		if err := begin(first, both, both); err != nil {
			t.Error(err)
		}
		running := 0
		for _, e := range m.executions {
			if e.Status == types.ExecutionStatusRunning {
				running++
			}
		}
		// Only an owner's redrive resumes a job that was claimed and has ended.
		if running > 1 || first == "start" && then == "claims and ends" && len(m.started) > 1 {
			t.Errorf("%d executions at once; started %v", running, m.started)
		}
		return both.calls
	}
	const never = -1
	plays := 0
	for _, first := range []string{"start", "redrive"} {
		for _, other := range []string{"start", "redrive"} {
			for _, then := range []string{"runs", "claims", "claims and ends", "ends"} {
				// The other client can end the first call early, or make it retry.
				for at, calls := 0, play(t, first, other, then, never); at < calls; at++ {
					plays++
					t.Run(fmt.Sprintf("%s, %s %s at %d", first, other, then, at), func(t *testing.T) {
						calls = max(calls, play(t, first, other, then, at))
					})
				}
			}
		}
	}
	t.Logf("%d plays", plays)
}

// An input that can't be a request is stored as a job that has ended, and is never started.
func TestRefuse(t *testing.T) {
	l, m := ledger{}, &machine{executions: map[string]*sfn.DescribeExecutionOutput{}}
	s := service(t, l, manifests{}, m)
	from := video.Origin{Trigger: video.TriggerFile, Bucket: "prompts", Key: "a.png"}
	for range 2 {
		if err := s.Refuse(t.Context(), "a", &video.InvalidRequest{Fields: []video.FieldError{{Message: "it is a picture"}}}, from); err != nil {
			t.Fatal(err)
		}
	}
	view, err := s.Status(t.Context(), "a")
	if err != nil || view.State != video.StateFailed || view.Outcome.Name != "InvalidRequest" || view.Redrivable || view.Request != nil || view.Origin != from || l["a"].Mark != "0" {
		t.Errorf("got %+v, %v", view, err)
	}
	var mismatch *jobs.Mismatch
	if _, err := s.Start(t.Context(), "a", request(t, "a boat"), from); !errors.As(err, &mismatch) {
		t.Errorf("started as: %v", err)
	}
	var not *jobs.NotRedriven
	if _, err := s.Redrive(t.Context(), "a"); !errors.As(err, &not) {
		t.Errorf("redriven: %v", err)
	}
	if len(m.started) > 0 {
		t.Errorf("started %v", m.started)
	}
}

func TestIDFromKey(t *testing.T) {
	seen := map[string][]string{}
	for _, parts := range [][]string{
		{"api"}, {"api", ""}, {"api", "", ""}, {"api", "ab", "c"}, {"api", "a", "bc"}, {"api", "abc"}, {"file", "abc"}, {"api", "\x00"}, {"api", "ABC"},
	} {
		id := jobs.IDFromKey(parts[0], parts[1:]...)
		if !video.ValidID(id) || id != strings.ToLower(id) || !strings.HasPrefix(id, parts[0]+"-") {
			t.Errorf("%q: id %q", parts, id)
		}
		if other, ok := seen[id]; ok {
			t.Errorf("%q and %q have the id %q", parts, other, id)
		}
		if id != jobs.IDFromKey(parts[0], parts[1:]...) {
			t.Errorf("%q: another id the second time", parts)
		}
		seen[id] = parts
	}
	if id := jobs.IDFromKey(strings.Repeat("x", 17), "a"); !video.ValidID(id) {
		t.Errorf("%q is too long", id)
	}
	// Ids must never change: the jobs of earlier releases are found by them.
	if got, want := jobs.IDFromKey("api", "key"), "api-kmfj2ifmq6wlxvrz2x2le2zwpv2wkbryxjsmpikecnbtnyglsnha"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRandomID(t *testing.T) {
	a, err := jobs.RandomID("api", strings.NewReader(strings.Repeat("a", 16)))
	if err != nil || !video.ValidID(a) {
		t.Errorf("got %q, %v", a, err)
	}
	b, _ := jobs.RandomID("api", strings.NewReader(strings.Repeat("b", 16)))
	if a == b {
		t.Errorf("twice %s", a)
	}
	if _, err := jobs.RandomID("api", strings.NewReader("short")); err == nil {
		t.Error("an id of too little randomness")
	}
}

// gate admits only alice.
type gate struct{ asked int }

var errFull = errors.New("no room, ever")

func (g *gate) Admit(_ context.Context, _ video.Request, owner string) error {
	if g.asked++; owner == "alice" {
		return nil
	}
	return errFull
}

// A request that the gate doesn't admit becomes no job, and leaves its id free. An existing job
// is returned to whoever sends its request, admitted or not.
func TestBehindAGate(t *testing.T) {
	l, m, g := ledger{}, &machine{executions: map[string]*sfn.DescribeExecutionOutput{}}, &gate{}
	s := service(t, l, manifests{}, m).Behind(g)
	start := func(owner, prompt string) (jobs.Receipt, error) {
		return s.Start(t.Context(), "a", request(t, prompt), video.Origin{Trigger: video.TriggerAPI, Token: owner})
	}
	if receipt, err := start("bob", "a boat"); !errors.Is(err, errFull) || receipt.ID != "" || len(l) != 0 || len(m.started) != 0 {
		t.Errorf("not admitted: %+v, %v; there are %v", receipt, err, l)
	}
	if receipt, err := start("alice", "a tree"); err != nil || receipt.ID != "a" || len(l) != 1 {
		t.Errorf("another request of the same id, admitted: %+v, %v", receipt, err)
	}
	if receipt, err := start("bob", "a tree"); err != nil || receipt.ID != "a" || !receipt.Known {
		t.Errorf("a job that there is: %+v, %v", receipt, err)
	}
}
