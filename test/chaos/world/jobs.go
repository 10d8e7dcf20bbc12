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
)

// Triggers are all the ways in.
var Triggers = []string{ByAPI, ByAPIAgain, ByText, ByJSON, ByHand}

// Job is one that was sent.
type Job struct {
	// Name is what the plan knows it by: a file's id holds the bucket, which is
	// another one in each run.
	Name    string
	Trigger string
	ID      string // empty until it is known
	Version string // of a prompt file

	Began, Ended time.Time
	// The first round begins when it is sent; each time that it is resumed
	// begins another one.
	Rounds []*Round
}

// Round is a time in which a job runs.
type Round struct {
	// What was seen when it had ended, and what when nothing ran any more.
	Seen, Again *Outcome
	// Hands counts how often an execution was stopped by hand, the last time at
	// stopped.
	Hands   int
	Stopped time.Time
}

// Round is the last one.
func (j *Job) Round() *Round { return j.Rounds[len(j.Rounds)-1] }

// Last is what was seen of it last.
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

// NewJobs makes n jobs, with all triggers in turn.
func NewJobs(n int) []*Job {
	all := make([]*Job, n)
	for i := range all {
		trigger := Triggers[i%len(Triggers)]
		all[i] = &Job{Name: fmt.Sprintf("%s-%d", trigger, i), Trigger: trigger, Rounds: []*Round{{}}}
	}
	return all
}
