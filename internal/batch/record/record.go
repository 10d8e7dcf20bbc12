// Package record is what the table keeps of a batch: a file of prompts that is planned and
// run. Its jobs keep their own entries. It imports the standard library only, since the
// functions of the steps link it.
package record

import (
	"fmt"
	"slices"
	"time"
)

// State is the progress of a batch.
type State string

// A batch is uploading until its file has arrived, and planning until that is read. It then
// runs, or is planned and waits to be started.
const (
	Uploading State = "uploading"
	Planning  State = "planning"
	Planned   State = "planned"
	Running   State = "running"
	Ended     State = "ended"     // a run came to its end; jobs may have failed
	Cancelled State = "cancelled" // no job of it is submitted any more
	Unusable  State = "unusable"  // its file can't be read, or never came; Reason says why
)

// States returns all states.
func States() []State {
	return []State{Uploading, Planning, Planned, Running, Ended, Cancelled, Unusable}
}

// DefaultAtOnce is how many videos of a batch are made at once, if its owner doesn't say.
const DefaultAtOnce = 20

// Options are what a batch's owner asked for.
type Options struct {
	AtOnce      int            // how many of its videos are made at once; at least 1
	SkipInvalid bool           // run without the invalid lines
	MaxLines    int            // of the file; 0 is the default of batchfile
	Defaults    map[string]any // request fields for the lines that don't have them
}

// Webhook returns the URL that is told how a run ended, and that the lines have by default; empty
// if there is none. It is a secret.
func (o Options) Webhook() string { s, _ := o.Defaults["webhook"].(string); return s }

// Source is a version of the batch's file.
type Source struct {
	Bucket, Key string
	// Version is the version's id or, in a bucket without versioning, the file's ETag.
	Version string
	// Versioned says that Version is an id.
	Versioned bool
	// At is when it was uploaded, or zero if that isn't known.
	At time.Time
}

// same reports whether both are the same version.
func (s Source) same(other Source) bool {
	s.At, other.At = time.Time{}, time.Time{}
	return s == other
}

// Batch is the table's record of a batch.
type Batch struct {
	ID        string
	Name      string
	Again     string // set for a batch whose videos are all made anew; part of the id
	Owner     string // the name of the API token; empty for a file that was put into the bucket
	CreatedAt time.Time
	Format    string // a batchfile.Format
	Options
	// Attended says that the batch always waits to be started: its file comes by an upload form,
	// or is a copy of another object.
	Attended bool

	State  State
	Reason string // of Unusable
	// UploadUntil is until when the form of the state Uploading is valid.
	UploadUntil time.Time
	// Run counts the runs. A run is an execution of the batch's state machine.
	Run int
	// Approved says that its owner has started the run.
	Approved bool
	// Sources are the versions of the file that have arrived, the latest last. Only that one is
	// run.
	Sources []Source
	// CancelledAt is when it was cancelled; zero if it was started since.
	CancelledAt time.Time
	// Todo is how many of the plan's videos were neither stored nor given up, and Usual how long
	// one of them usually takes, or 0 if that isn't known.
	Todo  int
	Usual time.Duration
	// Over is how many of the batch's jobs had ended when the plan was made.
	Over int64
	// PlannedAt and EndedAt are when the plan of the run was made, and when the run ended.
	PlannedAt, EndedAt time.Time
	// Reported is Counts.Writes from before the stored results were made.
	Reported int64
	// Told is the last run whose end was put into the outbox. The table sets it.
	Told int

	// Mark is new in every version. The table sets it.
	Mark string
}

// MostSources is how many versions of the file are remembered.
const MostSources = 20

// Source returns the version that is run, or the zero Source.
func (b Batch) Source() Source {
	if len(b.Sources) == 0 {
		return Source{}
	}
	return b.Sources[len(b.Sources)-1]
}

// Arrive begins a run with a version of the file. It returns false, and changes nothing, if
// that version has arrived before, or is older than the latest one: events of S3 come late and
// in any order. A batch that was cancelled after the upload stays cancelled.
func (b *Batch) Arrive(source Source) bool {
	if slices.ContainsFunc(b.Sources, source.same) || source.before(b.Source().At) {
		return false
	}
	b.Sources = append(slices.Clone(b.Sources), source)
	b.Sources = b.Sources[max(0, len(b.Sources)-MostSources):]
	if !source.before(b.CancelledAt) {
		b.begin(false)
	}
	return true
}

// Latest reports whether that version of the file is the one that is run.
func (b Batch) Latest(source Source) bool { return b.Source().same(source) }

// before reports whether it was uploaded before t, as far as is known.
func (s Source) before(t time.Time) bool { return !s.At.IsZero() && s.At.Before(t) }

// Cancel marks the batch as cancelled.
func (b *Batch) Cancel(now time.Time) { b.State, b.CancelledAt = Cancelled, now }

// uploadTime is how long an upload may take that began while its form was valid.
const uploadTime = time.Hour

// Expired reports whether the batch's form has expired, and no file has come by it.
func (b Batch) Expired(now time.Time) bool {
	return b.State == Uploading && now.After(b.UploadUntil.Add(uploadTime))
}

// Start begins a run of the latest version that its owner has approved.
func (b *Batch) Start() { b.begin(true) }

func (b *Batch) begin(approved bool) {
	b.Run++
	b.State, b.Reason, b.UploadUntil, b.CancelledAt, b.Approved = Planning, "", time.Time{}, time.Time{}, approved
	b.Todo, b.Usual, b.Over = 0, 0, 0
	b.PlannedAt, b.EndedAt, b.Reported = time.Time{}, time.Time{}, 0
}

// Execution returns the name of the execution of the batch's run.
func (b Batch) Execution() string { return fmt.Sprintf("%s-r%d", b.ID, b.Run) }

// Counts are the sums over a batch's jobs. Each change of a job changes them in the same
// transaction.
type Counts struct {
	Jobs     map[string]int64 // by video.State
	Full     map[string]int64 // those that wait for room, by the name of the limit
	InFlight int64            // attempts
	// Writes counts the changes. If two reads have the same number, no job has changed its state
	// between them.
	Writes int64
	// In micro-dollars.
	Reserved, Spent, Uncertain int64
}

// CountsKey is the sort key of a batch's counters in the table.
const CountsKey = "counts"

// Partition returns the partition of a batch's items in the table: its record, its counters and
// its plan.
func Partition(id string) string { return "batch#" + id }

// NoBatch says that there is no batch with that id.
type NoBatch struct{ ID string }

func (e *NoBatch) Error() string { return "there is no batch " + e.ID }
