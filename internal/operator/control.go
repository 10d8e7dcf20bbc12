// Package operator has what an operator decides for all jobs of a table: whether they are
// submitted, and which caps hold instead of the stack's own limits.
package operator

import (
	"fmt"
	"time"
)

// Control has the operator's decisions for all jobs of a table.
type Control struct {
	// Table is the name of the table that the decisions are for. A copy of that table, such
	// as a restored one, has another name, and is paused until it is resumed.
	Table string
	// PausedAt is when it was paused; zero where it isn't. PausedBy is the ARN of who paused
	// it, and Reason is theirs.
	PausedAt time.Time
	PausedBy string
	Reason   string
	// Repaired is the name of the table that "takeup reconcile --repair" was last run for.
	Repaired string
	// Caps override the stack's limits; nil where none were set. CapsAt says whether they
	// still hold.
	Caps *Caps
	// Owners has a cap for the names of some tokens: what their jobs may cost in a UTC day,
	// in micro-dollars.
	Owners map[string]int64
}

// Pause gives the control of a paused table. One that is paused already doesn't change.
func (c Control) Pause(table, by, reason string, at time.Time) Control {
	if c.PausedAt.IsZero() {
		c.PausedAt, c.PausedBy, c.Reason = at, by, reason
	}
	return c.of(table)
}

// Resume gives the control of the table of that name with jobs being claimed. A copy of
// another table is resumed only if it was repaired, or with unrepaired; otherwise the error
// is the *Paused of the copy.
func (c Control) Resume(table string, unrepaired bool) (Control, error) {
	if c.Table != "" && c.Table != table && c.Repaired != table && !unrepaired {
		return c, &Paused{CopyOf: c.Table}
	}
	c.Table, c.PausedAt, c.PausedBy, c.Reason = table, time.Time{}, "", ""
	return c, nil
}

// Paused says why no job is claimed in the table of that name; nil where jobs are claimed.
// A table without a control is new, and not paused.
func (c Control) Paused(table string) *Paused {
	switch {
	case !c.PausedAt.IsZero():
		return &Paused{By: c.PausedBy, Reason: c.Reason, Since: c.PausedAt}
	case c.Table != "" && c.Table != table:
		return &Paused{CopyOf: c.Table}
	}
	return nil
}

// Paused says that no job is submitted now. Jobs that were submitted before continue.
type Paused struct {
	By, Reason string
	Since      time.Time // zero for a copy
	// CopyOf is the name of the table that this one is a copy of; empty where somebody
	// paused it.
	CopyOf string
}

func (e *Paused) Error() string {
	if e.CopyOf != "" {
		return fmt.Sprintf("the table is a copy of %s, so nothing is submitted until it is repaired (takeup reconcile --repair) and resumed (takeup resume)", e.CopyOf)
	}
	reason := ""
	if e.Reason != "" {
		reason = " (" + e.Reason + ")"
	}
	return fmt.Sprintf("%s paused it at %s%s, so nothing is submitted until somebody resumes it (takeup resume)", e.By, e.Since.UTC().Format(time.RFC3339), reason)
}
