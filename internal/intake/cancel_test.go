package intake_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/intake"
	"github.com/takeup/takeup/internal/video"
)

func (s shelf) Remove(_ context.Context, id string) error { delete(s, id); return nil }

// TestCancel cancels a job in each of its states. Its races are played in package
// pipeline.
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
	over := func(ending error) *video.Entry {
		return with(video.PhaseAccepted, func(e *video.Entry) { e.Ending = video.NewEndingRecord(ending, began) })
	}
	posting := with(video.PhaseClaimed, func(e *video.Entry) { e.ClaimedUntil = now.Add(30 * time.Second) })
	running, succeeded := execution(types.ExecutionStatusRunning, `{"prompt":"a boat"}`), execution(types.ExecutionStatusSucceeded, `{"prompt":"a boat"}`)
	failed := broken(types.ExecutionStatusFailed, "VideoUnavailable", "no URL")
	for _, test := range []struct {
		name      string
		entry     *video.Entry
		stored    bool
		execution *sfn.DescribeExecutionOutput
		plain     string // the state after Cancel without discard, or why it was refused
		discard   string // and with it; a + says that it goes on, and that its video was given up
	}{
		{name: "started a moment ago", execution: running, plain: "cancelled", discard: "cancelled"},
		{name: "started with no request", execution: execution(types.ExecutionStatusRunning, `{"promt":"x"}`), plain: "being checked", discard: "being checked"},
		{name: "waits for room", entry: entry(video.PhaseRefused), execution: running, plain: "cancelled", discard: "cancelled"},
		{name: "waited for room, and was aborted", entry: entry(video.PhaseRefused), execution: broken(types.ExecutionStatusAborted, "", ""), plain: "nothing to cancel", discard: "nothing to cancel"},
		{name: "is being posted", entry: posting, execution: running, plain: "being submitted at this moment", discard: "+queued"},
		{name: "died while it was posted", entry: entry(video.PhaseClaimed), execution: running, plain: "may be paid", discard: "+queued"},
		{name: "was not answered", entry: entry(video.PhaseUnanswered), execution: running, plain: "may be paid", discard: "+queued"},
		{name: "accepted", entry: entry(video.PhaseAccepted), execution: running, plain: "will charge for it", discard: "+generating"},
		{name: "given up before", entry: with(video.PhaseAccepted, func(e *video.Entry) { e.DiscardedAt = began }), execution: running, plain: "will charge for it", discard: "+generating"},
		{name: "stored", entry: entry(video.PhaseAccepted), stored: true, execution: succeeded, plain: "paid and stored", discard: "discarded"},
		{name: "stored, and the table lost", stored: true, execution: succeeded, plain: "paid and stored", discard: "error"},
		{name: "half removed", entry: with(video.PhaseAccepted, func(e *video.Entry) { e.DiscardedAt = began }), execution: succeeded, plain: "discarded", discard: "discarded"},
		{name: "cancelled before", entry: over(&video.Cancelled{}), execution: failed, plain: "cancelled", discard: "cancelled"},
		{name: "discarded before", entry: over(&video.Discarded{}), execution: failed, plain: "discarded", discard: "discarded"},
		{name: "ended in the table", entry: over(&video.GenerationFailed{}), execution: failed, plain: "ended with GenerationFailed", discard: "ended with GenerationFailed"},
		{name: "ended in the machine", entry: entry(video.PhaseAccepted), execution: failed, plain: "ended with VideoUnavailable", discard: "ended with VideoUnavailable"},
	} {
		for discard, want := range map[bool]string{false: test.plain, true: test.discard} {
			s, l, m := shelf{}, ledger{}, &machine{executions: map[string]*sfn.DescribeExecutionOutput{"a": test.execution}}
			if test.entry != nil {
				l["a"] = *test.entry
			}
			if test.stored {
				s["a"] = video.Manifest{ID: "a", Request: boat, GenerationID: "g", CreditsUsed: 7}
			}
			before := len(l)
			err := intake.NewCanceller(l, s, executions(t, m), func() time.Time { return now }).Cancel(t.Context(), "a", discard)
			view, statusErr := intake.NewDesk(l, s, executions(t, m)).Status(t.Context(), "a")
			if statusErr != nil {
				t.Fatal(statusErr)
			}
			var not *intake.NotCancelled
			state, given := strings.CutPrefix(want, "+")
			switch {
			case errors.As(err, &not):
				if !strings.Contains(not.Error(), want) || not.ID != "a" || len(l) != before || discard && not.Discardable {
					t.Errorf("%s, discard %v: got %+v, want %q", test.name, discard, not, want)
				}
				if (not.RetryAfter > 0) != strings.Contains(want, "being") {
					t.Errorf("%s: ask again after %s", test.name, not.RetryAfter)
				}
			case err != nil || string(view.State) != state || view.Discard != (given || state == "discarded" && test.entry.Ending == nil):
				t.Errorf("%s, discard %v: got %+v, %v, want %q", test.name, discard, view, err, want)
			case view.State == intake.Discarded && test.stored:
				if d, ok := view.Ending.Err().(*video.Discarded); !ok || d.Credits != 7 || len(s) > 0 {
					t.Errorf("%s: ended with %+v, stored %v", test.name, view.Ending, s)
				}
			}
		}
	}
}

func TestCancelInTrouble(t *testing.T) {
	m := &machine{executions: map[string]*sfn.DescribeExecutionOutput{}}
	c := intake.NewCanceller(ledger{}, shelf{}, executions(t, m), time.Now)
	var absent *video.NoEntry
	if err := c.Cancel(t.Context(), "nobody", true); !errors.As(err, &absent) {
		t.Errorf("no job: got %v", err)
	}
	var unavailable *video.ServiceUnavailable
	for _, id := range []string{"throttled", "unread"} {
		if err := c.Cancel(t.Context(), id, true); !errors.As(err, &unavailable) {
			t.Errorf("%s: got %v", id, err)
		}
	}
}

func TestARedriveOfADiscardedVideo(t *testing.T) {
	l, s, m := endings()
	l["given-up"] = over("given-up", &video.Discarded{GenerationID: "g"})
	l["cancelled"] = over("cancelled", &video.Cancelled{})
	l["half-removed"] = video.Entry{ID: "half-removed", Phase: video.PhaseAccepted, DiscardedAt: began}
	m.executions["half-removed"] = execution(types.ExecutionStatusSucceeded, "{}")
	r := intake.NewRedriver(l, s, executions(t, m))
	if name, err := r.Redrive(t.Context(), "given-up"); err != nil || name != "given-up-r1" {
		t.Errorf("got %q, %v", name, err)
	}
	for id, want := range map[string]string{"cancelled": "which stays", "half-removed": "being removed"} {
		if name, err := r.Redrive(t.Context(), id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %q, %v", id, name, err)
		}
	}
}
