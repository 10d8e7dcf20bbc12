package faults

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/takeup/takeup/internal/video"
)

// Names knows whose call a call is.
type Names struct {
	mu          sync.Mutex
	byID        map[string]string
	generations map[string]string // by their bare ids
	claims      map[string]Claim  // by the begin of the time that a look-up asks for
}

// Claim is one that the ledger was seen to be given.
type Claim struct {
	Job, ID string
	At      time.Time
}

// NewNames makes an empty Names.
func NewNames() *Names {
	return &Names{byID: map[string]string{}, generations: map[string]string{}, claims: map[string]Claim{}}
}

// Add records the name of a job's id.
func (n *Names) Add(id, name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.byID[id] = name
}

// Of returns the name of a job's id, and empty where it isn't known.
func (n *Names) Of(id string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.byID[id]
}

// Await returns it as soon as it is known. What may be a redrive of the job counts too.
func (n *Names) Await(ctx context.Context, id string) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		if name := n.OfExecution(id); name != "" {
			return name
		}
		select {
		case <-ctx.Done():
			return ""
		case <-tick.C:
		}
	}
}

// Accepted notes whose a generation is.
func (n *Names) Accepted(generation, name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.generations[Bare(generation)] = name
}

// OfGeneration returns the name of a generation's job.
func (n *Names) OfGeneration(id string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.generations[Bare(id)]
}

// clockSkew is by how much earlier than its claim a look-up begins to read.
const clockSkew = 5 * time.Minute

// Claimed notes a claim, and asked finds it by the time that the provider's
// records are asked from.
func (n *Names) Claimed(c Claim) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.claims[stamp(c.At.Add(-clockSkew))] = c
}

// Asked finds the claim that a lookup from this time is for.
func (n *Names) Asked(from string) (Claim, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c, ok := n.claims[from]
	return c, ok
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// Bare takes the model off a generation's id.
func Bare(id string) string {
	id, _, _ = strings.Cut(id, ":")
	return id
}

// IDOf takes the attempt off a client request id.
func IDOf(clientRequestID string) string {
	id, _, _ := strings.Cut(clientRequestID, ".")
	return id
}

// LastOf returns the name that an execution's ARN ends with.
func LastOf(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }

// OfExecution returns the name of the job that an execution looks after, and empty where it
// isn't known.
func (n *Names) OfExecution(execution string) string {
	if name := n.Of(execution); name != "" {
		return name
	}
	id, _ := video.RedriveOf(execution)
	return n.Of(id)
}
