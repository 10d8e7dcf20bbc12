package browser

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// waitLimit bounds each wait. It is far more than any should take.
const waitLimit = 90 * time.Second

// chromium is the browser that make installs.
const chromium = "../../../.tools/chromium/bin/chromium"

// newBrowser starts Chromium headless, until the end of the test.
func newBrowser(t *testing.T, options ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	path, err := filepath.Abs(chromium)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the pinned Chromium is not installed; make tools installs it: %v", err)
	}
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), slices.Concat(chromedp.DefaultExecAllocatorOptions[:], []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox, // the sandbox needs a user of its own, and these pages are ours
		chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("autoplay-policy", "user-gesture-required"),
		chromedp.Flag("lang", "en-GB"), chromedp.Env("TZ=UTC", "LANG=C.UTF-8"),
	}, options)...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	return ctx
}

// tab is a tab of the browser.
type tab struct {
	*testing.T
	ctx   context.Context
	world *world
}

// tab opens a tab in a profile of its own.
func (w *world) tab(t *testing.T) *tab {
	t.Helper()
	return w.tabOf(t, w.browser, chromedp.WithNewBrowserContext())
}

// another opens a tab in the same profile.
func (p *tab) another() *tab {
	p.Helper()
	return p.world.tabOf(p.T, p.ctx)
}

// tabOf opens a tab. Errors in it, violations of its content security policy above all, fail the
// test.
func (w *world) tabOf(t *testing.T, parent context.Context, options ...chromedp.ContextOption) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, options...)
	t.Cleanup(cancel)
	p := &tab{T: t, ctx: ctx, world: w}
	p.do(chromedp.EmulateViewport(1280, 900))
	messages := chromedp.Console(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for message, err := range messages {
			if err != nil {
				return
			}
			// The browser also reports what the API refuses.
			if message.Source != "network" && message.Type != "info" && message.Type != "debug" {
				t.Errorf("the browser says: %s %s (%s:%d)", message.Type, message.Text, message.URL, message.Line)
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return p
}

// do runs actions, each within waitLimit.
func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if err := chromedp.Do(p.ctx); err != nil {
		p.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(p.ctx, waitLimit)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.shot("failed")
		p.Fatal(err)
	}
}

// eval returns the value of an expression in the page.
func eval[T any](p *tab, expression string) T {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, waitLimit)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.Fatalf("%s: %v", expression, err)
	}
	return value
}

// until polls done until it returns true.
func (p *tab) until(what string, done func(context.Context) bool) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, waitLimit)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !done(ctx) {
		select {
		case <-ctx.Done():
			p.shot("failed")
			shown, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string]("document.body.innerText.slice(0, 3000)")) // "" if it fails too
			p.Fatalf("timed out waiting for %s; the page shows:\n%s", what, shown)
		case <-tick.C:
		}
	}
}

// await waits until an expression is true in the page.
func (p *tab) await(what, expression string) {
	p.Helper()
	p.until(what, func(ctx context.Context) bool {
		yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		return err == nil && yes // nothing is true while a document is being replaced
	})
}

// js returns a value as a JavaScript literal.
func js(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return "undefined"
	}
	return string(text)
}

// shows waits until the page shows a text.
func (p *tab) shows(text string) {
	p.Helper()
	p.await(strconv.Quote(text), "document.body.innerText.includes("+js(text)+")")
}

// hides fails the test if the page shows a text.
func (p *tab) hides(text string) {
	p.Helper()
	if eval[bool](p, "document.body.innerText.includes("+js(text)+")") {
		p.Errorf("the page shows %q", text)
	}
}

// press clicks the button with these words, within what a selector finds.
func (p *tab) press(within, words string) {
	p.Helper()
	p.click(button("document.querySelectorAll("+js(within+" button")+")", words))
}

// button returns the expression of the button with these words, of a list of buttons.
func button(list, words string) string {
	return "[..." + list + "].find((b) => !b.closest('[hidden]') && b.innerText.trim().startsWith(" + js(words) + "))"
}

// css returns the expression of the first element of a selector.
func css(selector string) string {
	return "document.querySelector(" + js(selector) + ")"
}

