package control

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/cli/clitest"
	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/video"
)

// control is a table's control item in memory. Another writer makes each of changes between a
// read and the write that follows it.
type control struct {
	is      operator.Control
	version string
	changes int
	writes  int
	err     error
}

func (c *control) Name() string { return "jobs" }

func (c *control) Control(context.Context) (operator.Control, string, error) {
	return c.is, c.version, c.err
}

func (c *control) PutControl(_ context.Context, is operator.Control, version string) error {
	if c.changes > 0 {
		c.changes--
		return &video.Conflict{}
	}
	if version != c.version {
		return errors.New("another version")
	}
	c.is, c.version, c.writes = is, c.version+"1", c.writes+1
	return nil
}

func TestPauseAndResume(t *testing.T) {
	w, _ := clitest.WithAPI(t)
	at := time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	pause := func(c operator.Control, table string) (operator.Control, error) {
		return c.Pause(table, "ann", "a bill", at), nil
	}
	resume := func(c operator.Control, table string) (operator.Control, error) { return c.Resume(table, false) }
	for _, test := range []struct {
		name   string
		table  control
		change func(operator.Control, string) (operator.Control, error)
		json   bool
		want   string
		writes int
		fails  string
	}{
		{name: "paused", change: pause, want: "paused since 2026-08-21T12:00:00Z by ann: a bill\n", writes: 1},
		{name: "paused before", table: control{is: operator.Control{}.Pause("jobs", "bob", "", at)}, change: pause, want: "paused since 2026-08-21T12:00:00Z by bob\n"},
		{name: "as JSON", change: pause, json: true, want: `"by": "ann"`, writes: 1},
		{name: "resumed", table: control{is: operator.Control{}.Pause("jobs", "bob", "", at), changes: 2}, change: resume, want: "not paused: jobs are submitted\n", writes: 1},
		{name: "resumed, as JSON", change: resume, json: true, want: `"paused": null`, writes: 1},
		{name: "a copy", table: control{is: operator.Control{Table: "other"}}, change: resume, fails: "the table is a copy of other"},
		{name: "changed each time", table: control{changes: 3}, change: pause, fails: "others changed it"},
		{name: "unread", table: control{err: &video.ServiceUnavailable{Doing: "reading it", Err: errors.New("denied")}}, change: pause, fails: "reading it failed: denied"},
	} {
		w.Out.Reset()
		err := decide(t.Context(), w.Env, &test.table, test.json, test.change)
		switch {
		case test.fails != "":
			if err == nil || !strings.Contains(err.Error(), test.fails) || test.table.writes > 0 {
				t.Errorf("%s: %v, written %d times", test.name, err, test.table.writes)
			}
		case err != nil || !strings.Contains(w.Out.String(), test.want) || test.table.writes != test.writes:
			t.Errorf("%s: %v, written %d times, printed %s", test.name, err, test.table.writes, &w.Out)
		}
	}
}
