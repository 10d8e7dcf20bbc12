package provider

import (
	"errors"
	"fmt"
	"time"
)

// RefusalKind is the reason why a provider refused a call.
type RefusalKind string

// Every kind means that nothing was started, and nothing charged.
const (
	RefusedBusy        RefusalKind = "busy"        // no capacity now: a rate or concurrency limit
	RefusedUnreachable RefusalKind = "unreachable" // no connection was made, or the call never began
	RefusedInvalid     RefusalKind = "invalid"     // the request is invalid
	RefusedKey         RefusalKind = "key"         // the key is not accepted
	RefusedFunds       RefusalKind = "funds"       // the account is out of money, or the key's limit is reached
	RefusedUnknown     RefusalKind = "unknown"     // the handle is unknown
)

// Refusal is a call that the provider certainly did not accept.
type Refusal struct {
	Kind       RefusalKind
	Said       string        // the provider's words, or the connection error
	RetryAfter time.Duration // 0 if none was given
}

// IsRefusal reports whether err is, or wraps, a *Refusal of that kind.
func IsRefusal(err error, kind RefusalKind) bool {
	var refusal *Refusal
	return errors.As(err, &refusal) && refusal.Kind == kind
}

func (e *Refusal) Error() string {
	return fmt.Sprintf("the provider refused the call (%s): %s", e.Kind, e.Said)
}

// Unanswered is a call whose answer doesn't say whether it was accepted: the connection
// broke, it timed out, or the answer is not one of the provider's API. An unanswered
// submission may be charged and must not be sent again.
type Unanswered struct {
	Err        error
	RetryAfter time.Duration // 0 if none was given
	Candidate  Handle        // from the answer to a submission, if it has one; unconfirmed
}

func (e *Unanswered) Error() string {
	return fmt.Sprintf("the provider gave no usable answer: %v", e.Err)
}

func (e *Unanswered) Unwrap() error { return e.Err }
