package video

import "time"

// State is how far a job is, in the provider's words for it where it has some.
type State string

// A job is queued until the provider has accepted it, and generating until its
// video is stored or it has ended without one: by an error, or by its owner's
// choice, before it was accepted or after.
const (
	StateQueued     State = "queued"
	StateGenerating State = "generating"
	StateCompleted  State = "completed"
	StateFailed     State = "error"
	StateCancelled  State = "cancelled"
	StateDiscarded  State = "discarded"
)

// States lists them all.
func States() []State {
	return []State{StateQueued, StateGenerating, StateCompleted, StateFailed, StateCancelled, StateDiscarded}
}

// Ended reports whether only a redrive changes the state.
func (s State) Ended() bool { return s != StateQueued && s != StateGenerating }

// State is how far the job is, as the entry knows it: that an execution died is
// known once it is settled.
func (e Entry) State() State {
	switch {
	case e.Over() && e.Outcome.Name == OutcomeName(&Cancelled{}):
		return StateCancelled
	case e.Over() && e.Outcome.Name == OutcomeName(&Discarded{}):
		return StateDiscarded
	case e.Over():
		return StateFailed
	case e.Manifest != nil && !e.DiscardedAt.IsZero():
		return StateDiscarded // its video is being removed
	case e.Manifest != nil:
		return StateCompleted
	case e.Phase == PhaseAccepted:
		return StateGenerating
	}
	return StateQueued
}

// Over reports whether the job has ended without a video. An outcome from before
// the job's last redrive is none: the redrive goes on from it.
func (e Entry) Over() bool { return e.Outcome != nil && e.Outcome.Redrive == e.Redrives }

// End records that the job has ended without a video, in the redrive that it is in.
func (e *Entry) End(err error, at time.Time) {
	e.Outcome = NewOutcome(err, at)
	e.Outcome.Redrive = e.Redrives
}
