package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/reconcile"
	"github.com/takeup/takeup/internal/reconcile/gather"
	"github.com/takeup/takeup/internal/video"
)

// An uncertain attempt is spent if its own generations were charged, and released if
// nothing can have been charged for it. Otherwise it stays uncertain, with a reason.
func TestUncertainMoney(t *testing.T) {
	const spent, released = "spent", "released"
	lost := func(change func(*video.Entry)) func(*gather.Facts) {
		return func(f *gather.Facts) {
			e := entry("a", "", &video.SubmissionLost{})
			e.ClaimedAt = to.Add(-270 * time.Minute)
			request, err := catalogue.OfPrompt(all.Models(), "a boat")
			if err != nil {
				panic(err)
			}
			e.Request = request
			e.Reserve(7, e.ClaimedAt)
			e.Book(budget.Uncertain, 0)
			change(&e)
			f.Entries["a"] = e
		}
	}
	of := func(change func(*video.Entry), more ...func(*gather.Facts)) func(*gather.Facts) {
		return func(f *gather.Facts) {
			lost(change)(f)
			for _, m := range more {
				m(f)
			}
		}
	}
	same := func(*video.Entry) {}
	rows := func(rows ...provider.LoggedRequest) func(*gather.Facts) {
		return func(f *gather.Facts) { f.Rows = rows }
	}
	charges := func(charges ...provider.Charge) func(*gather.Facts) {
		return func(f *gather.Facts) { f.Charges = charges }
	}
	failed := row("uuid-1", "a.1")
	failed.Failed = true
	other := charge("uuid-8")
	other.Model = "another/model"
	anonymous := charge("")
	for _, test := range []struct {
		name   string
		change func(*gather.Facts)
		want   string // the state; empty if it stays uncertain
		micros int64
		note   string
	}{
		{name: "nothing of it anywhere", change: of(same), want: released},
		{name: "charged by the logs' id", change: of(same, rows(row("uuid-1", "a.1")), charges(charge("uuid-1"))), want: spent, micros: 50},
		{name: "charged three times", change: of(same, rows(row("uuid-1", "a.1")), charges(charge("uuid-1"), charge("uuid-1"), charge("uuid-1"))), want: spent, micros: 150},
		{name: "charged by the id that came with the answer", change: of(same, charges(charge("uuid-1")), func(f *gather.Facts) { f.Candidates = map[string]string{"a": "uuid-1"} }), want: spent, micros: 50},
		{name: "interrupted after it was accepted, and charged", change: of(func(e *video.Entry) {
			e.Phase, e.GenerationID = video.PhaseAccepted, "uuid-1"
			e.Outcome = video.NewOutcome(&video.Interrupted{}, to)
		}, charges(charge("uuid-1"))), want: spent, micros: 50},
		{name: "failed at the provider, without a charge", change: of(same, rows(failed)), want: released},
		{name: "failed at the provider, and charged nevertheless", change: of(same, rows(failed), charges(charge("uuid-1"))), want: spent, micros: 50},
		{name: "in the logs, without a charge", change: of(same, rows(row("uuid-1", "a.1"))), note: "the provider has generation uuid-1 of it, but no charge (yet)"},
		{name: "another attempt's row and charge", change: of(same, rows(row("uuid-2", "a.2")), charges(charge("uuid-2"))), want: released},
		{name: "another user's charge of another model", change: of(same, charges(other)), want: released},
		{name: "a charge that may be its own", change: of(same, charges(charge("uuid-8"))), note: "charges from its time whose job is unknown: uuid-8"},
		{name: "a charge that names nothing", change: of(same, charges(anonymous)), note: "without an id"},
		{name: "another job's charge", change: of(same, charges(charge("uuid-8")), func(f *gather.Facts) {
			f.Entries["b"], f.Manifests["b"], f.Videos["b"] = entry("b", "uuid-8", nil), "", true
		}), want: released},
		{name: "logs that could not be read", change: of(same, func(f *gather.Facts) { f.LogsUnread = true }), note: "could not be read completely"},
		{name: "transactions that could not be read", change: of(func(e *video.Entry) { e.KeyVersion = "v0" }), note: "could not be read completely"},
		{name: "too soon", change: of(func(e *video.Entry) { e.ClaimedAt = to.Add(-3 * time.Hour) }), note: "may still be charged"},
		{name: "from before", change: of(func(e *video.Entry) { e.ClaimedAt = from.Add(-time.Hour); e.Money[0].Day = "2026-08-20" }), note: "1 earlier attempts"},
		{name: "an earlier attempt of the first day", change: of(func(e *video.Entry) { e.Attempt = 2; e.Money[0].Day = "2026-08-20" }), note: "use a longer --since"},
		{name: "an earlier attempt that was charged", change: of(func(e *video.Entry) { e.Attempt = 2 }, rows(row("uuid-1", "a.1")), charges(charge("uuid-1"))), want: spent, micros: 50},
		{name: "a job that runs", change: of(same, func(f *gather.Facts) {
			f.Executions["a"] = gather.Execution{Name: "a-r1", Status: "RUNNING"}
		})},
		{name: "a job that is redriven", change: of(func(e *video.Entry) { e.Redrives = 1 })},
		{name: "reserved", change: of(func(e *video.Entry) { e.Money[0].State = budget.Reserved })},
		{name: "spent", change: of(func(e *video.Entry) { e.Money[0].State = budget.Spent })},
	} {
		t.Run(test.name, func(t *testing.T) {
			report := reconcile.Compare(facts(test.change))
			noted := ""
			for _, n := range report.Notes {
				if strings.HasPrefix(n.Detail, "it can't be decided whether this attempt") || n.What == "money" {
					noted = n.Detail
				}
			}
			got, micros := "", int64(0)
			for _, m := range report.Money {
				got, micros = string(m.State), m.Charged
				if m.Job != "a" || m.Attempt != 1 || m.Micros != 7 || m.Why == "" {
					t.Errorf("%+v", m)
				}
			}
			if got != test.want || micros != test.micros || (noted == "") != (test.note == "") || !strings.Contains(noted, test.note) {
				t.Errorf("%s %d, %q: %s", got, micros, noted, fmt.Sprintf("%+v", report))
			}
		})
	}
}
