package video

import (
	"errors"
	"fmt"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/video/execname"
	"github.com/takeup/takeup/internal/video/report"
)

// Phase is the progress of a job's submission.
type Phase string

// A claimed entry is being posted by its owner. It then moves to one of the other phases.
// If its claim has expired, it is treated as unanswered.
const (
	PhaseClaimed    Phase = "claimed"    // its owner may be posting until ClaimedUntil
	PhaseRefused    Phase = "refused"    // certainly not accepted; may be claimed again
	PhaseUnanswered Phase = "unanswered" // posted, but no answer says whether it was accepted
	PhaseAccepted   Phase = "accepted"   // Handle and GenerationID are known
)

// Entry is the table's record of one job: the claim, which lets only one submission
// through, and its result.
type Entry struct {
	ID          string    `json:"id"`
	Request     Request   `json:"request"`
	RequestHash string    `json:"request_hash"`
	CreatedAt   time.Time `json:"created_at"`
	Origin      Origin    `json:"origin"`

	// Execution is the name of the execution that runs the job, or is about to be started
	// for it: the ExecutionName of Redrives.
	Execution string `json:"execution"`
	Redrives  int    `json:"redrives"`
	// Started says that the execution was started. Until then anybody may start it, under
	// the same name.
	Started bool `json:"started"`

	Phase Phase `json:"phase"`
	// Attempt counts the submissions that may have been sent. Each was sent as
	// "<id>.<attempt>".
	Attempt int `json:"attempt"`
	// Mark is new in every version, so that a writer that got no answer recognises its own
	// version.
	Mark         string    `json:"mark"`
	ClaimedAt    time.Time `json:"claimed_at"`
	ClaimedUntil time.Time `json:"claimed_until"`
	// Provider is the name of the provider that the attempt is sent to.
	Provider string `json:"provider"`
	// KeyVersion is the version of the key's secret that the attempt is sent with. A
	// provider may show a key only its own submissions.
	KeyVersion string `json:"key_version"`
	// Resubmitted says that a lost submission was sent again, by the operator's choice.
	// That is done once.
	Resubmitted bool `json:"resubmitted,omitempty"`

	Refusal *Refused  `json:"refusal,omitempty"`
	RetryAt time.Time `json:"retry_at,omitzero"` // when a refused attempt may be claimed again
	// BusySince is when the provider first had no room, or could not be reached, since the
	// job was started or redriven.
	BusySince time.Time `json:"busy_since,omitzero"`

	// SearchedSince is when a redrive began to search for a lost submission again; zero if
	// none did.
	SearchedSince time.Time `json:"searched_since,omitzero"`
	// AbsentAt is when the provider's complete records first lacked a lost submission that
	// they should have shown by then; zero if no such reading was made.
	AbsentAt time.Time `json:"absent_at,omitzero"`

	// PausedSince is when a claim was first held up by a pause of the table; zero if the
	// job was claimed since.
	PausedSince time.Time `json:"paused_since,omitzero"`

	// FullSince is when a limit first left no room for a claim since the last claim, or
	// since a redrive.
	FullSince time.Time `json:"full_since,omitzero"`
	// FullOf is the name of that limit, as in budget.NoRoom.
	FullOf string `json:"full_of,omitempty"`
	// Turn is the time that orders the jobs that wait for room.
	Turn time.Time `json:"turn,omitzero"`
	// CountedUntil is until when younger jobs wait behind this one while it waits for room.
	// The job must have tried again by then.
	CountedUntil time.Time `json:"counted_until,omitzero"`

	// Candidate is a handle from an unusable answer. The provider confirms it or returns
	// nothing.
	Candidate string `json:"candidate,omitempty"`
	// Handle identifies the generation in requests to the provider. Only the provider's
	// adapter interprets it. GenerationID is the generation's id for the provider's support
	// and in its records.
	Handle       string    `json:"handle,omitempty"`
	GenerationID string    `json:"generation_id,omitempty"`
	SubmittedAt  time.Time `json:"submitted_at,omitzero"`

	// DiscardedAt is when the job's owner discarded its video, after it was submitted: no
	// other attempt is sent, and the video isn't stored.
	DiscardedAt time.Time `json:"discarded_at,omitzero"`

	// ForgottenAt is when the job's owner had its texts cleared, after it ended. It is no
	// longer redriven.
	ForgottenAt time.Time `json:"forgotten_at,omitzero"`

	// Manifest is the manifest of the stored video, as it was found or written; nil if
	// there is none. A redrive looks for it again.
	Manifest *Manifest `json:"manifest,omitempty"`

	Outcome *Outcome `json:"outcome,omitempty"`

	// Endings is how often the job has ended, and EndedAs how it did the last time; empty if it
	// has not ended, or was redriven since. CountEnding sets them.
	Endings int    `json:"endings,omitempty"`
	EndedAs string `json:"ended_as,omitempty"`

	// Progress is what the steps have reported, as it was read with the entry. It is not
	// written with it.
	Progress []report.Progress `json:"-"`

	// Money has the cost of the attempts that may be charged, and of the last one.
	Money []budget.Money `json:"money,omitempty"`
	// Booked is the money that the counters include: that of the version that was read or
	// written. The table sets it.
	Booked []budget.Money `json:"-"`
	// BookedCounts are the Counted of that version. The table sets it.
	BookedCounts []string `json:"-"`
}

