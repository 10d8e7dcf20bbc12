package operate

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/reconcile"
	"github.com/takeup/takeup/internal/reconcile/gather"
)

func TestExport(t *testing.T) {
	var out strings.Builder
	if err := export(&out, []variable{{"A", "x y"}, {"B", ""}}); err != nil || out.String() != "export A='x y'\nunset B\n" {
		t.Errorf("got %v, %s", err, out.String())
	}
}

func TestEnvPath(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, path, want string }{
		{"takeup", "/bin", ""},
		{".takeup/bin/takeup", "/bin", here + "/.takeup/bin:/bin"},
		{"/opt/takeup", "/bin:/usr/bin", "/opt:/bin:/usr/bin"},
		{"/opt/takeup", "/bin:/opt", ""},
		{"go run ./cmd/takeup", "/bin", ""},
	} {
		env := &command.Env{Name: c.name, Getenv: func(string) string { return c.path }}
		if got := path(env); got != c.want {
			t.Errorf("%s with %s: got %q, want %q", c.name, c.path, got, c.want)
		}
	}
}

func TestBars(t *testing.T) {
	spending := func(spent, reserved, uncertain json.Number) api.UsageSum {
		return api.UsageSum{Spent: spent, Reserved: reserved, Uncertain: uncertain}
	}
	for want, sum := range map[string]api.UsageSum{
		"":           spending("0", "0", "0"),
		"##########": spending("8", "0", "0"),
		"#####":      spending("4", "0", "0"),
		"#":          spending("0.000001", "0", "0"),
		"####+++???": spending("2.8", "2.4", "2.8"), // 3.5, 3 and 3.5 characters
		"#+?":        spending("0.01", "0.01", "0.01"),
		"+??":        spending("0", "0.8", "1.6"),
	} {
		if got := drawBar(sum, 8, 10); got != want {
			t.Errorf("%+v is drawn as %q, want %q", sum, got, want)
		}
	}
	if got := drawBar(spending("1", "1", "1"), 3, 2); got != "#+" {
		t.Errorf("in two characters it is %q", got)
	}
}

func TestReportIsShown(t *testing.T) {
	at := time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	report := reconcile.Report{
		From: at, To: at, Paid: 1, Micros: 7_000_000,
		Findings: []reconcile.Finding{{Kind: reconcile.Charge, What: "uuid-1", At: at, Micros: 7_000_000, Detail: "paid", ToDo: "ask"}},
		Unknown:  []gather.Unknown{{Source: "logs", Reason: "refused"}},
		Notes:    []reconcile.Note{{What: "uuid-2", Job: "a", Detail: "no charge is recorded for it (yet)"}},
		Money: []reconcile.Move{
			{Job: "a", Attempt: 1, Day: "2026-08-21", Micros: 980_000, State: budget.Spent, Charged: 2_940_000, Why: "charged for generation uuid-3"},
			{Job: "b", Attempt: 2, Day: "2026-08-20", Micros: 980_000, State: budget.Released, Why: "there is no charge for it"},
		},
	}
	var out bytes.Buffer
	if err := showReport(&out, report, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"charge  uuid-1  -    2026-08-21T12:00:00Z  7    paid  ask\n", "unknown: logs: refused\n", "note: uuid-2 (job a): no charge",
		"money: attempt 1 of job a, of 2026-08-21: 0.98 USD uncertain, which would be 2.94 USD spent (charged for generation uuid-3); write it with takeup reconcile --money\n",
		"which would be released (there is no charge for it)", "1 found, 1 unknown\n"} {
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
	if err := showReport(&out, report, false); err != nil || !strings.Contains(out.String(), "job b, of 2026-08-20: 0.98 USD uncertain, which is now released (there is no charge for it)\n") ||
		!strings.Contains(out.String(), "counters: money 2026-08: in_flight was 3, and is now 2, the sum of the jobs\n") || strings.Contains(out.String(), "2026-07") {
		t.Errorf("%v, %s", err, out.String())
	}
	out.Reset()
	var read reconcile.Report
	if err := showReport(&out, report, true); err != nil || json.Unmarshal(out.Bytes(), &read) != nil || read.Findings[0].ToDo != "ask" {
		t.Errorf("got %v, %s", err, out.String())
	}
}
