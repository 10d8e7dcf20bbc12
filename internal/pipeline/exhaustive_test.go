package pipeline_test

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/takeup/takeup/internal/pipeline/submit"
)

// onePlay runs a play in a bubble with its own time. A play that breaks a promise is the last of
// its test, since thousands after it would break the same promise.
func onePlay(t *testing.T, run func(*testing.T)) {
	t.Helper()
	synctest.Test(t, run)
	if t.Failed() {
		t.FailNow()
	}
}

// play runs one job from its request to its outcome, redrives it if that may help, and checks
// the promises. It returns the calls, from which further plans can be made.
func play(t *testing.T, name string, begun start, plan map[int]fault) []string {
	t.Helper()
	trace, _ := playTwo(t, name, begun, plan, bare(), nil)
	return trace
}

// playTwo is play with a second Submit, which runs while the plan holds the first one, with its
// own task and plan. It returns the calls of each.
func playTwo(t *testing.T, name string, begun start, plan map[int]fault, task submit.Task, others map[int]fault) (trace, other []string) {
	t.Helper()
	onePlay(t, func(t *testing.T) {
		s := newStage(begun)
		s.now = &moments{plan: plan}
		input := json.RawMessage(`{"prompt":"` + prompt + `"}`)
		s.now.held = func() {
			// Another Submit of the same job runs from beginning to end while this one is held.
			first := s.now
			s.now = &moments{plan: others}
			submitting, _, _ := s.steps()
			_, _ = invoke(t.Context(), submitting.Run, task)
			other = s.now.trace
			s.now = first
		}
		outcome := s.machine(t.Context(), "job-1", input)
		trace = s.now.trace
		again := s.machine(t.Context(), "job-1", input)
		if again != outcome {
			t.Errorf("%s: it ended with %s, and entered again with %s", name, outcome, again)
		}
		mayLose := mayLose(plan) || mayLose(others)
		s.keepsItsPromises(t, name, outcome, mayLose)
		if outcome != "stored" {
			s.now = &moments{}
			s.keepsItsPromises(t, name+", redriven", s.machine(t.Context(), "job-1-r1", resume().Input), mayLose)
		}
	})
	return trace, other
}

// keepsItsPromises checks what must hold for every job that has ended.
func (s *stage) keepsItsPromises(t *testing.T, name, outcome string, mayLose bool) {
	t.Helper()
	file, manifest := s.stored("job-1")
	s.accounts(t, name, outcome)
	switch {
	case len(s.accepted) > 1:
		t.Errorf("%s: paid twice: %v", name, s.accepted)
	case len(s.accepted) == 1 && outcome != "stored":
		t.Errorf("%s: %s was paid, and it ended with %s", name, s.accepted[0].id, outcome)
	case outcome == "stored" && (!manifest || !strings.HasSuffix(file, s.accepted[0].id)):
		t.Errorf("%s: it ended as stored with the file %q and a manifest: %v", name, file, manifest)
	case outcome != "stored" && (manifest || file != ""):
		t.Errorf("%s: it ended with %s and has the file %q", name, outcome, file)
	case outcome == "SubmissionLost" && !mayLose:
		t.Errorf("%s: called lost, though nothing kept it from being posted and recorded", name)
	case !slices.Contains([]string{"stored", "InvalidRequest", "Unauthorized", "OutOfCredits", "SubmissionLost"}, outcome):
		t.Errorf("%s: it ended with %s", name, outcome)
	}
}

// TestEveryFaultAndEveryPair plays a job with each fault at each of its calls, and with each
// pair of faults. It does so for a job that was started by hand, and for one whose item was
// created before.
func TestEveryFaultAndEveryPair(t *testing.T) {
	t.Parallel()
	for _, begun := range starts() {
		everyFaultAndPair(t, begun)
	}
}

func everyFaultAndPair(t *testing.T, begun start) {
	t.Helper()
	singles, pairs := 0, 0
	calls := play(t, "no fault", begun, nil)
	for i := range calls {
		for _, f := range faultsOf(calls[i]) {
			singles++
			plan := map[int]fault{i: f}
			name := fmt.Sprintf("%s at %d %s", f, i, calls[i])
			after := play(t, name, begun, plan)
			for j := i + 1; j < len(after); j++ {
				for _, g := range faultsOf(after[j]) {
					pairs++
					both := maps.Clone(plan)
					both[j] = g
					play(t, fmt.Sprintf("%s, %s at %d %s", name, g, j, after[j]), begun, both)
				}
			}
		}
	}
	t.Logf("%v: %d calls in a job without fault; %d plays with one fault, %d with two", begun, len(calls), singles, pairs)
}

