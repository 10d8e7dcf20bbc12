package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/reconcile"
	"github.com/takeup/takeup/internal/video"
)

func TestReportIsShown(t *testing.T) {
	at := time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	report := reconcile.Report{
		From: at, To: at, Paid: 1, Micros: 7_000_000,
		Findings: []reconcile.Finding{{Kind: reconcile.Charge, What: "uuid-1", At: at, Micros: 7_000_000, Detail: "paid", ToDo: "ask"}},
		Unknown:  []reconcile.Unknown{{Source: "logs", Reason: "refused"}},
		Notes:    []reconcile.Note{{What: "uuid-2", Job: "a", Detail: "no charge of it is there (yet)"}},
		Money: []reconcile.Move{
			{Job: "a", Attempt: 1, Day: "2026-08-21", Micros: 980_000, State: video.MoneySpent, Charged: 2_940_000, Why: "charged for generation uuid-3"},
			{Job: "b", Attempt: 2, Day: "2026-08-20", Micros: 980_000, State: video.MoneyReleased, Why: "no charge is for it"},
		},
	}
	var out bytes.Buffer
	if err := showReport(&out, report, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"charge  uuid-1  -    2026-08-21T12:00:00Z  7    paid  ask\n", "unknown: logs: refused\n", "note: uuid-2 (job a): no charge",
		"money: attempt 1 of job a, of 2026-08-21: 0.98 USD uncertain, which would be 2.94 USD spent (charged for generation uuid-3); takeup reconcile --money writes it\n",
		"which would be released (no charge is for it)", "1 named, 1 unknown\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	out.Reset()
	report.Moved = true
	report.Drifts = []reconcile.Drift{
		{Counter: "money 2026-08", Counted: map[string]int64{"in_flight": 3}, Jobs: map[string]int64{"in_flight": 2}, Mended: true},
		{Counter: "money 2026-07", Counted: map[string]int64{"in_flight": 1}, Jobs: map[string]int64{"in_flight": 0}},
	}
	if err := showReport(&out, report, false); err != nil || !strings.Contains(out.String(), "job b, of 2026-08-20: 0.98 USD uncertain, which is now released (no charge is for it)\n") ||
		!strings.Contains(out.String(), "counters: money 2026-08: in_flight was 3, and is 2 as the jobs make it\n") || strings.Contains(out.String(), "2026-07") {
		t.Errorf("%v, %s", err, out.String())
	}
	out.Reset()
	var read reconcile.Report
	if err := showReport(&out, report, true); err != nil || json.Unmarshal(out.Bytes(), &read) != nil || read.Findings[0].ToDo != "ask" {
		t.Errorf("got %v, %s", err, out.String())
	}
}

func TestReconcileTakesAWindow(t *testing.T) {
	for _, since := range []string{"0s", "2161h", "soon"} {
		if status := newTestWorld(t).run(t.Context(), "reconcile", "--since", since); status != exitUsage {
			t.Errorf("%s: %d", since, status)
		}
	}
}

func TestReconcileMovesOrRepairs(t *testing.T) {
	if status := newTestWorld(t).run(t.Context(), "reconcile", "--money", "--repair"); status != exitUsage {
		t.Errorf("both at once: %d", status)
	}
}
