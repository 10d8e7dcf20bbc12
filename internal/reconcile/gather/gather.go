// Package gather reads what reconcile compares: the table, the videos bucket, the executions, the
// prompt files, and the provider's charges and logs. It only reads.
package gather

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/promptfile"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/table/record"
	"github.com/takeup/takeup/internal/video"
)

// LookBack is how much earlier than the charges the logs are read: a generation is
// charged when it ends, but its log row has the time of submission.
const LookBack = 2 * time.Hour

// atOnce bounds the concurrent calls.
const atOnce = 8

// Jobs reads a job's entry; the error is a *video.NoEntry if there is none.
type Jobs interface {
	Get(ctx context.Context, id string) (video.Entry, string, error)
}

// IDs lists the IDs of all jobs.
type IDs interface {
	IDs(ctx context.Context) ([]string, error)
}

// Manifests reads a job's manifest, and reports whether there is one.
type Manifests interface {
	Manifest(ctx context.Context, job video.Locator) (video.Manifest, bool, error)
}

// Executions reads a job's latest execution, redrives included, or the zero
// Execution if none is known.
type Executions interface {
	Latest(ctx context.Context, id string) (Execution, error)
}

// Contents reads what is recorded of a prompt file's content, by its SHA-256, or the
// zero Content if nothing is.
type Contents interface {
	Content(ctx context.Context, sum string) (content record.Content, version string, err error)
}

// Prices reads the stack's price list; it is empty if the stack has none.
type Prices interface {
	PriceList(ctx context.Context) (list price.List, version string, err error)
}

// Sources are where the facts are read from. Gather only reads them.
type Sources struct {
	Jobs       Jobs
	IDs        IDs
	Manifests  Manifests
	Contents   Contents
	Prices     Prices
	Counters   Counters
	Batches    Batches
	Executions Executions
	Accounts   provider.Accounts
	Objects    Objects
}

// Gather reads the facts. Charges and prompt files are limited to the period; jobs and
// videos are not. A failure of the provider is recorded in Unknown; a failure of AWS is
// an error.
func (s Sources) Gather(ctx context.Context, from, to time.Time) (Facts, error) {
	f := Facts{From: from, To: to, Manifests: map[string]string{}, Executions: map[string]Execution{}, Charged: map[string]bool{}, Candidates: map[string]string{}}
	var err error
	if f.Prices, _, err = s.Prices.PriceList(ctx); err != nil {
		return f, err
	}
	// Charges are read before jobs and videos, so that a video stored meanwhile is seen.
	if err := s.current(ctx, &f); err != nil {
		return f, err
	}
	prompts, err := s.Objects.Prompts(ctx, from)
	if err != nil {
		return f, err
	}
	if f.Prompts, err = s.texts(ctx, prompts); err != nil {
		return f, err
	}
	// Batches are listed after the files that they are made of.
	batches, err := s.batches(ctx, &f)
	if err != nil {
		return f, err
	}
	f.Months = monthsOf(from, to)
	before, err := s.tallies(ctx, f.Months, batches)
	if err != nil {
		return f, err
	}
	// Jobs are listed before videos, so that a job that ends meanwhile is seen as stored.
	ids, err := s.IDs.IDs(ctx)
	if err != nil {
		return f, err
	}
	listing, err := s.Objects.Listing(ctx)
	if err != nil {
		return f, err
	}
	f.Videos, f.Locators = listing.Videos, listing.Locators
	if f.Entries, err = s.entries(ctx, ids); err != nil {
		return f, err
	}
	// Only the entries name the older keys whose records are needed.
	if err := s.older(ctx, &f); err != nil {
		return f, err
	}
	for id := range listing.Manifests {
		f.Manifests[id] = ""
	}
	if err := s.orphans(ctx, &f); err != nil {
		return f, err
	}
	if err := s.lookAgain(ctx, &f); err != nil {
		return f, err
	}
	if batches, err = s.counted(ctx, f.Entries); err != nil {
		return f, err
	}
	after, err := s.tallies(ctx, f.Months, batches)
	f.Counters, f.Changing = unchanged(before, after)
	return f, err
}