// TestTwoSubmitsAtEveryPoint holds a Submit at each of its calls while another runs, and crosses that
// with each fault of the held one, before or after the hold.
func TestTwoSubmitsAtEveryPoint(t *testing.T) {
	t.Parallel()
	for _, begun := range starts() {
		twoAtOnce(t, begun)
	}
}

func twoAtOnce(t *testing.T, begun start) {
	t.Helper()
	plays := 0
	pair := func(name string, plan map[int]fault, i int, after []string, faults func(string) []fault) {
		for j := i + 1; j < len(after); j++ {
			for _, f := range faults(after[j]) {
				plays++
				both := maps.Clone(plan)
				both[j] = f
				play(t, fmt.Sprintf("%s, %s at %d %s", name, f, j, after[j]), begun, both)
			}
		}
	}
	holds := func(string) []fault { return []fault{hold, holdAfter} }
	calls := play(t, "no fault", begun, nil)
	for i := range calls {
		for _, f := range append(holds(""), faultsOf(calls[i])...) {
			plays++
			name, plan := fmt.Sprintf("%s at %d %s", f, i, calls[i]), map[int]fault{i: f}
			after := play(t, name, begun, plan)
			if f == hold || f == holdAfter {
				pair(name, plan, i, after, faultsOf)
			} else {
				pair(name, plan, i, after, holds)
			}
		}
	}
	t.Logf("%v: %d plays of two Submits at once", begun, plays)
}

// TestTwoSubmitsAtOnceAndEveryPair crosses two concurrent Submits with two more faults: both in
// the held one, before, after or around the hold, or one in each of the two.
func TestTwoSubmitsAtOnceAndEveryPair(t *testing.T) {
	t.Parallel()
	for _, begun := range starts() {
		everyPair(t, begun, bare())
	}
}

// TestTwoSubmitsAtOnceAnewAndEveryPair does the same with a second Submit from the execution
// that starts the job anew, after the first one's execution was stopped.
func TestTwoSubmitsAtOnceAnewAndEveryPair(t *testing.T) {
	t.Parallel()
	for _, begun := range starts() {
		if begun.created {
			everyPair(t, begun, anew())
		}
	}
}

func everyPair(t *testing.T, begun start, task submit.Task) {
	t.Helper()
	same, each := 0, 0
	// A Submit's own calls come before the first poll of its generation.
	submits := func(trace []string) []string { return trace[:max(0, slices.Index(trace, "retrieve"))] }
	for i := range submits(play(t, "no fault", begun, nil)) {
		for _, h := range []fault{hold, holdAfter} {
			held := map[int]fault{i: h}
			trace, other := playTwo(t, fmt.Sprintf("%s at %d", h, i), begun, held, task, nil)
			for j, f := range everyFault(submits(trace)) {
				if j.at == i {
					continue
				}
				one := maps.Clone(held)
				one[j.at] = f
				name := fmt.Sprintf("%s at %d, %s at %d", h, i, f, j.at)
				after, _ := playTwo(t, name, begun, one, task, nil)
				for k, g := range everyFault(submits(after)) {
					if k.at <= j.at || k.at == i {
						continue
					}
					same++
					two := maps.Clone(one)
					two[k.at] = g
					playTwo(t, fmt.Sprintf("%s, %s at %d", name, g, k.at), begun, two, task, nil)
				}
				for k, g := range everyFault(other) {
					each++
					playTwo(t, fmt.Sprintf("%s, the other: %s at %d", name, g, k.at), begun, one, task, map[int]fault{k.at: g})
				}
			}
		}
	}
	t.Logf("%v: %d plays of two Submits at once with two faults at one of them, %d with a fault at each", begun, same, each)
}

// place is where a fault occurs: the call, and the fault's number among those of that call.
type place struct{ at, nth int }

// everyFault yields each fault of each call, in order.
func everyFault(trace []string) iter.Seq2[place, fault] {
	return func(yield func(place, fault) bool) {
		for at, kind := range trace {
			for nth, f := range faultsOf(kind) {
				if !yield(place{at, nth}, f) {
					return
				}
			}
		}
	}
}
