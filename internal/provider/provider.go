// Package provider defines what the pipeline needs from a video provider. Each provider is
// an adapter in its own directory, and only the adapter knows the API's paths, words and
// units; package all lists the providers' models. What not every provider offers is in the
// optional interfaces Records, Metrics, Pricer and Biller.
package provider

import (
	"context"
	"time"

	"github.com/takeup/takeup/internal/video"
)

// Provider makes videos. It is safe for concurrent use. The errors of Submit and
// Retrieve are always a *Refusal or an *Unanswered.
type Provider interface {
	// Name identifies the provider in the table and in executions. It must not change while
	// there are jobs of the provider.
	Name() string
	// Models lists the names of the provider's models.
	Models() []string
	// Submit requests a generation and returns it once it is accepted. At most one is made
	// and charged per reference, whatever fails: an adapter must not repeat its call unless
	// the provider deduplicates it. A *Refusal says that none was made, and an *Unanswered
	// that one may have been.
	Submit(ctx context.Context, key video.Key, reference string, request video.Request) (Generation, error)
	// Retrieve reads the state of a generation. A *Refusal of kind RefusedUnknown says that
	// the handle is unknown, and an *Unanswered that this call learned nothing.
	Retrieve(ctx context.Context, key video.Key, handle Handle) (Generation, error)
	// Find looks once for a submission whose answer was lost. It only reads: it never
	// causes a generation. What could not be read is in Found.Unread; an error is one of
	// reading the keys.
	Find(ctx context.Context, keys Keys, lost Submission) (Found, error)
}

// Handle identifies a generation to its provider. Only the adapter that made it interprets
// it. It stays valid when the adapter's settings change.
type Handle string

// State is the state of a generation at the provider.
type State string

// A generation has ended or is running. Any word not known to be an end means running.
const (
	Running  State = "running"
	Finished State = "finished" // with a video
	Failed   State = "failed"   // without a video, and not charged
)

// Generation is the provider's view of a submission that it accepted.
type Generation struct {
	Handle Handle
	// ID is what the provider's support and its Records call the generation. It is shown
	// and compared, but never used to address the generation.
	ID      string
	State   State
	Word    string // the provider's own word for the state
	URL     string // of the finished video; signed and short-lived; may be missing at first
	Failure string // the provider's reason for a failure
	Micros  int64  // reported cost in micro-dollars; 0 if not reported
}

// ClockSkew bounds the difference between a provider's clock and ours.
const ClockSkew = 5 * time.Minute

// Submission is an attempt without an answer.
type Submission struct {
	Reference  string // that it was submitted under
	Request    video.Request
	KeyVersion string // of the key that it was submitted with
	// Candidate is the handle from an unusable answer; it may be wrong. It is empty if
	// there was none.
	Candidate Handle
	// It was submitted between From and Until, by our clock. If it is charged, the charge
	// is made before ChargedBy.
	From, Until, ChargedBy time.Time
}

// Found is the result of one lookup of a submission.
type Found struct {
	// Generation is the submission's, confirmed by the provider. It has no handle if none
	// was found.
	Generation Generation
	// Complete says that everything was read that could show the submission. A submission
	// may show up only after its generation ends.
	Complete bool
	Unread   string // what could not be read, and why; may quote the provider
	// Unexplained are the IDs of charges that may be the submission's, because they match
	// nothing else that is known.
	Unexplained []string
}
