package faults

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video/execname"
)

// Names maps calls to the jobs that they belong to.
type Names struct {
	mu          sync.Mutex
	byID        map[string]string
	generations map[string]string    // by their bare ids
	claims      map[string]Claim     // by the start of the time range of a lookup
	awaited     map[string]time.Time // when each id was first asked for
}

// Claim is a claim that was seen on its way to the table.
type Claim struct {
	Job, ID string
	At      time.Time
}

// NewNames returns an empty Names.
func NewNames() *Names {
	return &Names{byID: map[string]string{}, generations: map[string]string{}, claims: map[string]Claim{}, awaited: map[string]time.Time{}}
}

// Add records the name of a job's id.
func (n *Names) Add(id, name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.byID[id] = name
}

// Of returns the name of a job's id, or "" if it isn't known.
func (n *Names) Of(id string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.byID[id]
}

// patience is how long a name is awaited: an id may be used before whoever caused it hears of it.
const patience = 5 * time.Second

// Await returns the name as soon as it is known. The id may be that of a redrive of the job. One that
// is of no job, such as that of a refused request, is awaited once: a function that met two of them
// would otherwise always be killed.
func (n *Names) Await(ctx context.Context, id string) string {
	n.mu.Lock()
	if n.awaited[id].IsZero() {
		n.awaited[id] = time.Now()
	}
	until := n.awaited[id].Add(patience)
	n.mu.Unlock()
	ctx, cancel := context.WithDeadline(ctx, until)
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

// Accepted records whose a generation is.
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

// Claimed records a claim, so that Asked can find it by the start of a lookup in the provider's
// records, which is earlier than the claim by the clock skew.
func (n *Names) Claimed(c Claim) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.claims[stamp(c.At.Add(-provider.ClockSkew))] = c
}

// Asked returns the claim of a lookup that starts at this time.
func (n *Names) Asked(from string) (Claim, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c, ok := n.claims[from]
	return c, ok
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// Bare strips the model from a generation's id.
func Bare(id string) string {
	id, _, _ = strings.Cut(id, ":")
	return id
}

// IDOf strips the attempt from a client request id.
func IDOf(clientRequestID string) string {
	id, _, _ := strings.Cut(clientRequestID, ".")
	return id
}

// LastOf returns the name at the end of an execution's ARN.
func LastOf(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }

// OfExecution returns the name of an execution's job, or "" if it isn't known.
func (n *Names) OfExecution(execution string) string {
	if name := n.Of(execution); name != "" {
		return name
	}
	id, _ := execname.RedriveOf(execution)
	return n.Of(id)
}
