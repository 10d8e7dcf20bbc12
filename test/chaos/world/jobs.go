package world

import (
	"fmt"
	"slices"
	"time"
)

// The ways in.
const (
	ByAPI      = "api"
	ByAPIAgain = "again"
	ByText     = "txt"
	ByJSON     = "json"
	ByHand     = "hand"
	ByBatch    = "batch"
)

// Triggers lists the ways in, in the order of the jobs.
var Triggers = []string{ByAPI, ByAPIAgain, ByBatch, ByText, ByJSON, ByBatch, ByHand}

// Job is a job of the run.
type Job struct {
	// Name identifies the job in the plan. A prompt file's id depends on the bucket, whose name
	// differs in each run.
	Name    string
	Trigger string
	ID      string // empty until it is known
	Version string // of a prompt file
	Batch   *Batch // nil unless it came by one

	Began, Ended time.Time
	// The first round begins when the job is sent. Each time that it is resumed begins another.
	Rounds []*Round
}

// Round is a period in which a job runs.
type Round struct {
	// Seen is the outcome after the job had ended, and Again that after everything was at rest.
	Seen, Again *Outcome
	// Hands counts how often an execution was stopped by hand. Stopped is the last time.
	Hands   int
	Stopped time.Time
}

// HasHook reports whether the job's request has a webhook of its own.
func (j *Job) HasHook() bool { return j.Trigger == ByAPI || j.Trigger == ByJSON }

// Round returns the job's last round.
func (j *Job) Round() *Round { return j.Rounds[len(j.Rounds)-1] }

// Last returns the outcome that was seen last.
func (j *Job) Last() *Outcome {
	for _, r := range slices.Backward(j.Rounds) {
		if r.Again != nil {
			return r.Again
		}
		if r.Seen != nil {
			return r.Seen
		}
	}
	return nil
}

// NewJobs returns n jobs, with the triggers in turn.
func NewJobs(n int, triggers []string) []*Job {
	all := make([]*Job, n)
	for i := range all {
		trigger := triggers[i%len(triggers)]
		all[i] = &Job{Name: fmt.Sprintf("%s-%d", trigger, i), Trigger: trigger, Rounds: []*Round{{}}}
	}
	return all
}
