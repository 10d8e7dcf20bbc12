package cli

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/apitest"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/cli/clitest"
	"github.com/takeup/takeup/internal/provider/all"
)

// spending returns a sum with videos, failed ones, and those in doubt.
func spending(videos, failed, inDoubt int64, spent, reserved, uncertain string) api.UsageSum {
	return api.UsageSum{
		Videos: videos, Failed: failed, InDoubt: inDoubt,
		Spent: json.Number(spent), Reserved: json.Number(reserved), Uncertain: json.Number(uncertain),
	}
}

func someUsage() api.Usage {
	alice, long := "alice", strings.Repeat("long-name-", 6)
	today := api.UsageDay{Day: "2026-08-04", UsageSum: spending(1, 0, 2, "0.98", "1.400001", "0.004")}
	return api.Usage{
		Balance: &api.Balance{USD: "47.5", At: apitest.Created},
		Month:   "2026-08", Total: spending(124, 3, 2, "121.52", "1.400001", "0.004"), Today: &today,
		Days: []api.UsageDay{
			{Day: "2026-08-01", UsageSum: spending(123, 0, 0, "120.54", "0", "0")},
			{Day: "2026-08-02", UsageSum: spending(0, 3, 0, "0", "0", "0")},
			{Day: "2026-08-03", UsageSum: spending(0, 0, 0, "0", "0", "0")},
			today,
		},
		Models: []api.UsageModel{
			{Model: catalogue.Default(all.Models()), UsageSum: spending(123, 3, 0, "120.54", "0", "0")},
			{Model: "klingai/video-v3-standard-text-to-video", UsageSum: spending(1, 0, 2, "0.98", "1.400001", "0.004")},
		},
		Owners: []api.UsageOwner{
			{UsageSum: spending(121, 0, 0, "118.58", "0", "0")},
			{Owner: &alice, UsageSum: spending(2, 3, 0, "1.96", "0", "0")},
			{Owner: &long, UsageSum: spending(1, 0, 2, "0.98", "1.400001", "0.004")},
		},
	}
}

// TestUsageFits checks the output in terminals of several widths.
func TestUsageFits(t *testing.T) {
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	w, f := withAPI(t)
	f.Usage = someUsage()
	var printed strings.Builder
	for _, width := range []int{20, 40, 80, 160, 0} {
		w.Out.Reset()
		w.Width = width
		if status := w.run(t.Context(), "usage"); status != 0 {
			t.Fatalf("got %d, %s", status, &w.Err)
		}
		fmt.Fprintf(&printed, "%d columns\n%s\n", width, &w.Out)
		for line := range strings.Lines(w.Out.String()) {
			line = strings.TrimSuffix(line, "\n")
			if wide := runewidth.StringWidth(line); width >= 40 && wide > width {
				t.Errorf("at %d columns a line has %d: %s", width, wide, line)
			}
		}
	}
	t.Chdir(here)
	clitest.Golden(t, "usage-widths", printed.String())
}

func TestUsage(t *testing.T) {
	w, f := withAPI(t)
	f.Usage = api.Usage{
		Month: "2026-07", Total: spending(0, 0, 0, "0", "0", "0"),
		Days: []api.UsageDay{}, Models: []api.UsageModel{}, Owners: []api.UsageOwner{},
	}
	for _, test := range []struct{ args, uri, want string }{
		{"usage", "/usage", "nothing was submitted in 2026-07\n"},
		{"usage --json", "/usage", `"spent_usd": 0,`},
		{"usage --month 2026-07", "/usage?month=2026-07", "nothing"},
		{"usage --owner alice --model " + catalogue.Default(all.Models()), "/usage?model=kling-video%2Fv1%2Fpro%2Ftext-to-video&owner=alice", "nothing"},
	} {
		w.Out.Reset()
		if status := w.run(t.Context(), strings.Fields(test.args)...); status != 0 {
			t.Fatalf("%s: %d, %s", test.args, status, &w.Err)
		}
		calls := f.Calls()
		if got := calls[len(calls)-1].URI; got != test.uri || !strings.Contains(w.Out.String(), test.want) {
			t.Errorf("%s asks for %s and prints %s", test.args, got, &w.Out)
		}
	}
	f.Usage = someUsage()
	w.Out.Reset()
	if status := w.run(t.Context(), "usage"); status != 0 || !strings.Contains(w.Out.String(), "2026-08: 124 videos for 121.52 USD, 3 failed, 1.40 reserved") {
		t.Errorf("%d, %s%s", status, &w.Out, &w.Err)
	}
	calls := len(f.Calls())
	for _, month := range []string{"2026-13", "august", ""} {
		w.Err.Reset()
		if status := w.run(t.Context(), "usage", "--month="+month); status != exitUsage || !strings.Contains(w.Err.String(), "--month must be a month such as 2026-08") {
			t.Errorf("--month %q: %d, %s", month, status, &w.Err)
		}
	}
	if len(f.Calls()) != calls {
		t.Error("an invalid month is requested")
	}
}
