package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func (w *world) testReload(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	prompt := "a balloon rises over fields"
	p.order(prompt)
	p.cardShows(prompt, "Since") // the POST was accepted
	p.fill("field-prompt", "half a thought")
	p.do(chromedp.Reload())
	p.await("the form", "!document.getElementById('composer').hidden")
	p.await("the card", card(prompt))
	for _, earlier := range []string{boat, refused, "a train that never leaves"} {
		p.scrollTo(earlier)
	}
	p.do(chromedp.Evaluate[chromedp.Void]("scrollTo(0, 0); undefined"))
	if draft := eval[string](p, "document.getElementById('field-prompt').value"); draft != "half a thought" {
		t.Errorf("the form has %q", draft)
	}
	p.await("the video", card(prompt)+"?.querySelector('video')")
	w.boughtOnce(t, prompt)

	// The session ends with the tab.
	other := w.tab(t)
	other.open()
	other.shows("Your token, please")
	p.click(css("#forget"))
	p.shows("Your token, please")
	p.do(chromedp.Reload())
	p.shows("Your token, please")
	if kept := eval[int](p, "sessionStorage.length"); kept != 0 {
		t.Errorf("%d values are stored", kept)
	}
}

func (w *world) testExchangedToken(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	p.fill("field-prompt", "a thought")
	stop := w.front.disturbing(t, on("generations", deny))
	p.press("#composer", "Generate")
	p.shows("The token is no longer accepted.")
	stop()
	p.fill("token", w.stack.Token+kb.Enter)
	// What was sent with the old token is sent again with the right one.
	p.await("the video", card("a thought")+"?.querySelector('video')")
	w.boughtOnce(t, "a thought")
}

// focused names the focused element as a screen reader would. It is empty if nothing has the
// focus, or if the element can't be seen.
const focused = `(() => {
  const e = document.activeElement;
  if (!e || e === document.body) return "";
  const marked = [e, e.nextElementSibling, e.closest("label")].some((m) => m && getComputedStyle(m).outlineStyle !== "none");
  const box = e.getBoundingClientRect();
  const seen = marked && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const name = e.getAttribute("aria-label") || [...(e.labels ?? [])].map((l) => l.innerText).join(" ") || e.innerText || e.id;
  return (seen ? "" : "UNSEEN ") + e.tagName.toLowerCase() + " " + name.trim().replaceAll(/\s+/g, " ");
})()`

func (w *world) testKeyboard(t *testing.T) {
	p := w.tab(t)
	p.open()
	p.key(w.stack.Token + kb.Enter) // the field has the focus already
	p.await("the form", "!document.getElementById('composer').hidden")
	if at := eval[string](p, focused); at != "textarea Prompt" {
		t.Errorf("after signing in the focus is on %q", at)
	}
	prompt := "an otter juggles stones"
	p.key(prompt)
	p.key(kb.Enter, chromedp.ModifierCtrl)
	p.await("the card", card(prompt))
	p.await("the poster", card(prompt)+"?.querySelector('img')?.naturalWidth > 0")
	w.boughtOnce(t, prompt)

	// From the top through the whole page: every stop is visible and named, and the form comes
	// before the videos.
	p.do(chromedp.Reload())
	p.await("the form", "!document.getElementById('composer').hidden")
	p.await("the poster", card(prompt)+"?.querySelector('img')?.naturalWidth > 0")
	var stops []string
	for range 200 {
		p.key(kb.Tab)
		at := eval[string](p, focused)
		if at == "" || len(stops) > 1 && at == stops[0] {
			break
		}
		if strings.HasPrefix(at, "UNSEEN") || len(strings.Fields(at)) < 2 {
			t.Errorf("stop %d, after %q: %q", len(stops)+1, stops, at)
		}
		stops = append(stops, at)
		if strings.HasPrefix(at, "button Play: "+prompt) {
			break
		}
	}
	order := strings.Join(stops, "\n")
	last := -1
	for _, want := range []string{"a Skip to the videos", "button Forget the token", "select Model", "textarea Prompt", "summary More settings", "choose some", "button Generate", "button Play: " + prompt} {
		at := strings.Index(order, want)
		if at <= last {
			t.Errorf("%q is not where it belongs among\n%s", want, order)
		}
		last = at
	}
	p.key(" ")
	p.await("the video to play", card(prompt)+".querySelector('video').currentTime > 0.2")

	// A dialog takes the focus and gives it back.
	slow := "an " + unending + " caravan crosses the dunes"
	p.do(chromedp.Focus(chromedp.ID("field-prompt")))
	p.key(slow)
	p.key(kb.Enter, chromedp.ModifierCtrl)
	p.cardShows(slow, "Cancel")
	p.do(chromedp.Focus(chromedp.JSPath("[..." + card(slow) + ".querySelectorAll('button')].find((b) => b.innerText.trim() === 'Cancel')")))
	p.key(kb.Enter)
	p.await("the question", "document.getElementById('ask').open")
	if at := eval[string](p, focused); at != "button Keep it" {
		t.Errorf("in the question the focus is on %q", at)
	}
	p.key(kb.Escape)
	p.await("the question to go", "!document.getElementById('ask').open")
	if at := eval[string](p, focused); at != "button Cancel" {
		t.Errorf("after the question the focus is on %q", at)
	}
}
