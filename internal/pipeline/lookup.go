package pipeline

import (
	"context"
	"time"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/video"
)

// longestLookUp is the most between two looks for a lost submission, but for what
// keeps an execution's history short.
const longestLookUp = 10 * time.Minute

// maxCharges is the most charges that an outcome names: it is stored and shown.
const maxCharges = 10

// lookUp goes on from a submission that was not answered. It is never sent again
// by itself: it is found, or it is lost once its records were read whole after
// the longest generation, or at the hard deadline. That counts from its own claim,
// since a redrive submits jobs that are older, or from the redrive that looks for it
// again: the records may not be readable at that moment either.
func (s *visit) lookUp(ctx context.Context, o order, entry video.Entry, version string) result {
	began := s.Now()
	if entry.Outcome != nil {
		entry.SearchedSince = began
	}
	searched := entry.ClaimedAt
	if entry.SearchedSince.After(searched) {
		searched = entry.SearchedSince
	}
	look, err := s.look(ctx, entry)
	if err != nil {
		return fail(err)
	}
	if look.Generation.Handle != "" {
		s.Log.InfoContext(ctx, "submission found", "job", entry.ID, "attempt", entry.Attempt, "generation", look.Generation.ID)
		s.note(video.Event{Kind: video.EventAccepted, Number: entry.Attempt, Said: look.Generation.ID})
		return s.accept(ctx, entry, version, look.Generation)
	}

	shown := entry.ClaimedUntil.Add(s.Times.LookUpWindow)
	lost := look.Complete && began.After(shown)
	longest := max(s.Times.Hard, 2*s.Times.LookUpWindow)
	if since := began.Sub(searched); !lost && since < longest {
		// Rare at first, since most generations take minutes, and rarer yet.
		wait := max(min(max(s.Times.LookUpFirst, since/4), longestLookUp), schedule.Sparse(since))
		until, unread := shown, entry.Request.Redact(look.Unread)
		if began.After(shown) {
			until = searched.Add(longest)
		}
		left := s.underWay(ctx, entry)
		if left > 0 {
			wait = min(wait, left) // to free its slot
		}
		if entry, _, err = s.unanswered(ctx, entry, version, left); err != nil {
			return unwritten(err)
		}
		s.note(video.Event{Kind: video.EventSearched, Number: entry.Attempt, Said: unread})
		s.waits(video.WaitAnswer, entry.Attempt, wait, until, unread)
		return done(entry.Job(video.Waiting, seconds(wait)))
	}
	if lost && s.ResubmitLost && !entry.Resubmitted && entry.DiscardedAt.IsZero() {
		if entry, version, err = s.unanswered(ctx, entry, version, 0); err != nil {
			return unwritten(err)
		}
		return s.submit(ctx, o, entry, version)
	}
	named := look.Unexplained[:min(len(look.Unexplained), maxCharges)]
	outcome := &video.SubmissionLost{
		Reference: entry.Reference(), Unread: entry.Request.Redact(look.Unread),
		Charges: named, MoreCharges: len(look.Unexplained) - len(named),
	}
	entry.Phase = video.PhaseUnanswered
	entry.Book(video.MoneyUncertain, 0)
	entry.End(outcome, s.Now())
	if _, _, err := s.Jobs.Update(ctx, entry, version); err != nil {
		return unwritten(err)
	}
	return fail(outcome)
}

// look asks the provider for the submission once. The error is one of ours, where the step
// has to be entered again.
func (s *visit) look(ctx context.Context, entry video.Entry) (provider.Found, error) {
	account, err := s.Providers.Named(entry.Provider)
	if err != nil {
		return provider.Found{}, err
	}
	return account.Provider.Find(ctx, account.Keys, provider.Submission{
		Reference: entry.Reference(), Request: entry.Request, KeyVersion: entry.KeyVersion, Candidate: provider.Handle(entry.Candidate),
		From: entry.ClaimedAt, Until: entry.ClaimedUntil, ChargedBy: entry.ClaimedUntil.Add(s.Times.LookUpWindow),
	})
}
