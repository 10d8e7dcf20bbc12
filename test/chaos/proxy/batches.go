package proxy

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"

	"github.com/takeup/takeup/internal/batch/record"
)

// Batches tracks how many attempts of each batch are in flight, from the writes that passed
// DynamoDB's proxy. It has the writes of a batch carried out one after another.
type Batches struct {
	mu sync.Mutex
	of map[string]*batch
	// What is over a limit: the largest excess of a claim over the number of videos that its
	// batch makes at once, and how many claims were made in a batch that was cancelled.
	Over, Cancelled int64
}

// batch is what was written of a batch and its jobs.
type batch struct {
	mu        sync.Mutex
	seen      map[string]bool            // transactions, by their tokens
	slots     map[string]bool            // the jobs that hold a slot
	attempts  map[string]map[string]bool // by job
	atOnce    int64
	cancelled bool
}

// NewBatches returns an empty Batches.
func NewBatches() *Batches { return &Batches{of: map[string]*batch{}} }

// ofBatch is the part of a batch's record and of its jobs' items that is tracked.
type ofBatch struct {
	amounts
	Batch  attribute               `json:"batch"`
	State  attribute               `json:"state"`
	AtOnce struct{ N json.Number } `json:"at_once"`
}

// id returns the id of an item's batch, or "" if the item isn't tracked.
func (i ofBatch) id() string {
	switch i.Sort.S {
	case "batch":
		id, _ := strings.CutPrefix(i.Partition.S, record.Partition(""))
		return id
	case "job":
		return i.Batch.S
	}
	return ""
}

// Carry has a call carried out and records what it wrote.
func (b *Batches) Carry(r *http.Request, body []byte, forward func() (*answer, error)) (*answer, error) {
	c := readCall(r, body)
	if c.operation != "TransactWriteItems" && c.operation != "PutItem" {
		return forward()
	}
	var in struct {
		Item          ofBatch
		TransactItems []struct{ Put struct{ Item ofBatch } }
	}
	_ = json.Unmarshal(body, &in) // what can't be read is not tracked
	items := []ofBatch{in.Item}
	for _, action := range in.TransactItems {
		items = append(items, action.Put.Item)
	}
	id := ""
	for _, item := range items {
		if id = item.id(); id != "" {
			break
		}
	}
	if id == "" {
		return forward()
	}
	b.mu.Lock()
	of := b.of[id]
	if of == nil {
		of = &batch{seen: map[string]bool{}, slots: map[string]bool{}, attempts: map[string]map[string]bool{}}
		b.of[id] = of
	}
	b.mu.Unlock()
	of.mu.Lock()
	defer of.mu.Unlock()
	got, err := forward()
	if err != nil || got.status != http.StatusOK || of.seen[c.ClientRequestToken] {
		return got, err
	}
	of.seen[c.ClientRequestToken] = c.ClientRequestToken != ""
	for _, item := range items {
		if item.id() == id && of.take(item) {
			b.claimed(of)
		}
	}
	return got, nil
}

// take records an item. It reports whether the item has a new attempt, which is a claim.
func (b *batch) take(item ofBatch) bool {
	if item.Sort.S == "batch" {
		b.atOnce, _ = item.AtOnce.N.Int64() // the table wrote a number
		b.cancelled = item.State.S == string(record.Cancelled)
		return false
	}
	job, attempts, slot, claimed := item.Partition.S, map[string]bool{}, false, false
	for _, part := range item.Money.L {
		attempts[part.M.Attempt.N] = true
		claimed = claimed || !b.attempts[job][part.M.Attempt.N]
		slot = slot || part.M.Slot.BOOL
	}
	b.attempts[job] = attempts
	if delete(b.slots, job); slot {
		b.slots[job] = true
	}
	return claimed
}

// claimed counts a claim that is over a limit.
func (b *Batches) claimed(of *batch) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.Over = max(b.Over, int64(len(of.slots))-of.atOnce)
	if of.cancelled {
		b.Cancelled++
	}
}