// place waits until an element is in view, stays in its place, and is covered by nothing there. The
// page counts whether the next click reaches it.
func (p *tab) place(element string) (x, y float64) {
	p.Helper()
	expression := `(() => {
	  const element = ` + element + `;
	  if (!element?.checkVisibility()) return [];
	  element.scrollIntoViewIfNeeded();
	  const {x, y, width, height} = element.getClientRects()[0];
	  const at = [x + width / 2, y + height / 2];
	  if (!element.contains(document.elementFromPoint(...at))) {
	    element.scrollIntoView({block: "center", behavior: "instant"});
	    return [];
	  }
	  window.clicks = 0;
	  addEventListener("click", ({target}) => (window.clicks += element.contains(target)), {capture: true, once: true});
	  return at;
	})()`
	var last []float64
	p.until("an element that stays in its place: "+element, func(ctx context.Context) bool {
		at, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](expression))
		still := err == nil && len(at) == 2 && slices.Equal(at, last)
		last = at
		return still
	})
	return last[0], last[1]
}

// click clicks an element. As a person does, it clicks again if the element moved away at that
// very moment.
func (p *tab) click(element string) {
	p.Helper()
	for missed := true; missed; {
		x, y := p.place(element)
		p.do(chromedp.MouseClickXY(x, y))
		var err error
		missed, err = chromedp.Run(p.ctx, chromedp.Evaluate[bool]("window.clicks === 0"))
		missed = missed && err == nil // a document that the click replaced has no answer
		if missed {
			p.Logf("a click at %g, %g missed %s", x, y, element)
		}
	}
}

// key presses keys, as a person without a mouse does.
func (p *tab) key(keys string, modifiers ...chromedp.Modifier) {
	p.Helper()
	p.do(chromedp.KeyEvent(keys, chromedp.KeyModifiers(modifiers...)))
}

// open loads the page.
func (p *tab) open() {
	p.Helper()
	p.do(chromedp.Navigate(p.world.page))
	p.await("the page", "document.body?.dataset.state !== 'loading'")
}

// signIn opens the page and enters the token.
func (p *tab) signIn() {
	p.Helper()
	p.open()
	p.fill("token", p.world.stack.Token+kb.Enter)
	p.await("the form", "!document.getElementById('composer').hidden")
}

// fill replaces the text of a field.
func (p *tab) fill(id, text string) {
	p.Helper()
	p.await(id, "document.getElementById("+js(id)+")")
	p.do(
		chromedp.Evaluate[chromedp.Void]("{ const e = document.getElementById("+js(id)+"); e.focus(); e.select?.(); }"),
		chromedp.KeyEvent(text),
	)
}

// choose selects a value of a list.
func (p *tab) choose(id, value string) {
	p.Helper()
	p.do(chromedp.Evaluate[chromedp.Void]("{ const e = document.getElementById(" + js(id) + "); e.value = " + js(value) +
		"; for (const kind of ['input', 'change']) e.dispatchEvent(new Event(kind, {bubbles: true})); }"))
}

// order submits the form for a video.
func (p *tab) order(prompt string) {
	p.Helper()
	p.fill("field-prompt", prompt)
	p.click(css("#generate"))
	p.await("a card for "+prompt, card(prompt))
}

// card returns the expression of the card of a prompt.
func card(prompt string) string {
	return "[...document.querySelectorAll('.card')].find((c) => c.querySelector('.prompt')?.textContent.includes(" + js(prompt) + "))"
}

// scrollTo scrolls until there is a card of a prompt: the page has only those near the window.
func (p *tab) scrollTo(prompt string) {
	p.Helper()
	p.await("the card of "+strconv.Quote(prompt), `(() => {
	  if (`+card(prompt)+`) return true;
	  if (scrollY + innerHeight > document.body.scrollHeight - 10) scrollTo(0, 0);
	  else scrollBy(0, 600);
	})()`)
}

// cardShows waits until the card of a prompt shows a text.
func (p *tab) cardShows(prompt, text string) {
	p.Helper()
	p.await(strconv.Quote(text)+" on the card of "+strconv.Quote(prompt), card(prompt)+"?.innerText.includes("+js(text)+")")
}

// pressCard clicks a button of the card of a prompt.
func (p *tab) pressCard(prompt, words string) {
	p.Helper()
	p.click(button(card(prompt)+".querySelectorAll('button')", words))
}

// scheme switches the page to the dark or the light scheme.
func (p *tab) scheme(name string) {
	p.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	})
	if err != nil {
		p.Fatal(err)
	}
}

// screenshots holds the pictures of the last run, and is ignored by git.
const screenshots = "../../../.takeup/screenshots"

// shot saves a screenshot.
func (p *tab) shot(name string) []byte {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, waitLimit)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.Errorf("a picture of %s: %v", name, err)
		return nil
	}
	file := filepath.Join(screenshots, strings.ReplaceAll(name, " ", "-")+".png")
	if err := os.WriteFile(file, picture, 0o644); err != nil {
		p.Error(err)
	}
	return picture
}
