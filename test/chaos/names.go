package chaos

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/takeup/takeup/internal/video"
)

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

// lastOf gives the name that an execution's ARN ends with.
func lastOf(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }

// ofExecution gives the name of the job that an execution looks after, and empty where
// it isn't known.
func (n *names) ofExecution(execution string) string {
	if name := n.of(execution); name != "" {
		return name
	}
	id, _ := video.RedriveOf(execution)
	return n.of(id)
}
