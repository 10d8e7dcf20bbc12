package chaos

import (
	"fmt"
	"hash/fnv"
	"maps"
	"sync"
)

// longestBurst is the most calls in a row that one fault spoils. The SDK itself
// tries three times, so a shorter one is only seen by it.
const longestBurst = 4

// fault is one of the things that can happen to a call of a kind.
type fault[T any] struct {
	name   string
	weight float64
	burst  int // how many calls in a row; 0 is one
	do     T
}

// plan decides what fails, and keeps what it let fail.
type plan struct {
	seed  uint64
	share float64
	// first has, by kind, the name of the fault that meets the first call of every
	// job.
	first map[string]string
	// reached is told of each call before it is decided what meets it; nil: nobody is.
	reached func(kind, job string)

	mu       sync.Mutex
	ordinals map[string]int
	calls    map[string]int // by kind
	faults   map[string]int // by kind and fault
	ofJob    map[string][]string
}

func newPlan(seed uint64, share float64) *plan {
	return &plan{
		seed: seed, share: share, first: map[string]string{},
		ordinals: map[string]int{}, calls: map[string]int{}, faults: map[string]int{}, ofJob: map[string][]string{},
	}
}

// roll gives a number from 0 up to 1 that depends on the seed and the words alone.
func (p *plan) roll(words ...any) float64 {
	hash := fnv.New64a()
	fmt.Fprint(hash, p.seed)
	for _, word := range words {
		fmt.Fprintf(hash, "|%v", word)
	}
	// FNV's high bits hardly know its last bytes: they are mixed (splitmix64).
	x := hash.Sum64()
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return float64((x^x>>31)>>11) / (1 << 53)
}

// next counts a call of a kind for a job, and gives the fault that meets it, or
// nil. Only the first most calls can fail.
func next[T any](p *plan, kind, job string, most int, menu []fault[T]) *fault[T] {
	if p.reached != nil {
		p.reached(kind, job)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[kind]++
	p.ordinals[kind+" "+job]++
	n := p.ordinals[kind+" "+job]
	if n > most {
		return nil
	}
	for ago := range longestBurst {
		if f := pick(p, kind, job, n-ago, menu); f != nil && ago < max(f.burst, 1) {
			p.faults[kind+"/"+f.name]++
			p.ofJob[job] = append(p.ofJob[job], fmt.Sprintf("%s %d: %s", kind, n, f.name))
			return f
		}
	}
	return nil
}

// pick gives the fault that begins at a job's n-th call of a kind.
func pick[T any](p *plan, kind, job string, n int, menu []fault[T]) *fault[T] {
	if n == 1 && p.first[kind] != "" {
		return named(menu, p.first[kind])
	}
	if n < 1 || p.roll("fails", kind, job, n) >= p.share {
		return nil
	}
	total := 0.0
	for _, f := range menu {
		total += f.weight
	}
	at := p.roll("how", kind, job, n) * total
	for i := range menu {
		if at -= menu[i].weight; at < 0 {
			return &menu[i]
		}
	}
	return nil
}

// named returns the fault of that name, or nil.
func named[T any](menu []fault[T], name string) *fault[T] {
	for i := range menu {
		if menu[i].name == name {
			return &menu[i]
		}
	}
	return nil
}

// turn names what a call of a kind counts for that is of no one job: so many in a row
// count as one job's.
func (p *plan) turn(kind string, many int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprintf("all-%d", p.calls[kind]/many)
}

// note counts what was done to no job's call, or to a job as a whole.
func (p *plan) note(kind, name, job string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults[kind+"/"+name]++
	if job != "" {
		p.ofJob[job] = append(p.ofJob[job], kind+": "+name)
	}
}

// counts gives the calls by kind and the faults by kind and name.
func (p *plan) counts() (calls, faults map[string]int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.calls), maps.Clone(p.faults)
}

// met gives what a job met.
func (p *plan) met(job string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.ofJob[job]...)
}

// trait is what sets a job apart as a whole.
type trait string

const (
	plain trait = ""
	never trait = "never finishes"
	late  trait = "finishes after the soft deadline"
	fails trait = "fails"
	large trait = "is of more than one part"
)

// trait of a job. A generation that never ends is in no record that a look-up
// could read, so its submission is left alone (see calm).
func (p *plan) trait(job string) trait {
	at := p.roll("trait", job)
	for _, t := range []struct {
		trait trait
		share float64
	}{{never, 0.06 * p.share}, {late, 0.15 * p.share}, {fails, 0.15 * p.share}, {large, 0.02}} {
		if at -= t.share; at < 0 {
			return t.trait
		}
	}
	return plain
}

// calm says whether nothing may befall a job's submission.
func (p *plan) calm(job string) bool { return p.trait(job) == never }
