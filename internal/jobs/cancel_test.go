package jobs_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/video"
)

// TestCancel cancels a job in each of its states. Package pipeline plays its races.
func TestCancel(t *testing.T) {
	boat := request(t, "a boat")
	now := ended
	entry := func(phase video.Phase) *video.Entry {
		return &video.Entry{ID: "a", Request: boat, RequestHash: boat.Hash(), CreatedAt: began, Phase: phase, ClaimedUntil: now.Add(-time.Second)}
	}
	with := func(phase video.Phase, change func(*video.Entry)) *video.Entry {
		e := entry(phase)
		change(e)
		return e
	}
	over := func(outcome error) *video.Entry {
		return with(video.PhaseAccepted, func(e *video.Entry) { e.End(outcome, began) })
	}
	posting := with(video.PhaseClaimed, func(e *video.Entry) { e.ClaimedUntil = now.Add(30 * time.Second) })
	stored := with(video.PhaseAccepted, func(e *video.Entry) { e.Manifest = &video.Manifest{ID: "a", ChargedMicros: 7} })
	for _, test := range []struct {
		name    string
		entry   *video.Entry
		stored  bool   // whether it is in the bucket
		plain   string // state after Cancel without discard, or the reason for its refusal
		discard string // the same with discard; a + means that the job continues, and its video was given up
	}{
		{name: "started a moment ago", entry: entry(""), plain: "cancelled", discard: "cancelled"},
		{name: "waits for room", entry: entry(video.PhaseRefused), plain: "cancelled", discard: "cancelled"},
		{name: "is being posted", entry: posting, plain: "being submitted at this moment", discard: "+queued"},
		{name: "died while it was posted", entry: entry(video.PhaseClaimed), plain: "may have been charged", discard: "+queued"},
		{name: "was not answered", entry: entry(video.PhaseUnanswered), plain: "may have been charged", discard: "+queued"},
		{name: "accepted", entry: entry(video.PhaseAccepted), plain: "will charge for it", discard: "+generating"},
		{name: "given up before", entry: with(video.PhaseAccepted, func(e *video.Entry) { e.DiscardedAt = began }), plain: "will charge for it", discard: "+generating"},
		{name: "stored", entry: stored, stored: true, plain: "paid and stored", discard: "discarded"},
		{name: "stored just now", entry: entry(video.PhaseAccepted), stored: true, plain: "will charge for it", discard: "discarded"},
		{name: "taken out of the bucket", entry: stored, plain: "paid and stored", discard: "discarded"},
		{name: "half removed", entry: with(video.PhaseAccepted, func(e *video.Entry) { e.DiscardedAt, e.Manifest = began, stored.Manifest }), plain: "discarded", discard: "discarded"},
		{name: "cancelled before", entry: over(&video.Cancelled{}), plain: "cancelled", discard: "cancelled"},
		{name: "discarded before", entry: over(&video.Discarded{Micros: 7}), plain: "discarded", discard: "discarded"},
		{name: "discarded, redriven, and given up again", entry: with(video.PhaseAccepted, func(e *video.Entry) {
			e.End(&video.Discarded{}, began)
			e.DiscardedAt, e.Redrives = began, 1
		}), plain: "will charge for it", discard: "+generating"},
		{name: "ended otherwise", entry: over(&video.GenerationFailed{}), plain: "ended with GenerationFailed", discard: "ended with GenerationFailed"},
	} {
		for discard, want := range map[bool]string{false: test.plain, true: test.discard} {
			s, l := manifests{}, ledger{"a": *test.entry}
			if test.stored {
				s["a"] = video.Manifest{ID: "a", Request: boat, GenerationID: "g", ChargedMicros: 7}
			}
			c := jobs.New(l, s, executions(t, &machine{}), func() time.Time { return now })
			view, err := c.Cancel(t.Context(), "a", discard)
			var not *jobs.NotCancelled
			state, given := strings.CutPrefix(want, "+")
			switch {
			case errors.As(err, &not):
				if !strings.Contains(not.Error(), want) || not.ID != "a" || l["a"].Mark != "" || discard && not.Discardable {
					t.Errorf("%s, discard %v: got %+v, want %q", test.name, discard, not, want)
				}
				if (not.RetryAfter > 0) != strings.Contains(want, "being") {
					t.Errorf("%s: ask again after %s", test.name, not.RetryAfter)
				}
				continue
			case err != nil || string(view.State) != state || given && !view.Discard:
				t.Errorf("%s, discard %v: got %+v, %v, want %q", test.name, discard, view, err, want)
			case view.State == video.StateDiscarded:
				if d, ok := view.Outcome.Err().(*video.Discarded); !ok || d.Micros != 7 || len(s) > 0 || l["a"].Manifest != nil {
					t.Errorf("%s: ended with %+v, stored %v", test.name, view.Outcome, s)
				}
			}
			// Status agrees with the answer from then on.
			if again, err := c.Status(t.Context(), "a"); err != nil || again.State != view.State || again.Discard != view.Discard {
				t.Errorf("%s: got %+v, then %+v, %v", test.name, view, again, err)
			}
		}
	}
}

func TestCancelInTrouble(t *testing.T) {
	c := service(t, ledger{"unread": {ID: "unread", Phase: video.PhaseAccepted}}, manifests{}, &machine{})
	var absent *video.NoEntry
	if _, err := c.Cancel(t.Context(), "nobody", true); !errors.As(err, &absent) {
		t.Errorf("no job: got %v", err)
	}
	var unavailable *video.ServiceUnavailable
	for _, id := range []string{"throttled", "unread"} {
		if _, err := c.Cancel(t.Context(), id, true); !errors.As(err, &unavailable) {
			t.Errorf("%s: got %v", id, err)
		}
	}
}

func TestARedriveOfADiscardedVideo(t *testing.T) {
	l, s, m := outcomes()
	l["given-up"] = over("given-up", &video.Discarded{GenerationID: "g"})
	l["cancelled"] = over("cancelled", &video.Cancelled{})
	l["half-removed"] = video.Entry{ID: "half-removed", RequestHash: "known", Phase: video.PhaseAccepted, DiscardedAt: began, Manifest: &video.Manifest{}}
	m.executions["half-removed"] = execution(types.ExecutionStatusSucceeded, "{}")
	r := service(t, l, s, m)
	if view, err := r.Redrive(t.Context(), "given-up"); err != nil || view.Execution != "given-up-r1" || view.State != video.StateGenerating || view.Discard {
		t.Errorf("got %+v, %v", view, err)
	}
	for id, want := range map[string]string{"cancelled": "which stays", "half-removed": "being removed"} {
		if view, err := r.Redrive(t.Context(), id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %+v, %v", id, view, err)
		}
	}
}