// texts reads the prompt files, to derive the IDs of their jobs. A file deleted since
// it was listed is dropped: nobody is waiting for it.
func (s Sources) texts(ctx context.Context, files []PromptFile) ([]PromptFile, error) {
	numbers := make([]string, len(files))
	for i := range files {
		numbers[i] = strconv.Itoa(i)
	}
	type text struct {
		sum, first string
		gone       bool
	}
	texts, err := each(ctx, numbers, func(ctx context.Context, number string) (text, error) {
		i, err := strconv.Atoi(number)
		if err != nil || promptfile.System(files[i].Key) || promptfile.OfMany(files[i].Key) {
			return text{}, err
		}
		sum, gone, err := s.Objects.sum(ctx, files[i])
		if err != nil || sum == "" {
			return text{gone: gone}, err
		}
		known, _, err := s.Contents.Content(ctx, sum)
		return text{sum: sum, first: known.Job}, err
	})
	var there []PromptFile
	for i, file := range files {
		if t := texts[numbers[i]]; !t.gone {
			file.Sum, file.First = t.sum, t.first
			there = append(there, file)
		}
	}
	return there, err
}

// current reads the records visible to the current keys.
func (s Sources) current(ctx context.Context, f *Facts) error {
	for _, account := range s.Accounts {
		records, ok := account.Provider.(provider.Records)
		if !ok {
			f.Unknown = append(f.Unknown, Unknown{Source: "the charges and logs of " + account.Provider.Name(), Reason: "this provider has no records to read"})
			f.LogsUnread = true
			continue
		}
		key, err := account.Keys.Current(ctx)
		if err != nil {
			f.Unknown = append(f.Unknown, Unknown{Source: "the provider's charges and logs", Reason: "its key could not be read: " + Plain(err).Error()})
			continue
		}
		read(ctx, f, records, key)
	}
	return ctx.Err()
}

// older reads the records visible to the earlier key versions that entries name: a
// provider may show a key only its own submissions. It also collects the generations
// that unusable answers named.
func (s Sources) older(ctx context.Context, f *Facts) error {
	for _, account := range s.Accounts {
		records, ok := account.Provider.(provider.Records)
		if !ok {
			continue
		}
		versions := map[string]bool{}
		for id, entry := range f.Entries {
			if entry.Provider != account.Provider.Name() {
				continue
			}
			if entry.Candidate != "" {
				f.Candidates[id] = records.ID(provider.Handle(entry.Candidate))
			}
			// Attempts claimed long ago can't be charged now.
			if entry.KeyVersion != "" && entry.ClaimedAt.After(f.From.Add(-longAgo)) {
				versions[entry.KeyVersion] = true
			}
		}
		current, err := account.Keys.Current(ctx)
		if err != nil {
			continue // current has reported it
		}
		delete(versions, current.Version)
		for _, version := range slices.Sorted(maps.Keys(versions)) {
			key, err := account.Keys.Version(ctx, version)
			if err != nil {
				f.Unknown = append(f.Unknown, Unknown{Source: "submissions with key version " + version, Reason: Plain(err).Error()})
				f.LogsUnread = true
				continue
			}
			if key.Value == current.Value {
				f.Charged[version] = f.Charged[current.Version]
				continue
			}
			read(ctx, f, records, key)
		}
	}
	return ctx.Err()
}

// longAgo is longer than any generation takes: the hard deadline is a day.
const longAgo = 48 * time.Hour

// read adds the charges and log rows visible to one key.
func read(ctx context.Context, f *Facts, records provider.Records, key video.Key) {
	charges, err := records.Charges(ctx, key, f.From, f.To.Add(provider.ClockSkew))
	if err != nil {
		f.Unknown = append(f.Unknown, Unknown{Source: "the provider's transactions, by " + key.String(), Reason: err.Error()})
	} else {
		f.Charges, f.Charged[key.Version] = merge(f.Charges, charges), true
	}
	rows, err := records.Requests(ctx, key, f.From.Add(-LookBack), f.To.Add(provider.ClockSkew))
	if err != nil {
		f.Unknown = append(f.Unknown, Unknown{Source: "the provider's logs, by " + key.String(), Reason: err.Error()})
		f.LogsUnread = true
	}
	f.Rows = append(f.Rows, rows...)
}

