package pipeline

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/video"
)

// clockSkew is by how much the provider's clock may differ from ours.
const clockSkew = 5 * time.Minute

// longestLookUp is the most between two looks for a lost submission, but for what
// keeps an execution's history short.
const longestLookUp = 10 * time.Minute

// maxCharges is the most charges that an outcome names: it is stored and shown.
const maxCharges = 10

// found is what one look into the provider's records gave.
type found struct {
	generation video.Generation // confirmed by a retrieve; no ID: none was
	complete   bool             // the logs and the transactions were read whole
	unread     string           // why not
	charges    []string         // in its time, and belonging to nothing that is known
}

// lookUp goes on from a submission that was not answered. It is never sent again
// by itself: it is found, or it is lost once its records were read whole after
// the longest generation, or at the hard deadline. That counts from its own claim,
// since a redrive submits jobs that are older, or from the redrive that looks for it
// again: the records may not be readable at that moment either.
func (s *visit) lookUp(ctx context.Context, o order, entry video.Entry, version string) (video.Job, bool, error) {
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
		return video.Job{}, true, err
	}
	if look.generation.ID != "" {
		s.Log.InfoContext(ctx, "submission found", "job", entry.ID, "attempt", entry.Attempt, "generation", look.generation.ID)
		s.note(video.Event{Kind: video.EventAccepted, Number: entry.Attempt, Said: look.generation.ID})
		entry.Route = look.generation.Route
		return s.accept(ctx, entry, version, look.generation)
	}

	shown := entry.ClaimedUntil.Add(s.Times.LookUpWindow)
	lost := look.complete && began.After(shown)
	longest := max(s.Times.Hard, 2*s.Times.LookUpWindow)
	if since := began.Sub(searched); !lost && since < longest {
		// Rare at first, since most generations take minutes, and rarer yet.
		wait := max(min(max(s.Times.LookUpFirst, since/4), longestLookUp), schedule.Sparse(since))
		until, unread := shown, entry.Request.Redact(look.unread)
		if began.After(shown) {
			until = searched.Add(longest)
		}
		left := s.underWay(ctx, entry)
		if left > 0 {
			wait = min(wait, left) // to free its slot
		}
		if entry, _, err = s.unanswered(ctx, entry, version, left); err != nil {
			return video.Job{}, false, unlessConflict(err)
		}
		s.note(video.Event{Kind: video.EventSearched, Number: entry.Attempt, Said: unread})
		s.waits(video.WaitAnswer, entry.Attempt, wait, until, unread)
		return entry.Job(video.Waiting, seconds(wait)), true, nil
	}
	if lost && s.ResubmitLost && !entry.Resubmitted && entry.DiscardedAt.IsZero() {
		if entry, version, err = s.unanswered(ctx, entry, version, 0); err != nil {
			return video.Job{}, false, unlessConflict(err)
		}
		return s.submit(ctx, o, entry, version)
	}
	named := look.charges[:min(len(look.charges), maxCharges)]
	outcome := &video.SubmissionLost{
		ClientRequestID: entry.ClientRequestID(), Unread: entry.Request.Redact(look.unread),
		Charges: named, MoreCharges: len(look.charges) - len(named),
	}
	entry.Phase = video.PhaseUnanswered
	entry.Book(video.MoneyUncertain, 0)
	entry.End(outcome, s.Now())
	if _, _, err := s.Jobs.Update(ctx, entry, version); err != nil {
		return video.Job{}, false, unlessConflict(err)
	}
	return video.Job{}, true, outcome
}

// look reads the provider's records once, with the key that the attempt was sent
// with. What can't be read is unknown, never "not found". The error is one of
// ours, where the step has to be entered again.
func (s *visit) look(ctx context.Context, entry video.Entry) (found, error) {
	key, err := s.Keys.Version(ctx, entry.KeyVersion)
	var gone *video.NoKeyVersion
	if errors.As(err, &gone) {
		return found{unread: gone.Error()}, nil
	}
	if err != nil {
		return found{}, err
	}
	model := entry.Request.Model()
	if entry.Candidate != "" {
		if generation, err := s.confirm(ctx, key, entry, entry.Candidate); err == nil {
			return found{generation: generation}, nil
		}
	}
	from, to := entry.ClaimedAt.Add(-clockSkew), entry.ClaimedUntil.Add(clockSkew)
	rows, err := s.Provider.Requests(ctx, key, from, to)
	if err != nil {
		return unread("its logs", err), nil
	}
	known := map[string]bool{}
	for _, row := range rows {
		if row.ClientRequestID != entry.ClientRequestID() {
			known[row.InferenceID] = row.ClientRequestID != ""
			continue
		}
		if row.InferenceID == "" {
			if row.Failed {
				continue // it names no generation, and ends nothing
			}
			return found{unread: "the row of it in its logs has no usable id"}, nil
		}
		generation, err := s.confirm(ctx, key, entry, row.InferenceID)
		var refusal *video.Refusal
		if row.Failed && errors.As(err, &refusal) && refusal.Kind == video.RefusedUnknown {
			continue // the request failed, and there is no generation that did
		}
		if err != nil {
			return unread("generation "+row.InferenceID+", which its logs name", err), nil
		}
		return found{generation: generation}, nil
	}
	charges, err := s.Provider.Charges(ctx, key, from, s.Now().Add(clockSkew))
	if err != nil {
		return unread("its transactions", err), nil
	}
	look := found{complete: true}
	for _, charge := range charges {
		id, _, _ := strings.Cut(charge.ReferenceID, ":")
		if id != "" && !known[id] && (charge.Model == "" || charge.Model == model) && charge.Created.Before(entry.ClaimedUntil.Add(s.Times.LookUpWindow)) {
			look.charges = append(look.charges, charge.ReferenceID)
		}
	}
	return look, nil
}

// confirm asks for a generation with the key that its attempt was sent with, or
// with the current one where that is no longer taken for this: only the logs want
// the very key.
func (s *visit) confirm(ctx context.Context, key video.Key, entry video.Entry, id string) (video.Generation, error) {
	model := entry.Request.Model()
	generation, err := s.Provider.Retrieve(ctx, key, entry.Route, id, model)
	var refusal *video.Refusal
	if errors.As(err, &refusal) && refusal.Kind == video.RefusedKey {
		return retrieve(ctx, s.Provider, s.Keys, entry.Route, id, model)
	}
	return generation, err
}

// unread is a look that told nothing.
func unread(what string, err error) found { return found{unread: what + ": " + err.Error()} }
