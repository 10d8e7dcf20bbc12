package cli

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/apitest"
	"github.com/takeup/takeup/internal/cli/clitest"
)

// TestCaps sets and resets caps, and shows them.
func TestCaps(t *testing.T) {
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	w, f := withAPI(t)
	newFakeAWS(t, f)
	clear(w.Vars)
	now := apitest.Created
	w.Now = func() time.Time { return now }
	var printed strings.Builder
	run := func(args ...string) {
		w.Out.Reset()
		w.Err.Reset()
		status := w.run(t.Context(), append(args, "--stack", "takeup")...)
		fmt.Fprintf(&printed, "$ takeup %s\n%s%s(%d)\n\n", strings.Join(args, " "), &w.Out, &w.Err, status)
	}
	run("caps")
	run("caps", "reset")
	run("caps", "set", "--max-usd-per-day", "20.5", "--for", "12h")
	run("caps", "set", "--max-in-flight", "none", "--json")
	run("caps", "set", "--until", "2026-12-01")
	run("caps", "set", "--max-usd-per-month", "none", "--max-in-flight", "5", "--for", "3d")
	now = now.Add(72 * time.Hour)
	run("caps", "set", "--max-usd-per-month", "300", "--until", "reset") // the others have ended
	run("caps", "reset", "--json")
	for _, wrong := range [][]string{
		{},
		{"--until", "2026-12-01"},
		{"--max-usd-per-day", "0"},
		{"--max-usd-per-day", "-1"},
		{"--max-usd-per-month", "1.0000001"},
		{"--max-in-flight", "0"},
		{"--max-in-flight", "2.5"},
		{"--max-in-flight", "3", "--for", "soon"},
		{"--max-in-flight", "3", "--until", "tomorrow"},
		{"--max-in-flight", "3", "--until", "2026-08-24"},
		{"--max-in-flight", "3", "--until", "2026-12-01", "--for", "1h"},
		{"--owner", "alice"},
		{"--owner", "alice", "--max-in-flight", "3"},
		{"--owner", "a b", "--max-usd-per-day", "3"},
	} {
		run(append([]string{"caps", "set"}, wrong...)...)
	}
	usd := func(amount string) *json.Number { return new(json.Number(amount)) }
	midnight := now.Truncate(24*time.Hour).AddDate(0, 0, 1)
	f.Control.Caps = api.Caps{
		Day:      api.Cap{Limit: usd("20.5"), Parameter: usd("100"), Held: api.Held{Spent: "0.98", Reserved: "0", Uncertain: "0.000001", ResetsAt: midnight}},
		Month:    api.Cap{Parameter: usd("300"), Held: api.Held{Spent: "212.74", Reserved: "1.96", Uncertain: "0", ResetsAt: midnight.AddDate(0, 0, 10)}},
		InFlight: api.InFlight{Limit: new(int64(3)), Held: 2},
		Override: &api.Override{By: "arn:aws:iam::123456789012:user/ann", At: now},
		Owners:   []api.OwnerCap{{Name: "alice", Limit: "5", Held: api.Held{Spent: "0.98", Reserved: "0", Uncertain: "0", ResetsAt: midnight}}},
	}
	run("caps")
	f.Control.Caps.Override.Until = &midnight
	run("caps")
	run("caps", "--json")
	t.Chdir(here)
	clitest.Golden(t, "caps", printed.String())
}