// entries reads the jobs' entries.
func (s Sources) entries(ctx context.Context, ids []string) (map[string]video.Entry, error) {
	read, err := each(ctx, ids, func(ctx context.Context, id string) (*video.Entry, error) {
		entry, _, err := s.Jobs.Get(ctx, id)
		var gone *video.NoEntry
		if errors.As(err, &gone) {
			return nil, nil
		}
		return &entry, err
	})
	entries := map[string]video.Entry{}
	for id, entry := range read {
		if entry != nil {
			entries[id] = *entry
		}
	}
	return entries, err
}

// orphans reads the manifests of jobs without an entry, for their generation IDs.
func (s Sources) orphans(ctx context.Context, f *Facts) error {
	var ids []string
	for id := range f.Manifests {
		if _, known := f.Entries[id]; !known {
			ids = append(ids, id)
		}
	}
	read, err := each(ctx, ids, func(ctx context.Context, id string) (string, error) {
		manifest, _, err := s.Manifests.Manifest(ctx, f.Locator(id))
		return manifest.GenerationID, err
	})
	maps.Copy(f.Manifests, read)
	return err
}

// lookAgain reads the executions of jobs that seem neither stored nor ended, and then
// their entries and manifests again. An outcome is written before its execution ends, so
// a job that ended in between is not reported as lost.
func (s Sources) lookAgain(ctx context.Context, f *Facts) error {
	suspects := f.suspects()
	executions, err := each(ctx, suspects, s.Executions.Latest)
	if err != nil {
		return err
	}
	f.Executions = executions
	entries, err := s.entries(ctx, suspects)
	if err != nil {
		return err
	}
	maps.Copy(f.Entries, entries)
	type found struct {
		generation string
		stored     bool
	}
	manifests, err := each(ctx, suspects, func(ctx context.Context, id string) (found, error) {
		manifest, stored, err := s.Manifests.Manifest(ctx, f.Locator(id))
		return found{manifest.GenerationID, stored}, err
	})
	for id, m := range manifests {
		if m.stored && !f.Stored(id) {
			f.Manifests[id], f.Videos[id] = m.generation, true // the video is written before its manifest
		}
	}
	return err
}

// suspects returns the jobs whose executions have to be read.
func (f Facts) suspects() []string {
	ids := map[string]bool{}
	for id, entry := range f.Entries {
		if !f.Stored(id) && (entry.Outcome == nil || f.Videos[id]) {
			ids[id] = true
		}
	}
	for id := range f.Videos {
		if !f.Stored(id) {
			ids[id] = true
		}
	}
	payments, _ := f.Payments()
	jobs := f.JobsByGeneration()
	for key, p := range payments {
		for _, id := range []string{jobs[key], p.Client} {
			if id != "" && !f.Stored(id) {
				ids[id] = true
			}
		}
	}
	for _, file := range f.Prompts {
		if promptfile.OfMany(file.Key) {
			continue
		}
		for _, id := range []string{file.Job(), file.First} {
			if _, known := f.Entries[id]; id != "" && !known && !f.Stored(id) && !file.Rejected {
				ids[id] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// each calls f for each ID, up to atOnce at a time, and returns the results by ID. The
// first error stops it.
func each[T any](ctx context.Context, ids []string, f func(context.Context, string) (T, error)) (map[string]T, error) {
	results := make(map[string]T, len(ids))
	var mu sync.Mutex
	group, working := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, id := range ids {
		if working.Err() != nil {
			break
		}
		group.Go(func() error {
			result, err := f(working, id)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			results[id] = result
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return results, err
	}
	return results, context.Cause(ctx)
}

// Plain strips from an error the advice that is meant for the state machine.
func Plain(err error) error {
	var service *video.ServiceUnavailable
	if errors.As(err, &service) {
		return &failed{doing: service.Doing, err: service.Err}
	}
	return err
}

// failed is an AWS call that failed.
type failed struct {
	doing string
	err   error
}

func (e *failed) Error() string { return e.doing + " failed: " + e.err.Error() }

func (e *failed) Unwrap() error { return e.err }
