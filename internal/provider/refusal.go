package provider

import (
	"fmt"
	"time"
)

// RefusalKind is why a provider did not take a call.
type RefusalKind string

// Each kind is certain not to have started, or charged, anything.
const (
	RefusedBusy        RefusalKind = "busy"        // it has no room now: a rate or a concurrency limit
	RefusedUnreachable RefusalKind = "unreachable" // the connection was never made, or the call never begun
	RefusedInvalid     RefusalKind = "invalid"     // it doesn't take the request
	RefusedKey         RefusalKind = "key"         // it doesn't know the key
	RefusedFunds       RefusalKind = "funds"       // the account has no money left, or the key's limit is reached
	RefusedUnknown     RefusalKind = "unknown"     // nothing is known by that handle
)

// Refusal is a call that the provider certainly did not accept.
type Refusal struct {
	Kind       RefusalKind
	Said       string        // its words, or the failure to connect
	RetryAfter time.Duration // 0 where it gave none
}

func (e *Refusal) Error() string {
	return fmt.Sprintf("the provider refused the call (%s): %s", e.Kind, e.Said)
}

// Unanswered is a call whose answer doesn't tell whether it was accepted: the connection
// broke, it timed out, or what came is no answer of the provider's API. A submission that
// is unanswered may be charged and must not be sent again.
type Unanswered struct {
	Err        error
	RetryAfter time.Duration // 0 where none was given
	Candidate  Handle        // of a submission, where the answer has one, to be confirmed
}

func (e *Unanswered) Error() string {
	return fmt.Sprintf("the provider gave no usable answer: %v", e.Err)
}

func (e *Unanswered) Unwrap() error { return e.Err }
