package repair

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/promptfile"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/reconcile/gather"
	"github.com/takeup/takeup/internal/table/counter"
	"github.com/takeup/takeup/internal/table/record"
	"github.com/takeup/takeup/internal/video"
)

// Table is the table to repair. Each write names the version that was read, and fails
// with a *video.Conflict if that is no longer current.
type Table interface {
	Get(ctx context.Context, id string) (entry video.Entry, version string, err error)
	Create(context.Context, video.Entry) (video.Entry, string, error)
	Update(ctx context.Context, entry video.Entry, version string) (video.Entry, string, error)
	Forget(ctx context.Context, entry video.Entry, version string, at time.Time) (video.Entry, string, error)
	PutContent(ctx context.Context, sum string, known record.Content, version string) error
	Correct(ctx context.Context, read counter.Tally, sums map[string]int64) error
}

// Manifests reads a job's manifest, and reports whether there is one.
type Manifests interface {
	Manifest(ctx context.Context, job video.Locator) (video.Manifest, bool, error)
}

// Settler records the outcome of a job whose execution has ended.
type Settler interface {
	Settle(ctx context.Context, execution string) (bool, error)
}

// Repair has what a repair needs.
type Repair struct {
	Table     Table
	Manifests Manifests
	Settler   Settler
	// Accounts are those used by the lost jobs, and KeyVersion is the version of the key
	// they used.
	Accounts   provider.Accounts
	KeyVersion string
}

// Done is the result of a repair.
type Done struct {
	Created []string `json:"created"` // jobs that the table lacked
	Amended []string `json:"amended"` // jobs that the table had in an earlier state
	Settled []string `json:"settled"` // executions that had ended
	Files   int      `json:"files"`   // prompt file contents recorded again
	// Unexplained are job IDs that something names, but whose request nothing
	// says.
	Unexplained []string `json:"unexplained"`
}

// Run writes back what the table lacks, by the facts and the executions. The error is a
// *video.ServiceUnavailable; calling Run again resumes.
func (r Repair) Run(ctx context.Context, facts gather.Facts, read []runs.Run) (Done, error) {
	done := Done{Created: []string{}, Amended: []string{}, Settled: []string{}, Unexplained: []string{}}
	all := evidences(facts, read)
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if err := r.job(ctx, all[id], facts, &done); err != nil {
			return done, fmt.Errorf("job %s: %w", id, err)
		}
	}
	for _, run := range read {
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

// evidences collects the evidence by job.
func evidences(facts gather.Facts, read []runs.Run) map[string]*evidence {
	all := map[string]*evidence{}
	of := func(id string) *evidence {
		if all[id] == nil {
			all[id] = &evidence{id: id}
		}
		return all[id]
	}
	for _, run := range read {
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
		slices.SortStableFunc(e.runs, func(a, b runs.Run) int { return cmp.Compare(a.Redrive, b.Redrive) })
	}
	return all
}

// turns bounds the retries after a conflicting write to a job.
const turns = 8

// job repairs one job. A running execution may write to it at the same time.
func (r Repair) job(ctx context.Context, e *evidence, facts gather.Facts, done *Done) error {
	for range turns {
		entry, version, err := r.Table.Get(ctx, e.id)
		var none *video.NoEntry
		absent := errors.As(err, &none)
		if err != nil && !absent {
			return err
		}
		if (absent || entry.Manifest == nil) && e.manifest == nil {
			locator := facts.Locator(e.id)
			if !absent {
				locator = entry.Locator()
			}
			manifest, stored, err := r.Manifests.Manifest(ctx, locator)
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
			continue // forget it in the next turn
		default:
			done.Amended = append(done.Amended, e.id)
		}
		return nil
	}
	return &video.ServiceUnavailable{Doing: "writing a job back", Err: errors.New("others kept changing it")}
}

// files records which job each prompt file's content became, so that a copy of the file
// is recognized. The first upload of a content wins.
func (r Repair) files(ctx context.Context, facts gather.Facts, created []string, done *Done) error {
	prompts := slices.Clone(facts.Prompts)
	slices.SortStableFunc(prompts, func(a, b gather.PromptFile) int { return a.At.Compare(b.At) })
	seen := map[string]bool{}
	for _, file := range prompts {
		_, known := facts.Entries[file.Job()]
		if file.Sum == "" || file.First != "" || seen[file.Sum] || !known && !slices.Contains(created, file.Job()) {
			continue
		}
		seen[file.Sum] = true
		err := r.Table.PutContent(ctx, file.Sum, record.Content{Job: file.Job(), Key: file.Key, At: file.At}, "")
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
