package pipeline

import (
	"math"
	"time"
)

// Schedule says when to ask the provider again. It is a pure function of the
// time that has passed: a step keeps nothing between two looks.
type Schedule struct {
	First    time.Duration // from the submission to the first look
	Interval time.Duration // between looks, until the soft deadline
	Soft     time.Duration // since the submission; looks get rarer from here
	Hard     time.Duration // since the submission; there is no look after this one
}

// longestWait is the most between two looks at a generation that is late.
const longestWait = 15 * time.Minute

// Next is the wait before the next look at a generation that was submitted that
// long ago. Past the soft deadline a wait is a tenth of the time since then, so
// that a day takes about forty looks more, but is no shorter than before it.
func (s Schedule) Next(elapsed time.Duration) time.Duration {
	switch {
	case elapsed < s.First:
		return s.First - elapsed
	case elapsed < s.Soft:
		return s.Interval
	}
	return min(max(s.Interval, (elapsed-s.Soft)/10), longestWait, max(s.Hard-elapsed, s.Interval))
}

// seconds rounds a wait up to what a Wait state takes: whole seconds, at least
// one.
func seconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }
