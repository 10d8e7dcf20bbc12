package jobs_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/takeup/takeup/internal/video"
)

// TestStatus shows a job in each of its states, from its item alone.
func TestStatus(t *testing.T) {
	boat := request(t, "a boat")
	manifest := &video.Manifest{ID: "a", StoredAt: ended}
	entry := func(change func(*video.Entry)) video.Entry {
		e := video.Entry{ID: "a", Request: boat, RequestHash: boat.Hash(), CreatedAt: began, Execution: "a", Started: true}
		change(&e)
		return e
	}
	accepted := func(e *video.Entry) { e.Phase, e.GenerationID, e.SubmittedAt = video.PhaseAccepted, "g", began }
	for _, test := range []struct {
		name       string
		entry      video.Entry
		state      video.State
		outcome    string
		redrivable bool
		discard    bool
	}{
		{name: "not started", entry: entry(func(e *video.Entry) { e.Started = false }), state: video.StateQueued},
		{name: "started", entry: entry(func(e *video.Entry) {}), state: video.StateQueued},
		{name: "claimed", entry: entry(func(e *video.Entry) { e.Phase = video.PhaseClaimed }), state: video.StateQueued},
		{name: "waits for room", entry: entry(func(e *video.Entry) { e.Phase = video.PhaseRefused }), state: video.StateQueued},
		{name: "is looked up", entry: entry(func(e *video.Entry) { e.Phase = video.PhaseUnanswered }), state: video.StateQueued},
		{name: "accepted", entry: entry(accepted), state: video.StateGenerating},
		{name: "given up", entry: entry(func(e *video.Entry) { accepted(e); e.DiscardedAt = began }), state: video.StateGenerating, discard: true},
		{name: "stored", entry: entry(func(e *video.Entry) { accepted(e); e.Manifest = manifest }), state: video.StateCompleted},
		{name: "being removed", entry: entry(func(e *video.Entry) { accepted(e); e.Manifest, e.DiscardedAt = manifest, ended }), state: video.StateDiscarded, outcome: "Discarded", discard: true},
		{name: "failed", entry: entry(func(e *video.Entry) { e.End(&video.OutOfCredits{}, ended) }), state: video.StateFailed, outcome: "OutOfCredits", redrivable: true},
		{name: "failed for good", entry: entry(func(e *video.Entry) { e.End(&video.GenerationFailed{}, ended) }), state: video.StateFailed, outcome: "GenerationFailed"},
		{name: "cancelled", entry: entry(func(e *video.Entry) { e.End(&video.Cancelled{}, ended) }), state: video.StateCancelled, outcome: "Cancelled"},
		{name: "discarded", entry: entry(func(e *video.Entry) { accepted(e); e.DiscardedAt = began; e.End(&video.Discarded{}, ended) }), state: video.StateDiscarded, outcome: "Discarded", redrivable: true, discard: true},
		{name: "redriven", entry: entry(func(e *video.Entry) { e.End(&video.OutOfCredits{}, ended); *e = e.Next() }), state: video.StateQueued},
		{name: "discarded, and redriven", entry: entry(func(e *video.Entry) {
			accepted(e)
			e.DiscardedAt = began
			e.End(&video.Discarded{}, ended)
			*e = e.Next()
		}), state: video.StateGenerating},
		{name: "redriven, and failed again", entry: entry(func(e *video.Entry) { *e = e.Next(); e.End(&video.OutOfCredits{}, ended) }), state: video.StateFailed, outcome: "OutOfCredits", redrivable: true},
		{name: "started with no request", entry: video.Entry{ID: "a", CreatedAt: began, Outcome: &video.Outcome{Name: "Interrupted", At: ended}}, state: video.StateFailed, outcome: "Interrupted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := &machine{readErr: errThrottled} // it is not called
			view, err := service(t, ledger{"a": test.entry}, nil, m).Status(t.Context(), "a")
			if err != nil || view.State != test.state || view.Redrivable != test.redrivable || view.Discard != test.discard {
				t.Fatalf("got %+v, %v", view, err)
			}
			if view.ID != "a" || !view.CreatedAt.Equal(began) || (view.Request == nil) != (test.entry.RequestHash == "") || view.EndedAt.Equal(ended) != view.State.Ended() {
				t.Errorf("got %+v", view)
			}
			if (view.Outcome == nil) != (test.outcome == "") || view.Outcome != nil && view.Outcome.Name != test.outcome || (view.Manifest != nil) != (view.State == video.StateCompleted) {
				t.Errorf("outcome %+v and manifest %v", view.Outcome, view.Manifest)
			}
			if m.described > 0 {
				t.Error("it asks Step Functions")
			}
		})
	}
}

// A video that was removed from the bucket is missed only when its file is asked for.
func TestFile(t *testing.T) {
	boat := request(t, "a boat")
	l := ledger{}
	for _, id := range []string{"stored", "gone", "unread", "runs"} {
		l[id] = video.Entry{ID: id, Request: boat, RequestHash: boat.Hash(), Phase: video.PhaseAccepted, Manifest: &video.Manifest{StoredAt: ended}}
	}
	l["runs"] = video.Entry{ID: "runs", Request: boat, RequestHash: boat.Hash()}
	s := service(t, l, manifests{"stored": {}}, &machine{})
	for id, want := range map[string]video.State{"stored": video.StateCompleted, "gone": video.StateFailed, "runs": video.StateQueued} {
		view, err := s.File(t.Context(), id)
		if err != nil || view.State != want || (view.Outcome != nil) != (id == "gone") {
			t.Errorf("%s: got %+v, %v", id, view, err)
		}
		if id == "gone" && (view.Outcome.Name != "VideoGone" || !strings.Contains(view.Outcome.Message, "redrive") || view.Manifest != nil || !view.Redrivable) {
			t.Errorf("got %+v", view)
		}
	}
	var unavailable *video.ServiceUnavailable
	if _, err := s.File(t.Context(), "unread"); !errors.As(err, &unavailable) {
		t.Errorf("unread: %v", err)
	}
}

func TestStatusOfWhatIsNoJob(t *testing.T) {
	s := service(t, ledger{}, nil, &machine{executions: map[string]*sfn.DescribeExecutionOutput{}})
	for _, id := range []string{"b", "", "a/b", strings.Repeat("x", 71)} {
		var absent *video.NoEntry
		if view, err := s.Status(t.Context(), id); !errors.As(err, &absent) {
			t.Errorf("%.20q: got %+v, %v", id, view, err)
		}
	}
	var unavailable *video.ServiceUnavailable
	if view, err := s.Status(t.Context(), "throttled"); !errors.As(err, &unavailable) || !errors.Is(err, errThrottled) {
		t.Errorf("throttled: got %+v, %v", view, err)
	}
}
