package video

// State is the progress of a job, as its owner sees it. The names are the provider's where
// it has one.
type State string

// A job is queued until the provider has accepted it, and generating until its video is
// stored or it has ended without one: by an error, or by its owner's choice, before or
// after it was accepted.
const (
	StateQueued     State = "queued"
	StateGenerating State = "generating"
	StateCompleted  State = "completed"
	StateFailed     State = "error"
	StateCancelled  State = "cancelled"
	StateDiscarded  State = "discarded"
)

// States returns all states.
func States() []State {
	return []State{StateQueued, StateGenerating, StateCompleted, StateFailed, StateCancelled, StateDiscarded}
}

// Ended reports whether only a redrive changes the state.
func (s State) Ended() bool { return s != StateQueued && s != StateGenerating }

// State returns the state of the entry's job. A failed execution shows once it is settled.
func (e Entry) State() State {
	switch {
	case e.Over():
		return e.Outcome.Kind().State
	case e.Manifest != nil && !e.DiscardedAt.IsZero():
		return StateDiscarded // its video is being removed
	case e.Manifest != nil:
		return StateCompleted
	case e.Phase == PhaseAccepted:
		return StateGenerating
	}
	return StateQueued
}
