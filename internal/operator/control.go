// Package operator has what an operator decides for all jobs of a table: whether they are
// submitted, and which caps hold instead of the stack's own limits.
package operator

import (
	"fmt"
	"time"
)

// Control is what the operator decided for all jobs of a table.
type Control struct {
	// Table is the name of the table that the decision is for. A copy of that table,
	// such as one that was restored, has another, and is paused until it is resumed.
	Table string
	// PausedAt is when it was paused; zero where it isn't. PausedBy is who did so,
	// by the ARN, and Reason why, in their words.
	PausedAt time.Time
	PausedBy string
	Reason   string
	// Repaired is the name of the table that "takeup reconcile --repair" last wrote back
	// to what it lacked.
	Repaired string
	// Caps are those that win over the stack's limits, as they were last set; nil where
	// none are. CapsAt says whether they still hold.
	Caps *Caps
	// Owners has caps by the names of tokens: what their jobs may cost in a UTC day, in
	// micro-dollars.
	Owners map[string]int64
}

// Pause gives the decision that the table is paused. One that is paused stays as it is.
func (c Control) Pause(table, by, reason string, at time.Time) Control {
	if c.PausedAt.IsZero() {
		c.PausedAt, c.PausedBy, c.Reason = at, by, reason
	}
	return c.of(table)
}

// Resume gives the decision that jobs are claimed in the table of that name. A copy of
// another is only where it was repaired, or with unrepaired; otherwise the error is
// the *Paused of the copy.
func (c Control) Resume(table string, unrepaired bool) (Control, error) {
	if c.Table != "" && c.Table != table && c.Repaired != table && !unrepaired {
		return c, &Paused{CopyOf: c.Table}
	}
	c.Table, c.PausedAt, c.PausedBy, c.Reason = table, time.Time{}, "", ""
	return c, nil
}

// Paused says why nothing is claimed in the table of a name; nil where jobs are
// claimed. A table without a decision is not paused: it is new.
func (c Control) Paused(table string) *Paused {
	switch {
	case !c.PausedAt.IsZero():
		return &Paused{By: c.PausedBy, Reason: c.Reason, Since: c.PausedAt}
	case c.Table != "" && c.Table != table:
		return &Paused{CopyOf: c.Table}
	}
	return nil
}

// Paused says that no job is submitted now. What was submitted before goes on.
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
