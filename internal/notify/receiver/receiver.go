// Package receiver says what is known of how fast a receiver of webhooks answers, and what follows
// for the next one.
package receiver

import "time"

// Pace is how fast a receiver answers.
type Pace string

// A receiver is asked while the first webhook to it is under way.
const (
	Asked Pace = "asked"
	Quick Pace = "quick"
	Slow  Pace = "slow"
)

// Receiver is what is known of a receiver. The zero Receiver is unknown.
type Receiver struct {
	Pace Pace
	At   time.Time // when it was found
}

const (
	// slowAfter is how long a receiver may take that isn't slow. It answers with any status.
	slowAfter = time.Second
	// quickFor and slowFor are how long a pace is believed.
	quickFor = 10 * time.Minute
	slowFor  = 5 * time.Minute
	// askedFor is how long the first webhook may be under way. Later, whoever sent it has died.
	askedFor = time.Minute
)

// Of returns what an attempt has shown that took so long.
func Of(took time.Duration, now time.Time) Receiver {
	if took > slowAfter {
		return Receiver{Slow, now}
	}
	return Receiver{Quick, now}
}

// Advice is what to do with a webhook that wasn't attempted yet.
type Advice int

const (
	// Ask: nothing is known. One webhook is sent, after the pace Asked was written.
	Ask Advice = iota
	// Send: the receiver is quick.
	Send
	// Soon: whether it is quick will be known in a second.
	Soon
	// Aside: the receiver is slow, and would hold up others.
	Aside
)

// SoonIn is when to look again after Soon.
const SoonIn = slowAfter

// Advice returns what to do with the next webhook.
func (r Receiver) Advice(now time.Time) Advice {
	switch age := now.Sub(r.At); {
	case r.Pace == Quick && age < quickFor:
		return Send
	case r.Pace == Slow && age < slowFor:
		return Aside
	case r.Pace == Asked && age < slowAfter:
		return Soon
	case r.Pace == Asked && age < askedFor:
		return Aside
	}
	return Ask
}

// Newer reports whether found, which was just found, is worth being written in place of r.
func (r Receiver) Newer(found Receiver) bool {
	return r.Pace != found.Pace || found.At.Sub(r.At) > min(quickFor, slowFor)/2
}

// Life is how long what is known of a receiver is kept.
const Life = quickFor
