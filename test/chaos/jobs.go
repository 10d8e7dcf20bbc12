package chaos

import (
	"fmt"
	"slices"
	"time"
)

// The ways in.
const (
	byAPI      = "api"
	byAPIAgain = "again"
	byText     = "txt"
	byJSON     = "json"
	byHand     = "hand"
)

var triggers = []string{byAPI, byAPIAgain, byText, byJSON, byHand}

// job is one that was sent.
type job struct {
	// name is what the plan knows it by: a file's id holds the bucket, which is
	// another one in each run.
	name    string
	trigger string
	id      string // empty until it is known
	version string // of a prompt file

	began, ended time.Time
	// The first round is that of its sending; each time that it is gone on with
	// begins another one.
	rounds []*round
}

// round is a time in which a job runs.
type round struct {
	// What was seen when it had ended, and what when nothing ran any more.
	seen, again *outcome
	// hands counts how often an execution was stopped by hand, the last time at
	// stopped.
	hands   int
	stopped time.Time
}

// round is the last one.
func (j *job) round() *round { return j.rounds[len(j.rounds)-1] }

// last is what was seen of it last.
func (j *job) last() *outcome {
	for _, r := range slices.Backward(j.rounds) {
		if r.again != nil {
			return r.again
		}
		if r.seen != nil {
			return r.seen
		}
	}
	return nil
}

func newJobs(n int) []*job {
	all := make([]*job, n)
	for i := range all {
		trigger := triggers[i%len(triggers)]
		all[i] = &job{name: fmt.Sprintf("%s-%d", trigger, i), trigger: trigger, rounds: []*round{{}}}
	}
	return all
}
