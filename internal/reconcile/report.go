// Package reconcile holds what the provider charged against what is kept: the
// table, the videos bucket, the executions and the prompt files. It reads and
// changes nothing. Gather reads the facts; Compare, which is pure, names what
// does not add up.
package reconcile

import "time"

// Kind is what a finding is about.
type Kind string

// The kinds of findings.
const (
	Charge  Kind = "charge"  // paid, and no stored video of it
	Price   Kind = "price"   // paid, and more than three times the price by the list
	Job     Kind = "job"     // neither stored, nor ended, nor running
	Prompt  Kind = "prompt"  // a prompt file with neither a job nor a rejection
	Video   Kind = "video"   // a video without a manifest, or a manifest without a video
	Counter Kind = "counter" // counters of the money that aren't the sums of the jobs'
)

// Finding is one thing that does not add up.
type Finding struct {
	Kind Kind `json:"kind"`
	// What names it: a generation's id, a job's id, a key.
	What string `json:"what"`
	// Job is the job's id, where it is known.
	Job    string    `json:"job,omitempty"`
	At     time.Time `json:"at,omitzero"`
	Micros int64     `json:"micros,omitempty"` // micro-dollars
	Detail string    `json:"detail"`
	ToDo   string    `json:"to_do"`
}

// Unknown is a source that could not be read, and why. What depends on it is
// said of nothing: neither that it is there nor that it is missing.
type Unknown struct {
	Source string `json:"source"`
	Reason string `json:"reason"`
}

// Note is for information: it asks for nothing to be done.
type Note struct {
	What   string `json:"what"`
	Job    string `json:"job,omitempty"`
	Detail string `json:"detail"`
}

// Report is what Compare found.
type Report struct {
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Jobs     int       `json:"jobs"`    // in the table
	Videos   int       `json:"videos"`  // stored, with a manifest
	Paid     int       `json:"paid"`    // generations that were charged from From to To
	Micros   int64     `json:"micros"`  // of those, by the transactions, in micro-dollars
	Prompts  int       `json:"prompts"` // files uploaded from From to To
	Running  int       `json:"running"` // jobs of those looked at that are in work
	Findings []Finding `json:"findings"`
	Money    []Move    `json:"money"`  // uncertain money of which the charges tell
	Moved    bool      `json:"moved"`  // Money was written
	Drifts   []Drift   `json:"drifts"` // counters that aren't the sums of the jobs' money
	Unknown  []Unknown `json:"unknown"`
	Notes    []Note    `json:"notes"`
}

// Settled reports whether all is accounted for: nothing was named, and nothing
// could not be read.
func (r Report) Settled() bool { return len(r.Findings) == 0 && len(r.Unknown) == 0 }
