// Package operator has an operator's decisions for all jobs of a table: whether jobs are
// submitted, and which caps override the stack's limits.
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
	// PausedAt is when the table was paused; zero if it isn't paused. PausedBy is the ARN
	// of who paused it, and Reason is their reason.
	PausedAt time.Time
	PausedBy string
	Reason   string
	// Repaired is the name of the table for which "takeup reconcile --repair" last ran.
	Repaired string
	// Caps override the stack's limits; nil if none were set. CapsAt says whether they are
	// still in effect.
	Caps *Caps
	// Owners has the caps of tokens, by token name: what the jobs of each may cost in a UTC
	// day, in micro-dollars.
	Owners map[string]int64
}

// Pause returns the control of a paused table. If the table is already paused, nothing
// changes.
func (c Control) Pause(table, by, reason string, at time.Time) Control {
	if c.PausedAt.IsZero() {
		c.PausedAt, c.PausedBy, c.Reason = at, by, reason
	}
	return c.of(table)
}

// Resume returns the control of the named table with claims allowed. A copy of another
// table is resumed only if it was repaired, or if unrepaired is set; otherwise the error is
// the copy's *Paused.
func (c Control) Resume(table string, unrepaired bool) (Control, error) {
	if c.Table != "" && c.Table != table && c.Repaired != table && !unrepaired {
		return c, &Paused{CopyOf: c.Table}
	}
	c.Table, c.PausedAt, c.PausedBy, c.Reason = table, time.Time{}, "", ""
	return c, nil
}

// Paused returns why no job is claimed in the named table; nil if jobs are claimed. A table
// without a control is new, and not paused.
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
	// CopyOf is the name of the table that this one is a copy of; empty if somebody paused
	// it.
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
	return fmt.Sprintf("%s paused the stack at %s%s, so nothing is submitted until somebody resumes it (takeup resume)", e.By, e.Since.UTC().Format(time.RFC3339), reason)
}
