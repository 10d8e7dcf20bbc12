package proxy

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/takeup/takeup/internal/budget"
)

// Account tracks the money of all jobs' attempts, from the transactions that passed DynamoDB's
// proxy. While it tracks them, the transactions are carried out one after another.
type Account struct {
	mu    sync.Mutex
	seen  map[string]bool                    // transactions, by their tokens
	money map[string]map[string]budget.Money // by the job's partition and the attempt

	DayMicros, Slots int64                      // the caps in force
	Over             int64                      // the largest excess of a claim over a cap, in micro-dollars or slots
	Waited           map[string]map[string]bool // the jobs that waited, by the limit
	Holds            []*hold                    // in the order of the claims
}

// hold is the time in which an attempt holds a slot.
type hold struct {
	job              string
	created, claimed time.Time
	freed            time.Time // zero means not yet
}

// Passed returns the largest number of younger jobs that overtook a job.
func (a *Account) Passed() int {
	most := 0
	for i, h := range a.Holds {
		by := 0
		for _, before := range a.Holds[:i] {
			if before.created.After(h.created) {
				by++
			}
		}
		most = max(most, by)
	}
	return most
}

// Ideal returns how long the slots would have been held if each had gone to the next claim as
// soon as it was freed, and how long it really took.
func (a *Account) Ideal() (ideal, took time.Duration) {
	free := make([]time.Duration, a.Slots)
	for _, h := range a.Holds {
		next := slices.Index(free, slices.Min(free))
		free[next] += h.freed.Sub(h.claimed)
		took = max(took, h.freed.Sub(a.Holds[0].claimed))
	}
	return slices.Max(free), took
}

// Pace returns how many claims a second were made, from the first to the last.
func (a *Account) Pace() float64 {
	if len(a.Holds) < 2 {
		return 0
	}
	return float64(len(a.Holds)-1) / a.Holds[len(a.Holds)-1].claimed.Sub(a.Holds[0].claimed).Seconds()
}

// NewAccount returns an account with these caps.
func NewAccount(dayMicros, slots int64) *Account {
	return &Account{
		seen: map[string]bool{}, money: map[string]map[string]budget.Money{}, Waited: map[string]map[string]bool{},
		DayMicros: dayMicros, Slots: slots,
	}
}

// amounts is the money in a job's item.
type amounts struct {
	keys
	CreatedAt attribute `json:"created_at"`
	Money     struct {
		L []struct {
			M struct {
				Attempt, Micros struct{ N string }
				Day, State      attribute
				Slot            struct{ BOOL bool }
			}
		}
	} `json:"money"`
	FullOf attribute `json:"full_of"`
}

// Carry has a call carried out and records what it wrote.
func (a *Account) Carry(r *http.Request, body []byte, forward func() (*answer, error)) (*answer, error) {
	c := readCall(r, body)
	if c.operation != "TransactWriteItems" && c.operation != "PutItem" {
		return forward()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	got, err := forward()
	if err != nil || got.status != http.StatusOK || c.ClientRequestToken != "" && a.seen[c.ClientRequestToken] {
		return got, err
	}
	a.seen[c.ClientRequestToken] = c.ClientRequestToken != ""
	var in struct {
		Item          amounts
		TransactItems []struct{ Put struct{ Item amounts } }
	}
	_ = json.Unmarshal(body, &in) // it was carried out
	a.take(in.Item)
	for _, item := range in.TransactItems {
		a.take(item.Put.Item)
	}
	return got, nil
}

// take records an item's money. A new attempt is a claim.
func (a *Account) take(item amounts) {
	job := item.Partition.S
	if item.Sort.S != "job" {
		return
	}
	if full := item.FullOf.S; full != "" {
		if a.Waited[full] == nil {
			a.Waited[full] = map[string]bool{}
		}
		a.Waited[full][job] = true
	}
	before, after, slot := a.money[job], map[string]budget.Money{}, false
	var claimed *budget.Money
	for _, part := range item.Money.L {
		micros, _ := strconv.ParseInt(part.M.Micros.N, 10, 64) // the table wrote a number
		m := budget.Money{Day: part.M.Day.S, Micros: micros, State: budget.State(part.M.State.S), Slot: part.M.Slot.BOOL}
		if _, known := before[part.M.Attempt.N]; !known {
			claimed = &m
		}
		after[part.M.Attempt.N] = m
		slot = slot || m.Slot
	}
	for _, h := range a.Holds {
		if h.job == job && !slot && h.freed.IsZero() {
			h.freed = time.Now()
		}
	}
	a.money[job] = after
	if claimed == nil {
		return
	}
	created, _ := time.Parse(time.RFC3339Nano, item.CreatedAt.S) // the table wrote a time
	a.Holds = append(a.Holds, &hold{job: job, created: created, claimed: time.Now()})
	held, slots := int64(0), int64(0)
	for _, attempts := range a.money {
		for _, m := range attempts {
			if m.Day == claimed.Day {
				held += m.Held()
			}
			if m.Slot {
				slots++
			}
		}
	}
	a.Over = max(a.Over, slots-a.Slots)
	if a.DayMicros > 0 {
		a.Over = max(a.Over, held-a.DayMicros)
	}
}

// Raise raises the day's cap, before the first claim under it can be made.
func (a *Account) Raise(usd int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.DayMicros = usd * 1e6
}
