// Package watch looks after a stack as an operator would, once an hour: at the balance, at what was
// paid and is not stored, and at jobs that should have moved. It tells what needs a person, and
// changes nothing. It is the watch function.
package watch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/metrics"
	"github.com/takeup/takeup/internal/reconcile"
	"github.com/takeup/takeup/internal/reconcile/gather"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/outbox"
	"github.com/takeup/takeup/internal/table/record"
	"github.com/takeup/takeup/internal/video"
)

// Charges reads what the provider charged in a period.
type Charges interface {
	Charged(ctx context.Context, from, to time.Time) (gather.Facts, error)
}

// Table has the jobs, the balance, and the outbox.
type Table interface {
	Balance(context.Context) (budget.Balance, string, error)
	Get(ctx context.Context, id string) (video.Entry, string, error)
	Unfinished(context.Context) ([]table.Unfinished, error)
	// TellAttention puts into the outbox that something needs a person, once for each matter.
	TellAttention(ctx context.Context, matter string, a outbox.Attention, at time.Time) error
	PutWatched(context.Context, record.Watched) error
}

// Meter writes values of metrics.
type Meter interface {
	Emit(values ...metrics.Value) error
}

// Watcher looks after a stack. It is safe for concurrent use, also by many processes.
type Watcher struct {
	Charges    Charges
	Table      Table
	Meter      Meter
	LowBalance int64 // in micro-dollars
	Now        func() time.Time
}

// Recent is how old the jobs are whose charges are looked for, besides those that the provider's logs
// name. It is longer than most jobs wait and take.
const Recent = 48 * time.Hour

const (
	// window is how far back charges are compared.
	window = 24 * time.Hour
	// fresh is how old a balance may be: PricesFunction asks for it every 15 minutes.
	fresh = time.Hour
	// idle is how long after everything that is known of it a job counts as stuck: no step waits for
	// longer than an hour, and what a step reports may be lost.
	idle = 2 * time.Hour
)

// Watch looks once. What can't be read doesn't keep it from the rest, and is part of the error.
func (w *Watcher) Watch(ctx context.Context) (record.Watched, error) {
	seen := record.Watched{At: w.Now()}
	errs := []error{w.balance(ctx)}
	findings, err := w.charges(ctx)
	errs = append(errs, err)
	seen.Findings = findings
	stuck, err := w.stuck(ctx)
	errs = append(errs, err)
	seen.Stuck = stuck
	errs = append(errs, w.Meter.Emit(
		metrics.Value{Name: metrics.WatchFindings, N: float64(findings)}, metrics.Value{Name: metrics.StuckJobs, N: float64(stuck)},
	))
	if err := errors.Join(errs...); err != nil {
		return seen, err
	}
	return seen, w.Table.PutWatched(ctx, seen)
}

// balance tells that the balance is low, or was not read for long.
func (w *Watcher) balance(ctx context.Context) error {
	b, _, err := w.Table.Balance(ctx)
	now := w.Now()
	day := now.UTC().Format(time.DateOnly)
	switch {
	case err != nil:
		return err
	case b.At.IsZero() || now.Sub(b.At) > fresh:
		return w.Table.TellAttention(ctx, "balance.unread."+day, outbox.Attention{
			About: "balance", Message: "the balance of the account at the provider has not been read for an hour",
			ToDo: "read the log of PricesFunction; takeup doctor says whether the provider accepts the key",
		}, now)
	case b.Micros < w.LowBalance:
		return w.Table.TellAttention(ctx, "balance.low."+day, outbox.Attention{
			About: "balance", Message: fmt.Sprintf("the account at the provider has %.2f USD left, less than the %.2f USD of LowBalanceUsd", float64(b.Micros)/1e6, float64(w.LowBalance)/1e6),
			ToDo: "top it up; then takeup redrive --all resumes what ended as OutOfCredits",
		}, now)
	}
	return nil
}

