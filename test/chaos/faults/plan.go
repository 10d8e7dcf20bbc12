// Package faults decides by a seed what fails, and knows which job a call belongs to.
package faults

import (
	"fmt"
	"hash/fnv"
	"maps"
	"strings"
	"sync"
)

// LongestBurst is the maximum number of calls in a row that one fault affects. The SDK tries a
// call three times, so only the SDK notices a shorter burst.
const LongestBurst = 4

// Fault is something that can happen to a call of a kind.
type Fault[T any] struct {
	Name   string
	Weight float64
	Burst  int // how many calls in a row; 0 is one
	Do     T
}

// Plan decides what fails, and records it.
type Plan struct {
	seed  uint64
	Share float64
	// First maps a kind of call to the name of the fault of every job's first call.
	First map[string]string
	// Reached, if not nil, is called before each decision about a call.
	Reached func(kind, job string)

	mu       sync.Mutex
	ordinals map[string]int
	turns    map[string]int // calls by kind and owner
	calls    map[string]int // by kind
	faults   map[string]int // by kind and fault
	ofJob    map[string][]string
}

// New returns the plan of a seed, by which a share of the calls fails.
func New(seed uint64, share float64) *Plan {
	return &Plan{
		seed: seed, Share: share, First: map[string]string{},
		ordinals: map[string]int{}, turns: map[string]int{}, calls: map[string]int{}, faults: map[string]int{}, ofJob: map[string][]string{},
	}
}

// Roll returns a number in [0, 1) that depends only on the seed and the words.
func (p *Plan) Roll(words ...any) float64 {
	hash := fnv.New64a()
	fmt.Fprint(hash, p.seed)
	for _, word := range words {
		fmt.Fprintf(hash, "|%v", word)
	}
	// FNV's high bits hardly depend on its last bytes, so mix them (splitmix64).
	x := hash.Sum64()
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return float64((x^x>>31)>>11) / (1 << 53)
}

// Next counts a call of a kind for a job and returns its fault, or nil. Only the first most
// calls can fail.
func Next[T any](p *Plan, kind, job string, most int, menu []Fault[T]) *Fault[T] {
	if p.Reached != nil {
		p.Reached(kind, job)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[kind]++
	p.ordinals[kind+" "+job]++
	n := p.ordinals[kind+" "+job]
	if n > most {
		return nil
	}
	for ago := range LongestBurst {
		if f := pick(p, kind, job, n-ago, menu); f != nil && ago < max(f.Burst, 1) {
			p.faults[kind+"/"+f.Name]++
			p.ofJob[Owner(job)] = append(p.ofJob[Owner(job)], fmt.Sprintf("%s %d: %s", kind, n, f.Name))
			return f
		}
	}
	return nil
}

// pick returns the fault that begins at a job's n-th call of a kind.
func pick[T any](p *Plan, kind, job string, n int, menu []Fault[T]) *Fault[T] {
	if n == 1 && p.First[kind] != "" {
		return Named(menu, p.First[kind])
	}
	if n < 1 || p.Roll("fails", kind, job, n) >= p.Share {
		return nil
	}
	total := 0.0
	for _, f := range menu {
		total += f.Weight
	}
	at := p.Roll("how", kind, job, n) * total
	for i := range menu {
		if at -= menu[i].Weight; at < 0 {
			return &menu[i]
		}
	}
	return nil
}

// Named returns the fault of that name, or nil.
func Named[T any](menu []Fault[T], name string) *Fault[T] {
	for i := range menu {
		if menu[i].Name == name {
			return &menu[i]
		}
	}
	return nil
}

// Shared is the owner of the calls on behalf of all jobs.
const Shared = "all"

// Turn names the pseudo-job of a call that belongs to no job, but to an owner, which is a batch or
// Shared: this many calls in a row count as one job's.
func (p *Plan) Turn(kind, owner string, many int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turns[kind+" "+owner]++
	return fmt.Sprintf("%s/%d", owner, (p.turns[kind+" "+owner]-1)/many)
}

// Owner returns the owner of a pseudo-job that Turn returned, or the job itself.
func Owner(job string) string {
	owner, _, _ := strings.Cut(job, "/")
	return owner
}

// Note counts a fault that belongs to no job's call, or to a job as a whole.
func (p *Plan) Note(kind, name, job string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults[kind+"/"+name]++
	if job != "" {
		p.ofJob[job] = append(p.ofJob[job], kind+": "+name)
	}
}

// Counts returns the calls by kind, and the faults by kind and name.
func (p *Plan) Counts() (calls, faults map[string]int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.calls), maps.Clone(p.faults)
}

// Met returns the faults that a job or a batch met.
func (p *Plan) Met(name string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.ofJob[name]...)
}

// Trait is a property of a job as a whole.
type Trait string

// The traits of jobs.
const (
	Plain Trait = ""
	Never Trait = "never finishes"
	Late  Trait = "finishes after the soft deadline"
	Fails Trait = "fails"
	Large Trait = "is of more than one part"
)

// Trait returns a job's trait. A generation that never ends is in no record that a lookup could
// read, so the submission of such a job meets no fault (see Calm).
func (p *Plan) Trait(job string) Trait {
	at := p.Roll("trait", job)
	for _, t := range []struct {
		trait Trait
		share float64
	}{{Never, 0.06 * p.Share}, {Late, 0.15 * p.Share}, {Fails, 0.15 * p.Share}, {Large, 0.02}} {
		if at -= t.share; at < 0 {
			return t.trait
		}
	}
	return Plain
}

// Calm reports whether a job's submission must not meet a fault.
func (p *Plan) Calm(job string) bool { return p.Trait(job) == Never }
