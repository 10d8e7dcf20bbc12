package browser

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/client"
	"github.com/takeup/takeup/internal/simulator"
)

// fails makes calls of some kinds fail at the provider until the test is over, or the
// function that it gives is called.
func (w *world) fails(t *testing.T, rules ...simulator.Rule) func() {
	t.Helper()
	w.settings(t, func(s *simulator.Settings) { s.Faults = rules })
	stop := func() { w.settings(t, func(s *simulator.Settings) { s.Faults = nil }) }
	t.Cleanup(stop)
	return stop
}

// keep answers the question before a cancellation with no.
func (p *tab) keep() {
	p.Helper()
	p.press("#ask", "Keep it")
	p.await("the question to go", "!document.getElementById('ask').open")
}

// happened opens what happened to a job, and waits for a text in it.
func (p *tab) happened(prompt, text string) {
	p.Helper()
	eval[bool](p, "(() => { const d = "+card(prompt)+".querySelector('details'); d.open = false; d.open = true; return true; })()")
	p.await(text, card(prompt)+".querySelector('.story').innerText.includes("+js(text)+")")
}

// told has the command line tell of a job, and fails where it doesn't say that it
// waits with these words.
func (w *world) told(t *testing.T, prompt, words string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "takeup")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", path, "./cmd/takeup")
	build.Dir = "../.."
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	page, err := client.New(client.Config{BaseURL: w.stack.API, Token: w.stack.Token, HTTP: http.DefaultClient}).List(t.Context(), client.Query{Words: prompt})
	if err != nil || len(page.Videos) != 1 {
		t.Fatalf("%d videos of %q, %v", len(page.Videos), prompt, err)
	}
	out, err := exec.CommandContext(t.Context(), path, "get", page.Videos[0].ID, "--url", w.stack.API, "--token", w.stack.Token).CombinedOutput()
	if _, after, _ := strings.Cut(string(out), "waiting "); err != nil || !strings.Contains(after, words) {
		t.Errorf("it does not say %q, %v", words, err)
	}
	t.Logf("$ takeup get %s\n%s", page.Videos[0].ID, out)
}

func (w *world) testNoRoom(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	stop := w.fails(t, simulator.Rule{On: simulator.KindCreate, Fault: simulator.Fault{Status: http.StatusTooManyRequests}})
	prompt := "a ferry waits for its pier"
	p.order(prompt)
	p.cardShows(prompt, "Waiting for room")
	p.cardShows(prompt, "Nothing was paid.")
	p.happened(prompt, "Not accepted")
	if eval[bool](p, card(prompt)+".innerText.includes(' left')") {
		t.Error("an estimate is shown while there is no room")
	}
	p.accessible("a wait for room")
	p.shot("waiting for room")
	w.told(t, prompt, "The provider has no room")
	stop()
	p.await("the video", card(prompt)+"?.querySelector('video')")
	p.happened(prompt, "Stored in the bucket")
	w.boughtOnce(t, prompt)
}

func (w *world) testNoAnswer(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	stop := w.fails(t, simulator.Rule{On: simulator.KindCreate, Fault: simulator.Fault{After: true, Reset: true}},
		simulator.Rule{On: simulator.KindLogs, Fault: simulator.Fault{Status: http.StatusServiceUnavailable}})
	prompt := "a letter that nobody answers"
	p.order(prompt)
	p.cardShows(prompt, "Looking for the submission")
	p.cardShows(prompt, "It may have been charged.")
	p.happened(prompt, "was not answered")
	p.shot("waiting for an answer")
	w.told(t, prompt, "looking for the submission in its records until")
	p.pressCard(prompt, "Cancel")
	p.shows("It may have been charged.")
	p.keep()
	stop()
	p.await("the video", card(prompt)+"?.querySelector('video')")
	p.happened(prompt, "Accepted as generation")
	w.boughtOnce(t, prompt)
}

func (w *world) testNoCopy(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	stop := w.fails(t, simulator.Rule{On: simulator.KindDownload, Fault: simulator.Fault{Status: http.StatusServiceUnavailable}})
	prompt := "a parcel that can't be fetched"
	p.order(prompt)
	p.cardShows(prompt, "Copying the video")
	p.cardShows(prompt, "could not be copied into the bucket yet")
	p.cardShows(prompt, "It is paid.")
	p.happened(prompt, "Copy attempt 1 failed")
	p.shot("waiting for the video")
	w.told(t, prompt, "could not be copied into the bucket yet")
	stop()
	p.pressCard(prompt, "Try now")
	p.shows("It is tried now.")
	p.await("the video", card(prompt)+"?.querySelector('video')")
	p.happened(prompt, "Stored in the bucket")
	w.boughtOnce(t, prompt)
}
