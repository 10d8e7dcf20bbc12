package browser

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

// batch returns the expression of the card of a batch.
func batch(name string) string {
	return "[...document.querySelectorAll('#batches > li')].find((c) => c.querySelector('h3').textContent === " + js(name) + ")"
}

// batchShows waits until the card of a batch shows a text.
func (p *tab) batchShows(name, text string) {
	p.Helper()
	p.await(fmt.Sprintf("%q on the card of batch %s", text, name), batch(name)+"?.innerText.includes("+js(text)+")")
}

// pressBatch clicks a button of the card of a batch.
func (p *tab) pressBatch(name, words string) {
	p.Helper()
	p.click(button(batch(name)+".querySelectorAll('button')", words))
}

// barOf returns the expression of a value of a batch's progress bar.
func barOf(name, attribute string) string {
	return batch(name) + ".querySelector('[role=progressbar]').getAttribute(" + js(attribute) + ")"
}

// prompts writes a file of prompts, and returns its path.
func prompts(t *testing.T, name string, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// boughtNone fails the test if the provider accepted one of the prompts.
func (w *world) boughtNone(t *testing.T, prompts ...string) {
	t.Helper()
	for _, prompt := range prompts {
		if got := w.bought(prompt); len(got) > 0 {
			t.Errorf("the provider accepted %q %d times", prompt, len(got))
		}
	}
}

// testBatch drops a file with a line that is invalid and one that fails, starts it without the
// invalid one, and follows it to its end.
func (w *world) testBatch(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	p.fill("field-prompt", "a draft that stays")
	const name, quick, slow = "spring films", "a kite of a batch", attended + " of a batch"
	p.drop(prompts(t, name+".csv", "prompt,duration,label", quick+",5,Kite", slow+",10,Boat", "a portrait of "+refused+",5,Portrait", "a bear of a batch,7000,Bear"))
	p.batchShows(name, "Not started yet")
	p.batchShows(name, "3 lines, and 1 invalid: 3 videos")
	p.batchShows(name, "Line 5 (row 5): duration")
	p.batchShows(name, "Nothing is paid before you start it.")
	p.shows("Planned: " + name)
	w.boughtNone(t, quick, slow)
	p.accessible("a plan")
	p.shot("batch plan")
	if draft := eval[string](p, "document.getElementById('field-prompt').value"); draft != "a draft that stays" {
		t.Errorf("the form has %q", draft)
	}
	// A plan outlives the page.
	p.do(chromedp.Reload())
	p.batchShows(name, "Line 5 (row 5): duration")

	before := w.front.count()
	p.pressBatch(name, "Start without the invalid line")
	p.batchShows(name, "Running")
	p.await("progress", barOf(name, "aria-valuenow")+" === '2' && "+barOf(name, "aria-valuetext")+".includes('1 being made')")
	p.batchShows(name, "2 of 3")
	p.await("no card of it among the single ones", "!"+onTop+".includes("+js(slow)+")")
	p.accessible("a batch that runs")
	p.shot("batch running")
	w.complete(t, slow)

	p.batchShows(name, "Ended")
	p.batchShows(name, "2 stored")
	p.batchShows(name, "1 failed")
	p.batchShows(name, "Line 4 (Portrait): The provider made no video.")
	p.batchShows(name, "What to do:")
	polls, lists := 0, 0
	for _, r := range w.front.since(before) {
		if strings.Contains(r.query, "status=running") {
			polls++
		}
		if r.method == http.MethodGet && strings.HasSuffix(r.path, api.BatchesPath) {
			lists++
		}
	}
	if lists == 0 || lists > polls {
		t.Errorf("%d polls asked for the batches %d times", polls, lists)
	}
	w.boughtOnce(t, quick)
	w.boughtOnce(t, slow)
	w.boughtNone(t, "a bear of a batch")
	p.accessible("a batch that has ended")
	p.shot("batch result")

	p.pressBatch(name, "Show its videos")
	p.await("its videos", settled+" && document.querySelectorAll('#grid .card').length === 3 && "+below+".includes("+js(slow)+")")
	if focus := eval[string](p, "document.activeElement.id"); focus != "by-batch" {
		t.Errorf("the focus is on %q", focus)
	}
	p.accessible("the videos of a batch")
	p.shot("batch videos")
	for _, format := range []string{"Results (CSV)", "Results (JSON Lines)"} {
		file := map[string]string{"Results (CSV)": "results*.csv", "Results (JSON Lines)": "results*.jsonl"}[format]
		if got := string(p.download(file, func() { p.pressBatch(name, format) })); strings.Count(got, "batch-") < 3 || !strings.Contains(got, "Portrait") {
			t.Errorf("the results as %s are %q", format, got)
		}
	}
	p.press("#filters", "Clear")

	for _, look := range []struct {
		name, scheme  string
		width, height int64
	}{{"batch dark", "dark", 1280, 900}, {"batch phone", "light", 360, 740}} {
		p.scheme(look.scheme)
		p.do(chromedp.EmulateViewport(look.width, look.height), chromedp.Evaluate[chromedp.Void]("document.getElementById('batches-part').scrollIntoView()"))
		if over := eval[int](p, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
			t.Errorf("%s: the page is %d pixels wider than the screen", look.name, over)
		}
		p.accessible(look.name)
		p.shot(look.name)
	}
}

// testBatchCancelled cancels a batch that waits at a cap: nothing of it is ever paid.
func (w *world) testBatchCancelled(t *testing.T) {
	w.fillCap(t)
	p := w.tab(t)
	p.signIn()
	const name, first, second = "capped films", "a purse of a batch", "a wallet of a batch"
	p.do(chromedp.SetUploadFiles(chromedp.ID("files"), []string{prompts(t, name+".jsonl", `{"prompt": "`+first+`"}`, `{"prompt": "`+second+`"}`)}))
	p.batchShows(name, "Not started yet")
	p.batchShows(name, "$0.50 is left: it takes 2 days.")
	p.shot("batch plan at a cap")
	p.pressBatch(name, "Start")
	p.batchShows(name, "2 waiting")
	p.batchShows(name, "waits for the cap of the day, until")
	p.shot("batch waiting")
	p.pressBatch(name, "Cancel")
	p.shows("2 videos will not be submitted, and never be paid.")
	p.accessible("the question before a batch is cancelled")
	p.shot("batch cancel")
	p.press("#ask", "Let it run")
	p.await("the question to go", "!document.getElementById('ask').open")
	p.pressBatch(name, "Cancel")
	p.press("#ask", "Cancel the batch")
	p.shows("2 videos will never be paid")
	p.batchShows(name, "2 cancelled")
	w.boughtNone(t, first, second)

	// A plan that nobody wants is cancelled without a question.
	const unwanted = "unwanted films"
	p.drop(prompts(t, unwanted+".csv", "prompt", "a film that nobody wants"))
	p.pressBatch(unwanted, "Don't start")
	p.batchShows(unwanted, "Cancelled")
	w.boughtNone(t, "a film that nobody wants")
}

// testBatchRetried retries a line that failed because the account had no credits.
func (w *world) testBatchRetried(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	stop := w.fails(t, script.Rule{On: script.KindCreate, Fault: script.Fault{Status: http.StatusPaymentRequired}})
	const name, prompt = "retried films", "a loan of a batch"
	p.drop(prompts(t, name+".csv", "prompt", prompt))
	p.pressBatch(name, "Start")
	p.batchShows(name, "Ended")
	p.batchShows(name, "The account is out of credits.")
	stop()
	w.boughtNone(t, prompt)
	p.pressBatch(name, "Retry the failed ones")
	p.shows("1 video that failed is made again, for " + price(t, 5) + ". Nothing is paid twice.")
	p.accessible("the question before a batch is run again")
	p.shot("batch retry")
	p.press("#ask", "Run it again")
	p.batchShows(name, "1 stored")
	p.batchShows(name, "Ended")
	w.boughtOnce(t, prompt)
}

// testBatchUpload loses the reply to the request for a batch, and sends the file again.
func (w *world) testBatchUpload(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	stop := w.front.disturbing(t, func(r *http.Request) disturbance {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, api.BatchesPath) {
			return lose
		}
		return pass
	})
	const name = "lost films"
	p.drop(prompts(t, name+".csv", "prompt", "a film that is lost"))
	p.batchShows(name, "Takeup can't be reached. Nothing was started or paid.")
	p.accessible("a file that was not uploaded")
	p.shot("batch not uploaded")
	stop()
	p.pressBatch(name, "Try again")
	p.batchShows(name, "Not started yet")
	p.pressBatch(name, "Don't start")
	p.batchShows(name, "Cancelled")
	w.boughtNone(t, "a film that is lost")

	p.drop(prompts(t, "empty films.csv"))
	p.batchShows("empty films", "Can't be used")
	p.batchShows("empty films", "Nothing was started or paid.")
	p.accessible("a file that can't be used")
	p.shot("batch unusable")
}
