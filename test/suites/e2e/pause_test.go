package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/video"
)

// testPause pauses the stack. A new job waits, says so and can be cancelled. Submitted jobs keep
// running. After the resume, what waits is submitted once.
//
// It needs the stack to itself.
func (w *world) testPause(t *testing.T) {
	c := w.commandLine(t)
	running, _ := w.order(t, "submitted-before-the-pause", func(string) {})
	await(t, "a submission", func() bool { return len(w.creates(running)) > 0 })
	if said := c.run(t, "pause", "--reason", "a test"); !strings.Contains(said, "paused since") || !strings.Contains(said, "a test") {
		t.Errorf("printed %s", said)
	}
	control := ask[api.Control](w, t, http.StatusOK, http.MethodGet, api.ControlPath)
	if control.Paused == nil || control.Paused.By == nil || !strings.HasPrefix(*control.Paused.By, "arn:aws:") || control.Paused.Reason == nil || *control.Paused.Reason != "a test" {
		t.Errorf("the API returned %+v", control.Paused)
	}
	cmd, _ := c.command(t, "doctor")
	if report, err := cmd.Output(); err == nil || !strings.Contains(string(report), "fix: submissions: paused since") {
		t.Errorf("doctor printed %s, %v", report, err)
	}
	waiting, _ := w.order(t, "sent-while-paused", func(string) {})
	w.startByHand(t, "by-hand-while-paused", `{"prompt":"a paper boat, by hand, while it is paused"}`)
	w.stored(t, running)
	await(t, "the job that was started by hand", func() bool {
		status, _, reply := call(t, http.MethodGet, w.stack.API+"/videos/by-hand-while-paused", w.stack.Token, "")
		return status == http.StatusOK && strings.Contains(string(reply), `"status":"queued"`)
	})
	if got := ask[api.Video](w, t, http.StatusOK, http.MethodDelete, "/videos/by-hand-while-paused"); got.Status != video.StateCancelled {
		t.Errorf("cancelled while it is paused, it is %+v", got)
	}
	if got := ask[api.Video](w, t, http.StatusOK, http.MethodGet, api.PathOf(api.VideoPath, waiting)); got.Status != video.StateQueued || len(w.creates(waiting)) > 0 {
		t.Errorf("while it is paused, it is %+v, sent %d times", got, len(w.creates(waiting)))
	}
	if said := c.run(t, "resume"); !strings.Contains(said, "not paused") {
		t.Errorf("printed %s", said)
	}
	if control := ask[api.Control](w, t, http.StatusOK, http.MethodGet, api.ControlPath); control.Paused != nil {
		t.Errorf("the API returned %+v", control.Paused)
	}
	w.stored(t, waiting)
}
