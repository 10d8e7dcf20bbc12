package browser

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// testSecondTab gives the token from one tab to another, and forgets it in both.
func (w *world) testSecondTab(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	p.fill("field-prompt", "a draft of the first tab")
	other := p.another()
	other.open()
	other.await("the form", "!document.getElementById('composer').hidden")
	if draft := eval[string](other, "document.getElementById('field-prompt').value"); draft != "" {
		t.Errorf("the other tab has the draft %q", draft)
	}
	other.click(css("#forget"))
	p.shows("The token was forgotten in another tab. What you wrote is kept.")
	other.do(chromedp.Reload())
	other.shows("Your token, please")
	other.fill("token", w.stack.Token+kb.Enter)
	p.has("a draft of the first tab")
}

func (w *world) testKeptToken(t *testing.T) {
	p := w.tab(t)
	p.open()
	p.shows("Until you press Forget the token, whoever uses this browser can then spend your money.")
	p.click(css("#stay"))
	p.signInHere()
	other := p.another()
	p.do(chromedp.Navigate("about:blank"))
	other.open()
	other.await("the form", "!document.getElementById('composer').hidden")
	other.click(css("#forget"))
	other.shows("Your token, please")
	if kept := eval[int](other, "localStorage.length"); kept != 0 {
		t.Errorf("%d values are stored", kept)
	}
}

// signInHere enters the token.
func (p *tab) signInHere() {
	p.Helper()
	p.fill("token", p.world.stack.Token+kb.Enter)
	p.await("the form", "!document.getElementById('composer').hidden && document.body.dataset.state === 'ready'")
}

// testOnline loses the line, and has the page ask for everything at once when it is back, and when
// somebody looks again.
func (w *world) testOnline(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	p.await("the videos", card(""))
	stop := w.front.disturbing(t, func(r *http.Request) disturbance {
		if strings.Contains(r.URL.Path, "/assets/") {
			return pass
		}
		return refuse
	})
	const prompt = "a whale during an outage"
	p.order(prompt)
	p.cardShows(prompt, "Not answered yet")
	for range 3 { // each time, the page waits longer before it tries again
		p.do(chromedp.Evaluate[chromedp.Void]("dispatchEvent(new Event('focus')); undefined"))
		p.await("another try", card(prompt)+"?.innerText.includes('Not answered yet')")
	}
	stop()
	for _, event := range []string{"window.dispatchEvent(new Event('online'))", "window.dispatchEvent(new Event('focus'))", "document.dispatchEvent(new Event('visibilitychange'))"} {
		before, at := w.front.count(), time.Now()
		p.do(chromedp.Evaluate[chromedp.Void](event + "; undefined"))
		p.until("requests after "+event, func(context.Context) bool {
			var list, control bool
			for _, r := range w.front.since(before) {
				list = list || strings.Contains(r.query, "status=running")
				control = control || strings.HasSuffix(r.path, "/control")
			}
			return list && control
		})
		t.Logf("%s: the list and the caps were requested after %s", event, time.Since(at))
	}
	p.await("the video", card(prompt)+"?.querySelector('video')")
	w.boughtOnce(t, prompt)
}

// unwatched makes the page believe that nobody looks at it and that it may notify. A headless
// browser denies that.
const unwatched = `{
  document.hasFocus = () => false;
  window.told = [];
  window.Notification = class {
    static permission = "default";
    static requestPermission = async () => (Notification.permission = "granted");
    constructor(words) { told.push(words); }
  };
}`

func (w *world) testTold(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	p.do(chromedp.Evaluate[chromedp.Void](unwatched))
	const prompt = attended + " that nobody sees"
	p.order(prompt)
	p.press("#videos", "Notify me when it is done")
	p.await("no button", "document.getElementById('notify').hidden")
	p.cardShows(prompt, "Generating")
	w.complete(t, prompt)
	p.order("a portrait that " + refused + " sees")
	p.await("the title", "document.title.startsWith('● 1 failed, 1 done ·')")
	p.await("the notifications", "told.length === 2 && told.includes("+js("Done: "+prompt)+") && told.some((words) => words.startsWith('Ended without a video: '))")
	p.await("the icon", "document.getElementById('icon').href.endsWith('/done.svg')")

	// What others started is not told, and nothing is once somebody looks.
	p.do(chromedp.Evaluate[chromedp.Void]("delete document.hasFocus; dispatchEvent(new Event('focus')); undefined"))
	p.await("the title as it was", "!document.title.includes('●') && document.getElementById('icon').href.endsWith('/icon.svg')")
	other := w.tab(t)
	other.signIn()
	p.do(chromedp.Evaluate[chromedp.Void]("document.hasFocus = () => false; undefined"))
	other.order("a hawk of another tab")
	p.await("the video of the other tab", card("a hawk of another tab")+"?.querySelector('video')")
	if title := eval[string](p, "document.title"); strings.Contains(title, "●") {
		t.Errorf("the title is %q", title)
	}

	// A batch is told as one.
	p.drop(prompts(t, "unseen films.csv", "prompt", "a first unseen film", "a second unseen film"))
	p.pressBatch("unseen films", "Start")
	p.await("its notification", "told.includes('Done: unseen films, 2 of 2 stored')")
	if told := eval[int](p, "told.length"); told != 3 {
		t.Errorf("%d notifications were shown", told)
	}
}
