package e2e

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

// testStopped stops an execution while its video is generated. The event alone gives the job an
// outcome.
func (w *world) testStopped(t *testing.T) {
	const id = "stopped"
	w.endless(t, id)
	w.abort(t, id)
	await(t, "the outcome of "+id, func() bool { return w.entry(t, id).Outcome != nil })
	if got := w.end(t, id); got.Error.Name != "Interrupted" {
		t.Errorf("it ends with %s", got.Error.Name)
	}
}

// endless starts a job by hand whose generation never ends. It waits until the submission is recorded:
// before that, the job can neither be retried nor cancelled.
func (w *world) endless(t *testing.T, id string) {
	t.Helper()
	w.doom(id, script.Fate{Outcome: script.OutcomeNever})
	w.startByHand(t, id, fmt.Sprintf(`{"prompt":%q}`, w.prompt("a job called "+id)))
	await(t, "the generation of "+id, func() bool { return w.entryIs(t, id, video.PhaseAccepted) })
}

func (w *world) entryIs(t *testing.T, id string, phase video.Phase) bool {
	t.Helper()
	entry, _, err := w.table.Get(t.Context(), id)
	return err == nil && entry.Phase == phase
}

// testSwept creates an old job that nobody has started: a sweep starts it.
func (w *world) testSwept(t *testing.T) {
	const id = "never-started"
	w.created(t, id)
	if _, err := w.invoke(t.Context(), "SettleFunction", map[string]bool{"sweep": true}); err != nil {
		t.Fatal(err)
	}
	w.succeeded(t, id)
	w.stored(t, id)
}

// created writes the item of a job, as if its creator had died right after.
func (w *world) created(t *testing.T, id string) {
	t.Helper()
	request, err := catalogue.OfPrompt(all.Models(), w.prompt("a job called "+id))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = w.table.Create(t.Context(), video.Entry{
		ID: id, Request: request, RequestHash: request.Hash(), CreatedAt: time.Now().Add(-time.Hour), Execution: id,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) probeSettle(t *testing.T) error {
	id := w.fresh()
	w.endless(t, id)
	arn := *w.execution(t, id).ExecutionArn
	w.abort(t, id)
	if _, err := w.invoke(t.Context(), "SettleFunction", arn); err != nil {
		return err
	}
	if entry := w.entry(t, id); entry.Outcome == nil || entry.Outcome.Name != "Interrupted" {
		return errors.New("it is not settled")
	}
	return nil
}

func (w *world) probeSweep(t *testing.T) error {
	id := w.fresh()
	w.created(t, id)
	if _, err := w.invoke(t.Context(), "SettleFunction", map[string]bool{"sweep": true}); err != nil {
		return err
	}
	w.succeeded(t, id)
	return nil
}
