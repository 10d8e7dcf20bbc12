// Package provider is what the pipeline knows of those who make the videos. A provider
// is an adapter in a folder of its own, which alone knows its API's paths, words and
// units; package all lists them. What not every provider has is in interfaces of their
// own: Records, Metrics, Pricer and Biller.
package provider

import (
	"context"
	"time"

	"github.com/takeup/takeup/internal/video"
)

// Provider makes videos. It is safe for concurrent use. The errors of Submit and
// Retrieve are a *Refusal or an *Unanswered, and no others.
type Provider interface {
	// Name is what the table and the executions call the provider. It must not change
	// as long as there are jobs of it.
	Name() string
	// Models lists the names of the models that the provider has.
	Models() []string
	// Submit has a generation made of a request, and gives it once it is accepted. At
	// most one is made and charged for a reference, whatever fails: an adapter must not
	// repeat its call unless the provider takes the second for the first. A *Refusal
	// says that none was made, and an *Unanswered that one may have been.
	Submit(ctx context.Context, key video.Key, reference string, request video.Request) (Generation, error)
	// Retrieve asks how a generation is doing. A *Refusal of kind RefusedUnknown says
	// that there is none by that handle, and an *Unanswered that this call told nothing.
	Retrieve(ctx context.Context, key video.Key, handle Handle) (Generation, error)
	// Find looks once for a submission whose answer was lost. It only reads: it never
	// has a generation made. What can't be read is in Found.Unread; the error is one of
	// the keys'.
	Find(ctx context.Context, keys Keys, lost Submission) (Found, error)
}

// Handle is how a provider is asked for a generation. Only the adapter that made it reads
// it. It stays good when the adapter's settings change.
type Handle string

// State is how far the provider is with a generation.
type State string

// A generation has an end or it hasn't: every word that isn't known to be an end keeps it
// running.
const (
	Running  State = "running"
	Finished State = "finished" // with a video
	Failed   State = "failed"   // without one, and not charged
)

// Generation is the provider's view of a submission that it accepted.
type Generation struct {
	Handle Handle
	// ID is what the provider's support and its Records call the generation. It is shown
	// to people and compared; nothing is asked by it.
	ID      string
	State   State
	Word    string // the provider's own word for the state
	URL     string // of the finished video; signed and short-lived; may be missing at first
	Failure string // the provider's words about a failed one
	Micros  int64  // what it says the generation cost, in micro-dollars; 0 where it doesn't say
}

// Submission is an attempt that was not answered.
type Submission struct {
	Reference  string // what it was submitted under
	Request    video.Request
	KeyVersion string // of the key that it was submitted with
	// Candidate is the handle that came with an unusable answer; it may be wrong. Empty:
	// none did.
	Candidate Handle
	// It was submitted between From and Until, by our clock. A charge of it is made
	// before ChargedBy.
	From, Until, ChargedBy time.Time
}

// Found is what one look for a submission gave.
type Found struct {
	// Generation is the submission's, and the provider confirms it; without a handle, none
	// was found.
	Generation Generation
	// Complete says that everything was read that would show the submission. It may show
	// only when its generation ends.
	Complete bool
	Unread   string // what could not be read, and why; may have the provider's words
	// Unexplained are the ids of charges that may be the submission's, since nothing that
	// is known has them.
	Unexplained []string
}
