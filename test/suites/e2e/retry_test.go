package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// testRetry has a job wait for ten minutes, as the provider asked, and retries it: another
// execution tries at once, and the one that waited is stopped.
func (w *world) testRetry(t *testing.T) {
	job, _ := w.order(t, "patient", func(job string) {
		w.fail(job, once(script.KindCreate, script.Fault{Status: http.StatusTooManyRequests, RetryAfter: "600"}))
	})
	var waits api.Video
	await(t, "the wait of "+job, func() bool {
		waits = ask[api.Video](w, t, http.StatusOK, http.MethodGet, api.PathOf(api.VideoPath, job))
		return waits.Waiting != nil && waits.Waiting.For == report.WaitRoom && waits.Waiting.NextAt != nil && waits.Waiting.Until != nil
	})
	if w := waits.Waiting; waits.Estimate != nil || w.Paid == nil || *w.Paid != video.PaidNo || w.LastError == nil || w.NextAt.Sub(w.Since).Minutes() < 9 {
		t.Errorf("it waits for %+v, with the estimate %+v", w, waits.Estimate)
	}
	goesOn := ask[api.Video](w, t, http.StatusAccepted, http.MethodPost, api.PathOf(api.RetryPath, job))
	if goesOn.Status != video.StateQueued {
		t.Errorf("it is %s", goesOn.Status)
	}
	w.stored(t, job)
	if n := len(w.generations(job)); n != 1 {
		t.Errorf("%d generations", n)
	}
	if status := w.execution(t, job).Status; status != sfntypes.ExecutionStatusAborted {
		t.Errorf("the execution that waited is %s", status)
	}
	w.succeeded(t, job+"-r1")
	done := ask[api.Video](w, t, http.StatusOK, http.MethodGet, api.PathOf(api.VideoPath, job))
	var kinds []report.EventKind
	for _, h := range done.History {
		kinds = append(kinds, h.What)
	}
	if want := []report.EventKind{report.EventTaken, report.EventRefused, report.EventContinued, report.EventClaimed, report.EventAccepted, report.EventPolled, report.EventDone, report.EventStored}; !slices.Equal(kinds, want) || done.Waiting != nil {
		t.Errorf("it waits for %+v, and its history is %+v", done.Waiting, done.History)
	}
	ask[api.Error](w, t, http.StatusConflict, http.MethodPost, api.PathOf(api.RetryPath, job))
}

// probeRetry retries a job that waits for its video. The execution that waited is stopped.
func (w *world) probeRetry(t *testing.T) error {
	id := w.fresh()
	w.endless(t, id)
	defer w.abort(t, id)
	if _, err := invokeAPI[map[string]any](w, t, http.StatusAccepted, http.MethodPost, api.PathOf(api.RetryPath, id), ""); err != nil {
		return err
	}
	defer w.abort(t, id+"-r1")
	if status := w.execution(t, id).Status; status != sfntypes.ExecutionStatusAborted {
		return fmt.Errorf("the execution that waited is %s", status)
	}
	return nil
}
