package repair_test

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/aimlapi"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/reconcile"
	"github.com/takeup/takeup/internal/reconcile/gather"
	"github.com/takeup/takeup/internal/reconcile/repair"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/counter"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

var at = time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)

func boat(t *testing.T) video.Request {
	t.Helper()
	r, err := catalogue.OfPrompt(all.Models(), "a boat")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

type manifests map[string]video.Manifest

func (s manifests) Manifest(_ context.Context, job video.Locator) (video.Manifest, bool, error) {
	m, ok := s[job.ID]
	return m, ok, nil
}

// settler records the executions it is asked to settle.
type settler struct{ asked []string }

func (s *settler) Settle(_ context.Context, name string) (bool, error) {
	s.asked = append(s.asked, name)
	return true, nil
}

// accounts are those that the jobs were made with.
func accounts() provider.Accounts {
	return provider.Accounts{{Provider: aimlapi.New(aimlapi.Config{Route: aimlapi.RouteLegacy})}}
}

// handle is the handle of a generation of the default model.
func handle(id string) string { return "legacy:" + catalogue.Default(all.Models()) + ":" + id }

func newTable() *table.Table {
	n := 0
	mark := func() string { n++; return strconv.Itoa(n) }
	return table.New(&dynamotest.Items{}, "restored", mark, func(time.Duration) time.Duration { return 0 })
}

// A repair restores what the provider, the bucket and the executions show, and leaves a
// job alone that is already complete.
func TestRepair(t *testing.T) {
	request := boat(t)
	row := func(sent, generation string, failed bool) provider.LoggedRequest {
		return provider.LoggedRequest{Created: at, Reference: sent, ID: generation, Failed: failed}
	}
	manifest := video.Manifest{ID: "a", Request: request, Model: request.Model(), GenerationID: "g1", CreatedAt: at, SubmittedAt: at, StoredAt: at.Add(time.Minute), Bytes: 7, Origin: video.Origin{Trigger: video.TriggerAPI, Token: "ann"}}
	own := runs.Run{Name: "a", Job: "a", Request: &request, Started: at}
	submitted := own
	submitted.State = video.Job{GenerationID: "g2", SubmittedAt: at, Provider: "aimlapi", Handle: "universal:m:g2"}
	redriven := runs.Run{Name: "a-r2", Job: "a", Redrive: 2, Running: true}
	before := func(change func(*video.Entry)) *video.Entry {
		e := video.Entry{ID: "a", Request: request, RequestHash: request.Hash(), CreatedAt: at, Execution: "a", Started: true}
		change(&e)
		return &e
	}
	for name, c := range map[string]struct {
		before   *video.Entry // nil if the table lacks the job
		runs     []runs.Run
		rows     []provider.LoggedRequest
		manifest *video.Manifest
		want     func(video.Entry) bool
		same     bool // nothing is written
		strange  bool // nothing says what the request was
	}{
		"a job that waits": {runs: []runs.Run{own}, want: func(e video.Entry) bool { return e.Phase == "" && e.Attempt == 0 && e.Started }},
		"a submission in the logs": {runs: []runs.Run{own}, rows: []provider.LoggedRequest{row("a.1", "g1", false)}, want: func(e video.Entry) bool {
			return e.GenerationID == "g1" && e.Provider == "aimlapi" && e.Handle == handle("g1") && e.Attempt == 1 && e.Phase == video.PhaseAccepted
		}},
		"a later attempt in the logs": {before: before(func(e *video.Entry) { e.Phase, e.Attempt = video.PhaseRefused, 1 }), rows: []provider.LoggedRequest{row("a.1", "", true), row("a.3", "g3", false)}, want: func(e video.Entry) bool { return e.GenerationID == "g3" && e.Attempt == 3 }},
		"an attempt without evidence": {before: before(func(e *video.Entry) { e.Phase, e.Attempt = video.PhaseRefused, 1 }), rows: []provider.LoggedRequest{row("a.2", "", false)}, want: func(e video.Entry) bool {
			return e.GenerationID == "" && e.Attempt == 2 && e.Phase == video.PhaseUnanswered && e.ClaimedAt.Equal(at)
		}},
		"an attempt that failed":   {before: before(func(e *video.Entry) { e.Phase, e.Attempt = video.PhaseRefused, 1 }), rows: []provider.LoggedRequest{row("a.1", "", true)}, same: true},
		"an attempt before":        {before: before(func(e *video.Entry) { e.Phase, e.Attempt = video.PhaseRefused, 3 }), rows: []provider.LoggedRequest{row("a.2", "", true)}, same: true},
		"a generation that failed": {runs: []runs.Run{own}, rows: []provider.LoggedRequest{row("a.1", "g1", true)}, want: func(e video.Entry) bool { return e.Phase == video.PhaseUnanswered && e.Candidate == handle("g1") }},
		"a state of the execution": {runs: []runs.Run{submitted}, want: func(e video.Entry) bool {
			return e.GenerationID == "g2" && e.Provider == "aimlapi" && e.Handle == "universal:m:g2" && e.Attempt == 1
		}},
		"a manifest alone": {manifest: &manifest, want: func(e video.Entry) bool {
			return e.Manifest != nil && e.State() == video.StateCompleted && e.GenerationID == "g1" && e.RequestHash == request.Hash() && e.Origin == manifest.Origin
		}},
		"a manifest of one that ended": {before: before(func(e *video.Entry) { e.Phase, e.Attempt = video.PhaseRefused, 1; e.End(&video.OutOfCredits{}, at) }), runs: []runs.Run{redriven}, manifest: &manifest, want: func(e video.Entry) bool { return e.State() == video.StateCompleted && e.Redrives == 2 }},
		"a redrive":                    {before: before(func(e *video.Entry) { e.Phase, e.Attempt = video.PhaseRefused, 1; e.End(&video.OutOfCredits{}, at) }), runs: []runs.Run{redriven}, want: func(e video.Entry) bool { return e.Execution == "a-r2" && !e.Over() && e.Started }},
		"a submission that was lost": {before: before(func(e *video.Entry) {
			e.Phase, e.Attempt = video.PhaseUnanswered, 1
			e.End(&video.SubmissionLost{}, at)
		}), rows: []provider.LoggedRequest{row("a.1", "g1", false)}, want: func(e video.Entry) bool { return e.GenerationID == "g1" && e.Outcome == nil }},
		"one that is known": {before: before(func(e *video.Entry) {
			e.Phase, e.Attempt, e.GenerationID, e.Manifest = video.PhaseAccepted, 1, "g1", &manifest
		}), runs: []runs.Run{own}, rows: []provider.LoggedRequest{row("a.1", "g1", false)}, manifest: &manifest, same: true},
		"another generation than its own": {before: before(func(e *video.Entry) { e.Phase, e.Attempt, e.GenerationID = video.PhaseAccepted, 1, "g7" }), manifest: &manifest, same: true},
		"a name in the logs alone":        {rows: []provider.LoggedRequest{row("a.1", "g1", false)}, strange: true},
		"another's row":                   {rows: []provider.LoggedRequest{row("chatcmpl-1", "g1", false)}, same: true},
	} {
		t.Run(name, func(t *testing.T) {
			jobsTable, s := newTable(), manifests{}
			if c.before != nil {
				if _, _, err := jobsTable.Create(t.Context(), *c.before); err != nil {
					t.Fatal(err)
				}
			}
			facts := gather.Facts{Rows: c.rows, Manifests: map[string]string{}}
			if c.manifest != nil {
				s["a"], facts.Manifests["a"] = *c.manifest, ""
			}
			was, _, _ := jobsTable.Get(t.Context(), "a")
			settles := &settler{}
			repairer := repair.Repair{Table: jobsTable, Manifests: s, Settler: settles, Accounts: accounts(), KeyVersion: "v2"}
			done, err := repairer.Run(t.Context(), facts, c.runs)
			if err != nil {
				t.Fatal(err)
			}
			got, _, getErr := jobsTable.Get(t.Context(), "a")
			if written := len(done.Created) + len(done.Amended); written != 1 && !c.same && !c.strange || written > 0 && (c.same || c.strange) || c.strange != slices.Equal(done.Unexplained, []string{"a"}) {
				t.Errorf("done %+v", done)
			}
			switch {
			case c.same && got.Mark != was.Mark, c.strange && getErr == nil:
				t.Errorf("wrote %+v", got)
			case getErr == nil && !booked(t, jobsTable, got):
				t.Errorf("its money is %+v", got.Money)
			case c.want != nil && (getErr != nil || !c.want(got)):
				text, _ := json.Marshal(got)
				t.Errorf("wrote %s, %v", text, getErr)
			}
			again, err := repairer.Run(t.Context(), facts, c.runs)
			if err != nil || len(again.Created)+len(again.Amended) > 0 {
				t.Errorf("again: %+v, %v", again, err)
			}
			for _, run := range c.runs {
				if slices.Contains(settles.asked, run.Name) == run.Running {
					t.Errorf("settled %v", settles.asked)
				}
			}
		})
	}
}

// booked reports whether the counters match the job, and its restored money is spent or
// uncertain and holds no slot.
func booked(t *testing.T, known *table.Table, e video.Entry) bool {
	t.Helper()
	sum := counter.Sums{}
	for _, m := range e.Money {
		sum.Held += m.Micros
		switch {
		case m.Slot:
			return false
		case m.State == budget.Spent:
			sum.Spent += m.Micros
		case m.State == budget.Uncertain:
			sum.Uncertain += m.Micros
		default:
			return false
		}
	}
	got, err := known.Month(t.Context(), at.UTC().Format("2006-01"))
	return err == nil && got == sum
}

// Money of a job in an earlier state: attempts whose outcome the table lost are
// uncertain, and the provider's charges count.
func TestMoney(t *testing.T) {
	request := boat(t)
	list, err := price.Parse([]byte(`{"data":[{"id":"`+request.Model()+`","pricing":{"kind":"fixed","units":[{"measure":"second","price":0.2,"per":1}]}}]}`), "the list", at)
	if err != nil {
		t.Fatal(err)
	}
	own := runs.Run{Name: "a", Job: "a", Request: &request, Started: at}
	row := func(n, generation string) provider.LoggedRequest {
		return provider.LoggedRequest{Created: at, Reference: "a." + n, ID: generation}
	}
	manifest := video.Manifest{ID: "a", Request: request, Model: request.Model(), GenerationID: "g2", CreatedAt: at, SubmittedAt: at, ChargedMicros: 2_000_000}
	for name, c := range map[string]struct {
		claimed  bool
		rows     []provider.LoggedRequest
		charges  []provider.Charge
		manifest *video.Manifest
		want     counter.Sums
	}{
		"nothing was submitted": {},
		"by the list":           {rows: []provider.LoggedRequest{row("1", "g1")}, want: counter.Sums{Held: 1_000_000, Uncertain: 1_000_000}},
		"by the charge": {
			rows: []provider.LoggedRequest{row("1", "g1")}, charges: []provider.Charge{{ID: "g1", Micros: 1_500_000}, {ID: "g7", Micros: 1}},
			want: counter.Sums{Held: 1_500_000, Uncertain: 1_500_000},
		},
		"stored": {manifest: &manifest, want: counter.Sums{Held: 2_000_000, Spent: 2_000_000}},
		"stored, after a claim that the table has": {
			claimed: true, rows: []provider.LoggedRequest{row("1", ""), row("2", "g2")}, manifest: &manifest,
			want: counter.Sums{Held: 2_000_003, Spent: 2_000_000, Uncertain: 3},
		},
		"accepted, and claimed in the table": {
			claimed: true, rows: []provider.LoggedRequest{row("1", "g1")}, want: counter.Sums{Held: 3, Uncertain: 3},
		},
	} {
		known := newTable()
		if c.claimed {
			e := video.Entry{ID: "a", Request: request, RequestHash: request.Hash(), CreatedAt: at, Execution: "a", Started: true, Phase: video.PhaseClaimed, Attempt: 1, ClaimedAt: at}
			e.Reserve(3, at)
			if _, _, err := known.Create(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		facts, s := gather.Facts{Rows: c.rows, Charges: c.charges, Prices: list, Manifests: map[string]string{}}, manifests{}
		if c.manifest != nil {
			s["a"] = *c.manifest
		}
		repairer := repair.Repair{Table: known, Manifests: s, Settler: &settler{}, Accounts: accounts(), KeyVersion: "v2"}
		for range 2 { // the second run changes nothing
			if _, err := repairer.Run(t.Context(), facts, []runs.Run{own}); err != nil {
				t.Fatal(err)
			}
			if got, err := known.Month(t.Context(), at.UTC().Format("2006-01")); err != nil || got != c.want {
				t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
			}
		}
	}
}

// A forgotten job is forgotten again, by its manifest, whatever else shows its text. A
// content that became a job is recorded for it.
func TestForgottenAndFiles(t *testing.T) {
	request := boat(t)
	whole := video.Manifest{ID: "a", Request: request, GenerationID: "g1", CreatedAt: at, SubmittedAt: at, StoredAt: at}
	forgotten := whole.Forget(request.Hash(), at)
	own := runs.Run{Name: "a", Job: "a", Request: &request, Started: at}
	for _, there := range []bool{false, true} {
		known := newTable()
		if there {
			if _, _, err := known.Create(t.Context(), video.Entry{ID: "a", Request: request, RequestHash: request.Hash(), CreatedAt: at, Execution: "a", Started: true}); err != nil {
				t.Fatal(err)
			}
		}
		file := gather.PromptFile{Bucket: "prompts", Key: "boat.txt", Version: "1", At: at, Sum: "sum"}
		copied := file
		copied.Key, copied.At = "copy.txt", at.Add(time.Hour)
		other := runs.Run{Name: file.Job(), Job: file.Job(), Request: &request, Started: at}
		done, err := repair.Repair{
			Table: known, Manifests: manifests{"a": forgotten}, Settler: &settler{}, Accounts: accounts(),
		}.Run(t.Context(), gather.Facts{Manifests: map[string]string{"a": ""}, Prompts: []gather.PromptFile{copied, file}}, []runs.Run{own, other})
		if err != nil || done.Files != 1 {
			t.Fatalf("got %+v, %v", done, err)
		}
		got, _, err := known.Get(t.Context(), "a")
		if err != nil || got.Request.Prompt() != "" || got.RequestHash != request.Hash() || !got.ForgottenAt.Equal(at) || got.State() != video.StateCompleted {
			t.Errorf("there before: %v: got %+v, %v", there, got, err)
		}
		content, _, err := known.Content(t.Context(), "sum")
		if err != nil || content.Job != file.Job() || content.Key != "boat.txt" {
			t.Errorf("the text is %+v, %v", content, err)
		}
		if started, _, err := known.Get(t.Context(), file.Job()); err != nil || started.Origin != (video.Origin{Trigger: video.TriggerFile, Bucket: "prompts", Key: "boat.txt", Version: "1"}) {
			t.Errorf("its job is %+v, %v", started, err)
		}
	}
}

// Move writes what the charges show into the item and the counters, once. It skips a job
// that has resumed and an attempt that is no longer uncertain.
func TestMove(t *testing.T) {
	request := boat(t)
	for name, c := range map[string]struct {
		change func(*video.Entry)
		move   reconcile.Move
		moved  bool
		want   counter.Sums
	}{
		"spent":    {move: reconcile.Move{Attempt: 2, State: budget.Spent, Charged: 9}, moved: true, want: counter.Sums{Held: 12, Spent: 9, Uncertain: 3}},
		"released": {move: reconcile.Move{Attempt: 2, State: budget.Released}, moved: true, want: counter.Sums{Held: 3, Uncertain: 3}},
		"the attempt before": {
			move: reconcile.Move{Attempt: 1, State: budget.Spent, Charged: 9}, moved: true, want: counter.Sums{Held: 13, Spent: 9, Uncertain: 4},
		},
		"redriven since": {
			change: func(e *video.Entry) { e.Redrives = 1 }, move: reconcile.Move{Attempt: 2, State: budget.Released},
			want: counter.Sums{Held: 7, Uncertain: 7},
		},
		"stored since": {
			change: func(e *video.Entry) { e.Book(budget.Spent, 8) }, move: reconcile.Move{Attempt: 2, State: budget.Released},
			want: counter.Sums{Held: 11, Spent: 8, Uncertain: 3},
		},
		"no such attempt": {move: reconcile.Move{Attempt: 3, State: budget.Released}, want: counter.Sums{Held: 7, Uncertain: 7}},
	} {
		known := newTable()
		e := video.Entry{ID: "a", Request: request, RequestHash: request.Hash(), CreatedAt: at, Execution: "a", Started: true, Phase: video.PhaseUnanswered, Attempt: 1, ClaimedAt: at}
		e.Reserve(3, at)
		e.Book(budget.Uncertain, 0)
		e.Attempt = 2
		e.Reserve(4, at)
		e.Book(budget.Uncertain, 0)
		e.End(&video.SubmissionLost{}, at)
		if c.change != nil {
			c.change(&e)
		}
		if _, _, err := known.Create(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		c.move.Job = "a"
		for again := range 2 {
			moved, err := repair.Repair{Table: known}.Move(t.Context(), []reconcile.Move{c.move, {Job: "gone", Attempt: 1, State: budget.Spent}})
			if err != nil || (len(moved) == 1) != (c.moved && again == 0) {
				t.Errorf("%s: moved %+v, %v", name, moved, err)
			}
			if got, err := known.Month(t.Context(), at.UTC().Format("2006-01")); err != nil || got != c.want {
				t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
			}
		}
	}
}
