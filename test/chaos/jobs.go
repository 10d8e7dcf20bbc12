package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
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

// names knows whose call a call is.
type names struct {
	mu          sync.Mutex
	byID        map[string]string
	generations map[string]string // by their bare ids
	claims      map[string]claim  // by the begin of the time that a look-up asks for
}

// claim is one that the ledger was seen to be given.
type claim struct {
	job, id string
	at      time.Time
}

func newNames() *names {
	return &names{byID: map[string]string{}, generations: map[string]string{}, claims: map[string]claim{}}
}

func (n *names) add(id, name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.byID[id] = name
}

// of gives the name of a job's id, and empty where it isn't known.
func (n *names) of(id string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.byID[id]
}

// await gives it as soon as it is known. What may be a redrive of the job counts too.
func (n *names) await(ctx context.Context, id string) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		if name := n.ofExecution(id); name != "" {
			return name
		}
		select {
		case <-ctx.Done():
			return ""
		case <-tick.C:
		}
	}
}

// accepted notes whose a generation is.
func (n *names) accepted(generation, name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.generations[bare(generation)] = name
}

func (n *names) ofGeneration(id string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.generations[bare(id)]
}

// clockSkew is by how much earlier than its claim a look-up begins to read.
const clockSkew = 5 * time.Minute

// claimed notes a claim, and asked finds it by the time that the provider's
// records are asked from.
func (n *names) claimed(c claim) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.claims[stamp(c.at.Add(-clockSkew))] = c
}

func (n *names) asked(from string) (claim, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c, ok := n.claims[from]
	return c, ok
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// bare takes the model off a generation's id.
func bare(id string) string {
	id, _, _ = strings.Cut(id, ":")
	return id
}

// idOf takes the attempt off a client request id.
func idOf(clientRequestID string) string {
	id, _, _ := strings.Cut(clientRequestID, ".")
	return id
}
