package poll

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/schedule/cost"
	"github.com/takeup/takeup/internal/schedule/estimator"
)

// deployed returns the repository's template.
func deployed(t *testing.T) Template {
	t.Helper()
	template, err := ReadTemplate("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return template
}

func TestReadTemplate(t *testing.T) {
	const complete = `
Parameters:
  FirstWaitSeconds: { Default: 6 }
  CheckIntervalSeconds: { Default: 5 }
  RequestGapSeconds: { Default: 1 }
  PollWindowSeconds: { Default: 0 }
  SoftDeadlineSeconds: { Default: 60 }
  HardDeadlineSeconds: { Default: 600 }
Globals: { Function: { MemorySize: 256 } }
Resources:
  SubmitFunction: { Properties: { Timeout: 60 } }
  CheckFunction: { Properties: { MemorySize: 128, Environment: !Ref Other } }
  StoreFunction: { Properties: { MemorySize: 512 } }
`
	want := Template{
		Schedule: schedule.Schedule{First: 6 * time.Second, Interval: 5 * time.Second, RequestGap: time.Second, Soft: time.Minute, Hard: 10 * time.Minute},
		Memory:   Memory{Submit: 0.25, Check: 0.125, Store: 0.5},
	}
	path := filepath.Join(t.TempDir(), "template.yaml")
	for name, test := range map[string]struct{ text, lacks string }{
		"complete":             {complete, ""},
		"no parameter":         {strings.Replace(complete, "RequestGapSeconds", "Other", 1), "RequestGapSeconds"},
		"a default in words":   {strings.Replace(complete, "Default: 5", "Default: five", 1), "CheckIntervalSeconds"},
		"no function":          {strings.Replace(complete, "StoreFunction", "Other", 1), "StoreFunction"},
		"no memory":            {strings.Replace(complete, "Globals", "Other", 1), "SubmitFunction"},
		"something else in it": {"- 1", path},
	} {
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := ReadTemplate(path)
		switch {
		case test.lacks == "" && (err != nil || got != want):
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, want)
		case test.lacks != "" && (err == nil || !strings.Contains(err.Error(), test.lacks)):
			t.Errorf("%s: the error is %v, and names no %s", name, err, test.lacks)
		}
	}
}

func TestTally(t *testing.T) {
	memory := deployed(t).Memory
	loops := tally{memory: memory}
	// Polls at 15, 30.3, 45.6 and 60.9 s.
	seen := loops.add(loop(every15), 50*time.Second)
	if want := (schedule.Seen{After: 45600 * time.Millisecond, By: 60900 * time.Millisecond}); seen != want {
		t.Errorf("seen is %v, want %v", seen, want)
	}
	r := loops.result()
	around := submitSeconds*memory.Submit + storeSeconds*memory.Store
	for name, c := range map[string]struct{ got, want float64 }{
		"lag": {r.lag, 11.2}, "p95": {r.lag95, 11.2}, "requests": {r.requests, 4}, "transitions": {r.transitions, 15},
		"GB-s": {r.gbSeconds, 4*0.3*memory.Check + around}, "held": {r.held, 100 * 1.2 / 61.2},
		"measure": {r.measure, r.usd + 11.2*schedule.LagUSD},
		"usd": {r.usd, 15*cost.Transition + 6*cost.Invocation + (4*0.3*memory.Check+around)*cost.GBSecond +
			2*cost.Write + cost.Read + (28+4)*cost.TableWrite + 10*cost.TableRead},
	} {
		if math.Abs(c.got-c.want) > 1e-9 {
			t.Errorf("%s is %v, want %v", name, c.got, c.want)
		}
	}

	// One check of three requests and one of one, with their reads and writes.
	windows := tally{learns: true, asksMetrics: true}
	windows.add(func(yield func(look) bool) {
		for _, l := range []look{{10 * time.Second, 0}, {13 * time.Second, 0}, {16 * time.Second, 0}, {20 * time.Second, 1}} {
			if !yield(l) {
				return
			}
		}
	}, 17*time.Second)
	if want := time.Duration(6.3*1e9) + requestTime; windows.held != want {
		t.Errorf("held is %v, want %v", windows.held, want)
	}
	if windows.total.Transitions != 9 || windows.requests != 4+3 || windows.total.TableWrites != jobTableWrites+2+1 || windows.total.TableReads != jobTableReads+1+2+1 {
		t.Errorf("got %+v, %d requests", windows.total, windows.requests)
	}
}

