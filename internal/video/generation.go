package video

import (
	"fmt"
	"time"
)

// GenerationState is how far the provider is with a generation.
type GenerationState string

// A generation has an end or it hasn't: every word that isn't known to be an
// end keeps it running.
const (
	Running  GenerationState = "running"
	Finished GenerationState = "finished" // with a video
	Failed   GenerationState = "failed"   // without one, and not charged
)

// Generation is the provider's view of a submission that it accepted.
type Generation struct {
	ID      string
	Route   Route
	State   GenerationState
	Word    string // the provider's own word for the state
	URL     string // of the finished video; signed and short-lived; may be missing at first
	Failure string // the provider's words about a failed one
	Credits int64  // what it says the generation used; 0 where it doesn't say
}

// RefusalKind is why the provider did not take a call.
type RefusalKind string

// Each kind is certain not to have started, or charged, anything.
const (
	RefusedBusy        RefusalKind = "busy"        // 429: a rate or a concurrency limit
	RefusedUnreachable RefusalKind = "unreachable" // the connection was never made, or the call never begun
	RefusedInvalid     RefusalKind = "invalid"     // 400 and its kin
	RefusedKey         RefusalKind = "key"         // 401
	RefusedCredits     RefusalKind = "credits"     // 403
	RefusedUnknown     RefusalKind = "unknown"     // 404: nothing is known by that id
)

// Refusal is a call that the provider certainly did not accept.
type Refusal struct {
	Kind       RefusalKind   `json:"kind"`
	Said       string        `json:"said"` // its words, or the failure to connect
	RetryAfter time.Duration `json:"-"`    // 0 where it gave none
}

func (e *Refusal) Error() string {
	return fmt.Sprintf("the provider refused the call (%s): %s", e.Kind, e.Said)
}

// Unanswered is a call whose answer doesn't tell whether it was accepted: reset,
// timed out, 5xx, not the provider's JSON. A submission that is unanswered may
// be charged and must not be sent again.
type Unanswered struct {
	Err         error
	RetryAfter  time.Duration // 0 where none was given
	InferenceID string        // from the answer's header: may be a generation's id, to be confirmed
}

func (e *Unanswered) Error() string {
	return fmt.Sprintf("the provider gave no usable answer: %v", e.Err)
}

func (e *Unanswered) Unwrap() error { return e.Err }

// LoggedRequest is a row of the provider's request log.
type LoggedRequest struct {
	Created         time.Time
	Failed          bool
	Model           string
	InferenceID     string
	ClientRequestID string
}

// Charge is an entry of the provider's account: money that went out for a
// generation.
type Charge struct {
	Created     time.Time
	Model       string // empty where the provider doesn't say
	ReferenceID string // the generation's id
	Credits     int64
}

// Percentiles are of the times that a model's generations took of late.
type Percentiles struct{ P50, P90 time.Duration }

// Key is the provider's API key and the version of the secret that it is.
type Key struct {
	Value   string
	Version string
}

// String keeps the key out of logs and errors, whatever prints it.
func (k Key) String() string { return "key version " + k.Version }

// GoString does the same for %#v.
func (k Key) GoString() string { return k.String() }

// MarshalText does the same for JSON, and so for slog.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// NoKeyVersion says that a version of the key's secret is gone, so that what was
// sent with it can't be looked up any more.
type NoKeyVersion struct{ Version string }

func (e *NoKeyVersion) Error() string {
	return "the secret no longer has version " + e.Version + " of the provider's key"
}
