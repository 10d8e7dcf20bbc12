package repair

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/promptfile"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/reconcile"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/video"
)

// Table is the table that is repaired. A write is on a version that was read, and gives
// a *video.Conflict where that is no longer the one.
type Table interface {
	Get(ctx context.Context, id string) (entry video.Entry, version string, err error)
	Create(context.Context, video.Entry) (video.Entry, string, error)
	Update(ctx context.Context, entry video.Entry, version string) (video.Entry, string, error)
	Forget(ctx context.Context, entry video.Entry, version string, at time.Time) (video.Entry, string, error)
	PutContent(ctx context.Context, sum string, known video.Content, version string) error
	Correct(ctx context.Context, read table.Tally, sums map[string]int64) error
}

// Manifests gives a job's manifest, and false where it has none.
type Manifests interface {
	Manifest(ctx context.Context, id string) (video.Manifest, bool, error)
}

// Settler records how the job of an execution ended that is over.
type Settler interface {
	Settle(ctx context.Context, execution string) (bool, error)
}

// Repair is what a table is repaired with.
type Repair struct {
	Table     Table
	Manifests Manifests
	Settler   Settler
	// Accounts are those that the lost jobs were made with, and KeyVersion which version
	// of the key.
	Accounts   provider.Accounts
	KeyVersion string
}

// Done is what a repair did.
type Done struct {
	Created []string `json:"created"` // jobs that the table did not have
	Amended []string `json:"amended"` // jobs that it had of before
	Settled []string `json:"settled"` // executions that were over
	Files   int      `json:"files"`   // texts of prompt files that are known again
	// Unexplained are ids that something names, and of which nothing says what the
	// request was.
	Unexplained []string `json:"unexplained"`
}

// Run writes back what the facts and the executions show and the table lacks. The error
// is a *video.ServiceUnavailable; running it again goes on.
func (r Repair) Run(ctx context.Context, facts reconcile.Facts, runs []jobs.Run) (Done, error) {
	done := Done{Created: []string{}, Amended: []string{}, Settled: []string{}, Unexplained: []string{}}
	all := evidences(facts, runs)
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if err := r.job(ctx, all[id], facts, &done); err != nil {
			return done, fmt.Errorf("job %s: %w", id, err)
		}
	}
	for _, run := range runs {
		if run.Running {
			continue
		}
		settled, err := r.Settler.Settle(ctx, run.Name)
		if err != nil {
			return done, err
		}
		if settled {
			done.Settled = append(done.Settled, run.Name)
		}
	}
	return done, r.files(ctx, facts, done.Created, &done)
}

// evidences gathers what is known of each job.
func evidences(facts reconcile.Facts, runs []jobs.Run) map[string]*evidence {
	all := map[string]*evidence{}
	of := func(id string) *evidence {
		if all[id] == nil {
			all[id] = &evidence{id: id}
		}
		return all[id]
	}
	for _, run := range runs {
		e := of(run.Job)
		e.runs = append(e.runs, run)
	}
	for _, row := range facts.Rows {
		if id, a, ok := readAttempt(row); ok {
			e := of(id)
			e.attempts = append(e.attempts, a)
		}
	}
	for id := range facts.Manifests {
		of(id)
	}
	for _, file := range facts.Prompts {
		if file.Sum == "" || promptfile.System(file.Key) {
			continue
		}
		if e := all[file.Job()]; e != nil {
			e.origin = video.Origin{Trigger: video.TriggerFile, Bucket: file.Bucket, Key: file.Key, Version: file.Version}
		}
	}
	for _, e := range all {
		slices.SortStableFunc(e.attempts, func(a, b attempt) int { return a.row.Created.Compare(b.row.Created) })
		slices.SortStableFunc(e.runs, func(a, b jobs.Run) int { return cmp.Compare(a.Redrive, b.Redrive) })
	}
	return all
}

// turns is how often a job is read anew after another changed it.
const turns = 8

// job repairs one job. An execution that runs on may write to it at the same time.
func (r Repair) job(ctx context.Context, e *evidence, facts reconcile.Facts, done *Done) error {
	for range turns {
		entry, version, err := r.Table.Get(ctx, e.id)
		var none *video.NoEntry
		absent := errors.As(err, &none)
		if err != nil && !absent {
			return err
		}
		if (absent || entry.Manifest == nil) && e.manifest == nil {
			manifest, stored, err := r.Manifests.Manifest(ctx, e.id)
			if err != nil {
				return err
			}
			if stored {
				e.manifest = &manifest
			}
		}
		if absent {
			var ok bool
			if entry, ok = e.create(); !ok {
				done.Unexplained = append(done.Unexplained, e.id)
				return nil
			}
		}
		was := entry
		changed := r.amend(*e, &entry)
		book(&entry, was, facts)
		forgotten := e.manifest != nil && !e.manifest.ForgottenAt.IsZero() && entry.ForgottenAt.IsZero()
		switch {
		case absent:
			_, _, err = r.Table.Create(ctx, entry)
		case changed:
			_, _, err = r.Table.Update(ctx, entry, version)
		case forgotten:
			_, _, err = r.Table.Forget(ctx, entry, version, e.manifest.ForgottenAt)
		default:
			return nil
		}
		var conflict *video.Conflict
		switch {
		case errors.As(err, &conflict):
			continue
		case err != nil:
			return err
		case absent:
			done.Created = append(done.Created, e.id)
		case changed && forgotten:
			continue // to forget it
		default:
			done.Amended = append(done.Amended, e.id)
		}
		return nil
	}
	return &video.ServiceUnavailable{Doing: "writing a job back", Err: errors.New("it was changed by another each time")}
}

// files writes back which job the text of a prompt file became, so that a copy of the
// file is known for one. The first upload of a text is the one.
func (r Repair) files(ctx context.Context, facts reconcile.Facts, created []string, done *Done) error {
	prompts := slices.Clone(facts.Prompts)
	slices.SortStableFunc(prompts, func(a, b reconcile.PromptFile) int { return a.At.Compare(b.At) })
	seen := map[string]bool{}
	for _, file := range prompts {
		_, known := facts.Entries[file.Job()]
		if file.Sum == "" || file.First != "" || seen[file.Sum] || !known && !slices.Contains(created, file.Job()) {
			continue
		}
		seen[file.Sum] = true
		err := r.Table.PutContent(ctx, file.Sum, video.Content{Job: file.Job(), Key: file.Key, At: file.At}, "")
		var conflict *video.Conflict
		switch {
		case errors.As(err, &conflict):
		case err != nil:
			return err
		default:
			done.Files++
		}
	}
	return nil
}