// expected returns the mean measure of a plan over a distribution's quantiles.
func expected(memory Memory, p plan, d lognormal) float64 {
	const n = 500
	all := tally{memory: memory}
	low, high := time.Duration(0), time.Duration(0)
	for i := range n {
		share := (float64(i) + 0.5) / n
		for high = low + time.Millisecond; d.done(high) < share; high += high - low {
		}
		for high-low > time.Millisecond {
			if middle := (low + high) / 2; d.done(middle) < share {
				low = middle
			} else {
				high = middle
			}
		}
		all.add(p, high)
	}
	return all.result().measure
}

// The optimum has the value that it claims, and no plan that it may choose beats it.
func TestOptimum(t *testing.T) {
	d := lognormal{20 * time.Second, 0.4}
	const gap, window = 2 * time.Second, 15 * time.Second
	memory := deployed(t).Memory
	best := solve(d, gap, window, memory.Check)
	got := expected(memory, best.plan(), d)
	around := cost.Video{
		Transitions: cost.Transitions(0), Invocations: 2,
		GBSeconds: submitSeconds*memory.Submit + storeSeconds*memory.Store, Writes: jobWrites, Reads: jobReads, TableWrites: jobTableWrites, TableReads: jobTableReads,
	}.USD()
	// A plan's tally has no read of the forecast's data.
	said := best.usd() + around
	if math.Abs(got-said) > 0.005*said {
		t.Errorf("it says %v, and is worth %v", said, got)
	}
	last := look{check: -1}
	for l := range best.plan() {
		if l.check == last.check && l.at-last.at < gap || l.at-last.at < gap && last.check >= 0 {
			t.Errorf("from %v to %v there is less than %v", last, l, gap)
		}
		if last = l; l.at > time.Minute {
			break
		}
	}
	limits := schedule.Schedule{First: time.Hour, Interval: time.Hour, RequestGap: gap, PollWindow: window, Soft: time.Hour, Hard: time.Hour}
	var seen []schedule.Seen
	random := rand.New(rand.NewPCG(1, 1))
	for range schedule.Window {
		took := d.draw(random)
		seen = append(seen, schedule.Seen{After: took - time.Second, By: took})
	}
	if other := expected(memory, ours(limits, estimator.BuiltIn(seconds).Learn(seen)), d); other < got*0.999 {
		t.Errorf("ours is worth %v, the optimum %v", other, got)
	}
	for first := time.Second; first < 30*time.Second; first += 2 * time.Second {
		for between := 2 * time.Second; between < 20*time.Second; between += 2 * time.Second {
			if other := expected(memory, loop(func(check int) time.Duration {
				if check == 0 {
					return first
				}
				return between
			}), d); other < got*0.999 {
				t.Errorf("%v, then every %v, is worth %v, the optimum %v", first, between, other, got)
			}
			steady := func(yield func(look) bool) {
				for check, at := 0, first; ; check++ {
					for began := at; at-began <= window; at += max(between, gap) {
						if !yield(look{at, check}) {
							return
						}
					}
					at += 2 * time.Second
				}
			}
			if other := expected(memory, steady, d); other < got*0.999 {
				t.Errorf("%v, then poll windows that ask every %v, are worth %v, the optimum %v", first, between, other, got)
			}
		}
	}
}

// The targets of the schedule hold for a fraction of the bench's jobs, which are always the same
// ones.
func TestTargets(t *testing.T) {
	i := slices.IndexFunc(rows(), func(r row) bool { return r.name == judged })
	results := measure(deployed(t), rows()[i], 2000)
	if got := compare(results); got.lag > 0.27 || got.usd > 0.48 || got.requests > 2.5 || got.optimum > 1.1 || got.optimum < 0.99 {
		t.Errorf("%v", got)
	}
	if results[cold].lag >= results[loop15].lag || results[cold].usd >= results[loop15].usd {
		t.Errorf("with nothing learned %+v, every 15 s %+v", results[cold], results[loop15])
	}
}

func TestWrite(t *testing.T) {
	var out bytes.Buffer
	slower := [2]distribution{lognormal{20 * time.Second, 0.3}, lognormal{30 * time.Second, 0.3}}
	write(&out, deployed(t), []row{steady("faster", slower[0]), {judged, slower}}, 160)
	last := regexp.MustCompile(`(?m)^lag_ratio=\d\.\d{3} usd_ratio=\d\.\d{3} requests_ratio=\d\.\d{3} optimum_ratio=\d\.\d{3}\n\z`)
	if !last.Match(out.Bytes()) {
		t.Errorf("it ends otherwise: %s", out.Bytes())
	}
	for _, name := range names() {
		if !bytes.Contains(out.Bytes(), []byte("\n  "+name+" ")) {
			t.Errorf("there is no line of %s: %s", name, out.Bytes())
		}
	}
}
