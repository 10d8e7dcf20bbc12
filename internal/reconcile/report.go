// Package reconcile compares what the provider charged with what Takeup kept: the table, the
// videos bucket, the executions and the prompt files. Package gather reads these facts. Compare, a
// pure function, reports every discrepancy between them.
package reconcile

import (
	"time"

	"github.com/takeup/takeup/internal/reconcile/gather"
)

// Kind is the subject of a finding.
type Kind string

// The kinds of findings.
const (
	Charge  Kind = "charge"  // paid, but no video is stored
	Price   Kind = "price"   // paid more than three times the list price
	Job     Kind = "job"     // neither stored, nor ended, nor running
	Prompt  Kind = "prompt"  // a prompt file with neither a job nor a rejection
	Video   Kind = "video"   // a video without a manifest, or a manifest without a video
	Counter Kind = "counter" // monthly counters that differ from the sum of the jobs' money
)

// Finding is one discrepancy.
type Finding struct {
	Kind Kind `json:"kind"`
	// What identifies the subject: a generation ID, a job ID or an object key.
	What string `json:"what"`
	// Job is the job's ID, if known.
	Job    string    `json:"job,omitempty"`
	At     time.Time `json:"at,omitzero"`
	Micros int64     `json:"micros,omitempty"` // micro-dollars
	Detail string    `json:"detail"`
	ToDo   string    `json:"to_do"`
}

// Note is informational and needs no action.
type Note struct {
	What   string `json:"what"`
	Job    string `json:"job,omitempty"`
	Detail string `json:"detail"`
}

// Report is the result of Compare.
type Report struct {
	From     time.Time        `json:"from"`
	To       time.Time        `json:"to"`
	Jobs     int              `json:"jobs"`    // in the table
	Videos   int              `json:"videos"`  // stored, with a manifest
	Paid     int              `json:"paid"`    // generations charged between From and To
	Micros   int64            `json:"micros"`  // their total by the transactions, in micro-dollars
	Prompts  int              `json:"prompts"` // files uploaded between From and To
	Running  int              `json:"running"` // jobs among those examined whose execution is running
	Findings []Finding        `json:"findings"`
	Money    []Move           `json:"money"`  // uncertain money that the charges resolve
	Moved    bool             `json:"moved"`  // Money was written to the table
	Drifts   []Drift          `json:"drifts"` // counters that differ from the sum of the jobs' money
	Unknown  []gather.Unknown `json:"unknown"`
	Notes    []Note           `json:"notes"`
}

// Settled reports whether everything is accounted for: there are no findings, and
// every source could be read.
func (r Report) Settled() bool { return len(r.Findings) == 0 && len(r.Unknown) == 0 }