// Refused is why the provider refused an attempt.
type Refused struct {
	Kind string `json:"kind"`
	Said string `json:"said"` // the provider's message, or the failure to connect
}

// Unclaimed reports whether the job was never submitted and has not ended, except by an
// interruption.
func (e Entry) Unclaimed() bool { return e.Phase == "" && (e.Outcome == nil || e.interrupted()) }

func (e Entry) interrupted() bool {
	return e.Outcome != nil && e.Outcome.Name == OutcomeName(&Interrupted{})
}

// Next returns the entry with the name of the job's next execution, which is to be started.
// Its wait for room begins again. An interruption is cleared; any other outcome is left for
// the execution to resume from.
func (e Entry) Next() Entry {
	e.Redrives, e.Started, e.FullSince, e.PausedSince = e.Redrives+1, false, time.Time{}, time.Time{}
	e.Execution = execname.Of(e.ID, e.Redrives)
	if e.Outcome != nil {
		e.Turn = time.Time{}
	}
	if e.interrupted() {
		e.Outcome = nil
	}
	return e
}

// Reference returns the reference that the entry's attempt is sent with, by which the
// provider finds it again. It has only characters that providers keep: letters, digits, _,
// - and a dot.
func (e Entry) Reference() string { return fmt.Sprintf("%s.%d", e.ID, e.Attempt) }

// Job returns the state that a step passes to the state machine.
func (e Entry) Job(status Status, waitSeconds int) Job {
	return Job{
		ID: e.ID, CreatedAt: e.CreatedAt, GenerationID: e.GenerationID, Provider: e.Provider, Handle: e.Handle,
		Model: e.Request.Model(), Duration: e.Request.Duration(),
		SubmittedAt: e.SubmittedAt, Status: status, WaitSeconds: max(1, waitSeconds),
	}
}

// NoEntry says that there is no job with that id.
type NoEntry struct{ ID string }

func (e *NoEntry) Error() string { return "there is no job " + e.ID }

// Conflict says that another writer changed an item since it was read. Nothing was written.
type Conflict struct{ ID string }

func (e *Conflict) Error() string {
	if e.ID == "" {
		return "it was changed at the same time"
	}
	return "job " + e.ID + " was changed at the same time"
}

// UnlessConflict returns err, or nil for a *Conflict, after which the caller rereads the item.
func UnlessConflict(err error) error {
	var conflict *Conflict
	if errors.As(err, &conflict) {
		return nil
	}
	return err
}
