package submit

import (
	"context"
	"time"

	"github.com/takeup/takeup/internal/pipeline"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// maxLookUpWait is the longest time between two searches for a lost submission, unless
// schedule.Sparse gives a longer one.
const maxLookUpWait = 10 * time.Minute

// maxCharges limits the charges listed in an outcome, which is stored and shown.
const maxCharges = 10

// lookUp searches for a submission that was not answered. Such a submission is never sent again
// unless the operator chose that. It is either found or lost. It is lost once the provider's
// records were read completely twice after the time of the longest generation, or at the hard
// deadline. One reading decides nothing, since pages of records can lack a row that is moved
// between two calls. The deadline counts from the attempt's own claim, since a redrive submits older jobs
// too. If a redrive searches again, it counts from that redrive, since the records may not be
// readable at once.
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
		s.note(report.Event{Kind: report.EventAccepted, Number: entry.Attempt, Said: look.Generation.ID})
		return s.accept(ctx, entry, version, look.Generation)
	}

	shown := entry.ClaimedUntil.Add(s.Times.LookUpWindow)
	absent := look.Complete && began.After(shown)
	lost := absent && !entry.AbsentAt.IsZero() && began.Sub(entry.AbsentAt) >= s.Times.LookUpFirst
	longest := max(s.Times.Hard, 2*s.Times.LookUpWindow)
	if since := began.Sub(searched); !lost && since < longest {
		// Most generations take minutes, so the first searches are few and later ones rarer
		// still.
		wait := max(min(max(s.Times.LookUpFirst, since/4), maxLookUpWait), schedule.Sparse(since))
		until, unread := shown, entry.Request.Redact(look.Unread)
		if began.After(shown) {
			until = searched.Add(longest)
		}
		first := absent && entry.AbsentAt.IsZero()
		if first {
			entry.AbsentAt, wait = began, s.Times.LookUpFirst
		}
		left := s.underWay(ctx, entry)
		if left > 0 {
			wait = min(wait, left) // so that its slot is freed in time
		}
		if entry, _, err = s.unanswered(ctx, entry, version, left, first); err != nil {
			return unwritten(err)
		}
		s.note(report.Event{Kind: report.EventSearched, Number: entry.Attempt, Said: unread})
		s.waits(report.WaitAnswer, entry.Attempt, wait, until, unread)
		return done(entry.Job(video.Waiting, pipeline.Seconds(wait)))
	}
	if lost && s.ResubmitLost && !entry.Resubmitted && entry.DiscardedAt.IsZero() {
		if entry, version, err = s.unanswered(ctx, entry, version, 0, false); err != nil {
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
	entry.End(outcome, s.Now())
	if _, _, err := s.Jobs.Update(ctx, entry, version); err != nil {
		return unwritten(err)
	}
	return fail(outcome)
}

// look searches for the submission once. It returns an error only for a failure of this stack,
// after which the step must be entered again.
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