// charges tells what was charged in the last day and isn't stored, and returns how much was found. A
// charge that no job is known for is left out: the account may have other users, and the job may
// be older than what was read. The command takeup reconcile reads all.
func (w *Watcher) charges(ctx context.Context) (int, error) {
	now := w.Now()
	facts, err := w.Charges.Charged(ctx, now.Add(-window), now)
	if err != nil {
		return 0, err
	}
	report := reconcile.Compare(facts)
	var unread error
	if len(report.Unknown) > 0 {
		unread = &Unread{Source: report.Unknown[0].Source}
		if err := w.Table.TellAttention(ctx, "records."+now.UTC().Format(time.DateOnly), outbox.Attention{
			About: "charges", Message: "the provider's charges or logs could not be read, so that it is unknown whether all that was paid is stored",
			ToDo: "run takeup reconcile, which says what could not be read",
		}, now); err != nil {
			return 0, err
		}
	}
	for _, k := range []struct {
		kind          reconcile.Kind
		message, toDo string
	}{
		{reconcile.Charge, "a video was paid in the last day and is not stored", "run takeup reconcile, which says what became of it, then takeup redrive with its id"},
		{reconcile.Price, "a video of the last day cost more than three times its price", "run takeup reconcile, and ask the provider's support for a refund"},
		{reconcile.Job, "a job is neither stored, nor ended, nor running", "run takeup reconcile, then takeup redrive with its id"},
	} {
		if err := w.tell(ctx, string(k.kind), k.message, k.toDo, jobsOf(report, k.kind)); err != nil {
			return 0, err
		}
	}
	n := 0
	for _, f := range report.Findings {
		if f.Job != "" {
			n++
		}
	}
	return n, unread
}

// Unread is the error for a watch that could not read a source.
type Unread struct{ Source string }

func (e *Unread) Error() string { return e.Source + " could not be read; takeup reconcile says why" }

// jobsOf returns the jobs of the findings of a kind.
func jobsOf(report reconcile.Report, kind reconcile.Kind) (ids []string) {
	for _, f := range report.Findings {
		if f.Kind == kind && f.Job != "" {
			ids = append(ids, f.Job)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// stuck tells which jobs should have moved, and returns how many there are.
func (w *Watcher) stuck(ctx context.Context) (int, error) {
	all, err := w.Table.Unfinished(ctx)
	if err != nil {
		return 0, err
	}
	var ids []string
	for _, one := range all {
		entry, _, err := w.Table.Get(ctx, one.ID)
		var absent *video.NoEntry
		switch {
		case errors.As(err, &absent): // the index is out of date
		case err != nil:
			return 0, err
		case !entry.State().Ended() && w.Now().Sub(moves(entry)) > idle:
			ids = append(ids, one.ID)
		}
	}
	slices.Sort(ids)
	return len(ids), w.tell(ctx, "stuck", "a job has not moved for two hours more than it meant to wait",
		"look at it with takeup get; takeup doctor says whether the sweep runs, and takeup retry tries it at once", ids)
}

// moves returns the latest time at which something happened to a job, or was to happen next.
func moves(e video.Entry) time.Time {
	times := []time.Time{e.CreatedAt, e.ClaimedUntil, e.RetryAt, e.SubmittedAt, e.CountedUntil, e.SearchedSince}
	for _, p := range e.Progress {
		times = append(times, p.Wait.At, p.Wait.NextAt)
		for _, event := range p.Events {
			times = append(times, event.At)
		}
	}
	return slices.MaxFunc(times, time.Time.Compare)
}

// tell puts into the outbox that some jobs need a person, once for the same jobs.
func (w *Watcher) tell(ctx context.Context, about, message, toDo string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	sum := sha256.Sum256([]byte(strings.Join(ids, " ")))
	return w.Table.TellAttention(ctx, about+"."+hex.EncodeToString(sum[:8]), outbox.Attention{About: about, Message: message, ToDo: toDo, Videos: ids, Count: len(ids)}, w.Now())
}
