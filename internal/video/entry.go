package video

import (
	"fmt"
	"time"

	"github.com/takeup/takeup/internal/budget"
)

// Phase is how far the submission of a job is.
type Phase string

// A claim is either being posted by its owner, or it ended in one of the other
// phases. A claimed entry whose time is over is an unanswered one.
const (
	PhaseClaimed    Phase = "claimed"    // its owner may be posting until ClaimedUntil
	PhaseRefused    Phase = "refused"    // certainly not accepted; may be claimed again
	PhaseUnanswered Phase = "unanswered" // posted, and not answered in a way that tells
	PhaseAccepted   Phase = "accepted"   // Handle and GenerationID are known
)

// Entry is what the table has of one job: the claim, which lets only one submission
// through, and what became of it.
type Entry struct {
	ID          string    `json:"id"`
	Request     Request   `json:"request"`
	RequestHash string    `json:"request_hash"`
	CreatedAt   time.Time `json:"created_at"`
	Origin      Origin    `json:"origin"`

	// Execution is the name of the execution that runs the job, or is about to be
	// started for it: the ExecutionName of Redrives.
	Execution string `json:"execution"`
	Redrives  int    `json:"redrives"`
	// Started says that the execution was started. Until then anybody may start it, under
	// the same name.
	Started bool `json:"started"`

	Phase Phase `json:"phase"`
	// Attempt counts the submissions that may have been sent: the next one
	// is sent as "<id>.<attempt>".
	Attempt int `json:"attempt"`
	// Mark is new in every version, so that a writer whose answer was lost
	// knows its own.
	Mark         string    `json:"mark"`
	ClaimedAt    time.Time `json:"claimed_at"`
	ClaimedUntil time.Time `json:"claimed_until"`
	// Provider is the name of the provider that the attempt is sent to.
	Provider string `json:"provider"`
	// KeyVersion is the version of the key's secret that the attempt is sent
	// with: a provider may show a key only its own submissions.
	KeyVersion string `json:"key_version"`
	// Resubmitted says that a lost submission was sent again, by the
	// operator's choice. That is done once.
	Resubmitted bool `json:"resubmitted,omitempty"`

	Refusal *Refused  `json:"refusal,omitempty"`
	RetryAt time.Time `json:"retry_at,omitzero"` // when a refused one may be claimed again
	// BusySince is when the provider first had no room, or could not be reached, since the
	// job was started or redriven.
	BusySince time.Time `json:"busy_since,omitzero"`

	// SearchedSince is when a redrive began to search for a lost submission again; zero
	// where none did.
	SearchedSince time.Time `json:"searched_since,omitzero"`

	// PausedSince is when the job was to be claimed for the first time while the table
	// was paused; zero where it was claimed since.
	PausedSince time.Time `json:"paused_since,omitzero"`

	// FullSince is when a limit first left no room for a claim since the last claim, or
	// since a redrive.
	FullSince time.Time `json:"full_since,omitzero"`
	// FullOf is that limit, as budget.NoRoom names it.
	FullOf string `json:"full_of,omitempty"`
	// Turn is the time that orders the jobs that wait for room.
	Turn time.Time `json:"turn,omitzero"`
	// CountedUntil is until when younger jobs wait behind this one while it waits for room.
	// By then it must have tried again.
	CountedUntil time.Time `json:"counted_until,omitzero"`

	// Candidate is a handle that came with an unusable answer; the provider
	// confirms it or says nothing.
	Candidate string `json:"candidate,omitempty"`
	// Handle is what the provider is asked for the generation by. Only its adapter
	// reads it. GenerationID is what its support and its records call the generation.
	Handle       string    `json:"handle,omitempty"`
	GenerationID string    `json:"generation_id,omitempty"`
	SubmittedAt  time.Time `json:"submitted_at,omitzero"`

	// DiscardedAt is when the job's owner discarded its video, after it was
	// submitted: no other attempt is sent, and the video isn't stored.
	DiscardedAt time.Time `json:"discarded_at,omitzero"`

	// ForgottenAt is when the job's owner had its texts cleared, after it ended. It is
	// not redriven any more.
	ForgottenAt time.Time `json:"forgotten_at,omitzero"`

	// Manifest is that of the stored video, as it was found or put beside it; nil
	// where there is none. A redrive of the job looks there again.
	Manifest *Manifest `json:"manifest,omitempty"`

	Outcome *Outcome `json:"outcome,omitempty"`

	// Progress is what the steps have reported, as it was read with the entry. It is not
	// written with it.
	Progress []Progress `json:"-"`

	// Money is what the attempts cost that may be charged, and the last one.
	Money []budget.Money `json:"money,omitempty"`
	// Booked is the money that the counters have: that of the version that was read or
	// written. The table sets it.
	Booked []budget.Money `json:"-"`
}

// Refused is why the provider did not take an attempt.
type Refused struct {
	Kind string `json:"kind"`
	Said string `json:"said"` // its words, or the failure to connect
}

// Unclaimed reports whether the job was never submitted and has not ended, except by an
// interruption.
func (e Entry) Unclaimed() bool { return e.Phase == "" && (e.Outcome == nil || e.interrupted()) }

func (e Entry) interrupted() bool {
	return e.Outcome != nil && e.Outcome.Name == OutcomeName(&Interrupted{})
}

// Next gives the entry with the name of the job's next execution, which is to be started.
// Its wait for room begins again. An interruption is cleared; any other outcome is left for
// the execution to resume from.
func (e Entry) Next() Entry {
	e.Redrives, e.Started, e.FullSince, e.PausedSince = e.Redrives+1, false, time.Time{}, time.Time{}
	e.Execution = ExecutionName(e.ID, e.Redrives)
	if e.Outcome != nil {
		e.Turn = time.Time{}
	}
	if e.interrupted() {
		e.Outcome = nil
	}
	return e
}

// Reference is what the entry's attempt is sent under, by which the provider finds it
// again. Its characters are among those that providers keep: letters, digits, _, - and a
// dot.
func (e Entry) Reference() string { return fmt.Sprintf("%s.%d", e.ID, e.Attempt) }

// Job is the state that a step gives to the state machine.
func (e Entry) Job(status Status, waitSeconds int) Job {
	return Job{
		ID: e.ID, GenerationID: e.GenerationID, Provider: e.Provider, Handle: e.Handle,
		Model: e.Request.Model(), Duration: e.Request.Duration(),
		SubmittedAt: e.SubmittedAt, Status: status, WaitSeconds: max(1, waitSeconds),
	}
}

// NoEntry says that there is no job of that id.
type NoEntry struct{ ID string }

func (e *NoEntry) Error() string { return "there is no job " + e.ID }

// Conflict says that an item was changed by another writer since it was read. Nothing was
// written.
type Conflict struct{ ID string }

func (e *Conflict) Error() string {
	if e.ID == "" {
		return "it was changed at the same time"
	}
	return "job " + e.ID + " was changed at the same time"
}
