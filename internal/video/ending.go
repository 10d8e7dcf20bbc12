package video

import (
	"errors"
	"fmt"
	"time"
)

// Ending is how a job ended once. Only a redrive, or an owner who discards a stored video, gives
// it another.
type Ending struct {
	N     int // how often the job has ended, from 1
	State State
	At    time.Time
	// Of a job without a video: the outcome's name.
	Outcome string
	// Paid says whether the job costs money.
	Paid   Paid
	Micros int64 // the provider's charge, in micro-dollars; 0 if it isn't known
	Bytes  int64 // of a stored video
}

// CountEnding sets the count of the entry's endings for a version that is about to be written. It
// returns the ending that the version adds, and false if it adds none. The same entry may be
// counted again.
func (e *Entry) CountEnding() (Ending, bool) {
	ending, ended := e.ending()
	as := ""
	if ended {
		name := ending.Outcome
		if name == "" {
			name = string(ending.State)
		}
		as = fmt.Sprintf("%s.%d", name, e.Redrives)
	}
	added := ended && as != e.EndedAs
	if added {
		e.Endings++
	}
	e.EndedAs, ending.N = as, e.Endings
	return ending, added
}

// ending returns how the job has ended; false if it has not.
func (e Entry) ending() (Ending, bool) {
	switch state := e.State(); {
	case !state.Ended():
		return Ending{}, false
	case e.Over():
		o := Ending{State: state, At: e.Outcome.At, Outcome: e.Outcome.Name, Paid: e.Outcome.Paid()}
		var discarded *Discarded
		if errors.As(e.Outcome.Err(), &discarded) {
			o.Micros = discarded.Micros
		}
		return o, true
	case state == StateDiscarded: // its video is being removed
		return Ending{State: state, At: e.DiscardedAt, Outcome: OutcomeName(&Discarded{}), Paid: PaidYes, Micros: e.Manifest.ChargedMicros}, true
	default:
		m := e.Manifest
		return Ending{State: state, At: m.StoredAt, Paid: PaidYes, Micros: m.ChargedMicros, Bytes: m.Bytes}, true
	}
}
