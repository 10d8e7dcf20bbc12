package browser

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

// fails makes calls of some kinds fail at the provider until the test ends or the returned
// function is called.
func (w *world) fails(t *testing.T, rules ...script.Rule) func() {
	t.Helper()
	w.settings(t, func(s *script.Settings) { s.Faults = rules })
	stop := func() { w.settings(t, func(s *script.Settings) { s.Faults = nil }) }
	t.Cleanup(stop)
	return stop
}

// keep answers no to the confirmation of a cancellation.
func (p *tab) keep() {
	p.Helper()
	p.press("#ask", "Keep it")
	p.await("the question to go", "!document.getElementById('ask').open")
}

// view opens a job's own view.
func (p *tab) view(prompt string) {
	p.Helper()
	p.click(card(prompt) + ".querySelector('.prompt a')")
	p.await("the view of "+strconv.Quote(prompt), "document.getElementById('view').open && document.getElementById('view-title').textContent === "+js(prompt))
}

// happened opens a job's own view, waits for a text in its history, and closes the view.
func (p *tab) happened(prompt, text string) {
	p.Helper()
	p.until(text, func(context.Context) bool {
		p.view(prompt)
		p.await("the history", "document.querySelector('#view .story')")
		told := eval[bool](p, "document.querySelector('#view .story').innerText.includes("+js(text)+")")
		p.key(kb.Escape)
		p.await("the view to close", "!document.getElementById('view').open")
		return told
	})
}

// takeup runs a command line and returns its output.
func (w *world) takeup(t *testing.T, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "takeup")
	build := exec.CommandContext(context.WithoutCancel(t.Context()), "go", "build", "-o", path, "./cmd/takeup")
	build.Dir = "../../.."
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), path, args...) // it is also run in Cleanup
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TAKEUP_STACK=" + stack.StackName, "AWS_ENDPOINT_URL=" + w.stack.AWS,
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=" + stack.Region,
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("takeup %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// told runs the command line for a job and fails unless it says, in these words, why the job
// waits.
func (w *world) told(t *testing.T, prompt, words string) {
	t.Helper()
	page, err := client.New(client.Config{BaseURL: w.stack.API, Token: w.stack.Token, HTTP: http.DefaultClient}).List(t.Context(), api.ListQuery{Words: prompt})
	if err != nil || len(page.Videos) != 1 {
		t.Fatalf("%d videos of %q, %v", len(page.Videos), prompt, err)
	}
	out := w.takeup(t, "get", page.Videos[0].ID, "--url", w.stack.API, "--token", w.stack.Token)
	if _, after, _ := strings.Cut(out, "waiting "); !strings.Contains(after, words) {
		t.Errorf("it lacks %q", words)
	}
	t.Logf("$ takeup get %s\n%s", page.Videos[0].ID, out)
}

func (w *world) testNoRoom(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	stop := w.fails(t, script.Rule{On: script.KindCreate, Fault: script.Fault{Status: http.StatusTooManyRequests}})
	prompt := "a ferry waits for its pier"
	p.order(prompt)
	p.cardShows(prompt, "Waiting for room")
	p.cardShows(prompt, "Nothing was paid.")
	p.happened(prompt, "Not accepted")
	if eval[bool](p, card(prompt)+".innerText.includes(' left')") {
		t.Error("an estimate is shown during a wait for room")
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
	stop := w.fails(t, script.Rule{On: script.KindCreate, Fault: script.Fault{After: true, Reset: true}},
		script.Rule{On: script.KindLogs, Fault: script.Fault{Status: http.StatusServiceUnavailable}})
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
	stop := w.fails(t, script.Rule{On: script.KindDownload, Fault: script.Fault{Status: http.StatusServiceUnavailable}})
	prompt := "a parcel that can't be fetched"
	p.order(prompt)
	p.cardShows(prompt, "Copying the video")
	p.cardShows(prompt, "could not be copied into the bucket yet")
	p.cardShows(prompt, "It is paid.")
	p.happened(prompt, "Copy attempt 1 failed")
	p.shot("waiting for the video")
	w.told(t, prompt, "could not be copied into the bucket yet")
	p.pressCard(prompt, "Try now")
	p.shows("Retrying now.")
	stop() // before that, the job's own next try could have been first
	p.await("the video", card(prompt)+"?.querySelector('video')")
	p.happened(prompt, "Stored in the bucket")
	w.boughtOnce(t, prompt)
}

// A job over the cap waits for the next day, or until somebody makes room.
func (w *world) testCapped(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	p.order("a coin for the meter")
	p.await("the video", card("a coin for the meter")+"?.querySelector('video')")
	w.fillCap(t)
	prompt := "a purse that is empty"
	p.order(prompt)
	p.cardShows(prompt, "Waiting for room below the stack's cap")
	p.cardShows(prompt, "Nothing was paid.")
	p.accessible("a wait for a cap")
	p.shot("waiting for a cap")
	w.told(t, prompt, "The stack's own cap leaves no room for it")
	w.takeup(t, "caps", "reset")
	p.pressCard(prompt, "Try now")
	p.shows("Retrying now.")
	p.await("the video", card(prompt)+"?.querySelector('video')")
	w.boughtOnce(t, prompt)
}

// fillCap sets the day's cap so that it has no room for another video, until the test ends or
// resets the caps. A video must have been bought.
func (w *world) fillCap(t *testing.T) {
	t.Helper()
	control, err := client.New(client.Config{BaseURL: w.stack.API, Token: w.stack.Token, HTTP: http.DefaultClient}).Control(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	limit := 0.5 // below the price
	for _, held := range []json.Number{control.Caps.Day.Spent, control.Caps.Day.Reserved, control.Caps.Day.Uncertain} {
		usd, err := held.Float64()
		if err != nil {
			t.Fatal(err)
		}
		limit += usd
	}
	w.takeup(t, "caps", "set", "--max-usd-per-day", strconv.FormatFloat(limit, 'f', 6, 64))
	t.Cleanup(func() { w.takeup(t, "caps", "reset") })
}

func (w *world) testPaused(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	w.takeup(t, "pause", "--reason", "an audit")
	t.Cleanup(func() { w.takeup(t, "resume") })
	prompt := "a gate that is closed"
	p.order(prompt)
	p.cardShows(prompt, "Waiting for the pause to end")
	p.cardShows(prompt, "Nothing was paid.")
	p.shot("waiting for the pause to end")
	w.told(t, prompt, "paused")
	w.takeup(t, "resume")
	p.await("the video", card(prompt)+"?.querySelector('video')")
	w.boughtOnce(t, prompt)
}
