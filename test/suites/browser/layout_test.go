package browser

import (
	"net/http"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// stops is the number of tab stops of a card; a player counts as one.
func stops(prompt string) string {
	return "[..." + card(prompt) + ".querySelectorAll('a, button, input, summary, video')].filter((e) => e.tabIndex >= 0 && e.checkVisibility()).length"
}

// testLateAnswers checks that nothing moves when the price and the spending come, as somebody
// presses the button.
func (w *world) testLateAnswers(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	const price, spent, capped = "document.getElementById('price-note')?.textContent", "!document.getElementById('spent').hidden", "document.querySelector('#spent-month progress')"
	for _, size := range [][2]int64{{1280, 900}, {1280, 1600}, {700, 900}, {390, 844}, {360, 740}} {
		p.do(chromedp.EmulateViewport(size[0], size[1]))
		places := func(known string, disturb func(*http.Request) disturbance) string {
			stop := w.front.disturbing(t, disturb)
			defer stop()
			p.do(chromedp.Reload())
			p.await("the form", "document.getElementById('price')?.checkVisibility() && Boolean("+known+")")
			return eval[string](p, "['.brand', '#generate', '#videos'].map((e) => document.querySelector(e).getBoundingClientRect().top).join(', ')")
		}
		late := places("!"+price+" && !("+spent+")", func(r *http.Request) disturbance {
			if what := on("/check", hold)(r); what != pass {
				return what
			}
			return on("/control", hold)(r)
		})
		if known := places(price+" && "+spent, nil); known != late {
			t.Errorf("in a window of %d x %d the brand, the button and the videos are at %s at first, and at %s with the price and the spending", size[0], size[1], late, known)
		}
		w.front.invent(slices.Repeat([]string{inventedControl}, 9)...) // the page may ask again
		if known := places(price+" && "+capped, on("/control", invent)); known != late {
			t.Errorf("in a window of %d x %d the brand, the button and the videos are at %s at first, and at %s with the price and the caps", size[0], size[1], late, known)
		}
	}
}

// testLayout checks what is in view, on which side a text begins, and how many tab stops a card
// has.
func (w *world) testLayout(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	const several, arabic, running = "A lighthouse keeper\nlights the lamp\nwhile a storm\nrolls in", "زورق ورقي يعبر شارعًا", "an " + unending + " tide"
	for _, prompt := range []string{several, arabic, running} {
		p.choose("field-prompt", prompt)
		p.press("#composer", "Generate")
		p.await("a card", card(prompt))
		p.await("an empty form", "document.getElementById('field-prompt').value === ''")
	}
	p.cardShows(running, "Generating")
	for _, prompt := range []string{several, arabic} {
		p.await("the video", card(prompt)+"?.querySelector('video')")
	}

	// A prompt of several lines is cut after three, and is whole in the view that it leads to.
	p.click(card(several) + ".querySelector('.prompt a')")
	p.await("the whole prompt", "document.getElementById('view-title').innerText === "+js(several))
	p.key(kb.Escape)
	p.choose("field-prompt", arabic)
	for _, element := range []string{card(arabic) + ".querySelector('.prompt')", "document.getElementById('field-prompt')"} {
		if direction := eval[string](p, "getComputedStyle("+element+").direction"); direction != "rtl" {
			t.Errorf("%s is written %s", element, direction)
		}
	}
	p.shot("right to left")
	p.choose("field-prompt", "")

	for _, prompt := range []string{several, arabic, running} {
		if n := eval[int](p, stops(prompt)); n > 3 {
			t.Errorf("the card of %q has %d tab stops", prompt, n)
		}
	}

	// The button is in view, and nothing of the form below it, with and without a banner, however
	// far the form is scrolled.
	p.do(chromedp.EmulateViewport(1366, 768))
	p.click(css("#more summary"))
	for _, hidden := range []string{"true", "false"} {
		p.do(chromedp.Evaluate[chromedp.Void]("{ const e = document.getElementById('paused'); e.hidden = " + hidden + "; e.textContent = 'Paused'; scrollTo(0, 0) }"))
		for _, top := range []string{"0", "150", "9999"} {
			p.do(chromedp.Evaluate[chromedp.Void]("document.querySelector('.composer').scrollTop = " + top))
			if bottom := eval[float64](p, "document.getElementById('price-note').getBoundingClientRect().bottom"); bottom > 768 {
				t.Errorf("the end of the form is at %g of 768", bottom)
			}
			if below := eval[string](p, "(({left, bottom}) => document.elementFromPoint(left + 30, bottom - 4))(document.querySelector('.composer').getBoundingClientRect()).closest('.send, .composer').className"); below != "send" {
				t.Errorf("below the button is %s", below)
			}
		}
		p.shot("laptop")
	}
	p.do(chromedp.Evaluate[chromedp.Void]("document.getElementById('paused').hidden = true; undefined"))

	// On a phone, the form and the library are one tap from each other.
	p.do(chromedp.EmulateViewport(390, 844))
	p.accessible("a phone")
	p.click(css(".skip"))
	p.await("the library", "Math.abs(document.getElementById('videos').getBoundingClientRect().top) < 40 && document.activeElement.id === 'videos'")
	p.click(css(".up"))
	p.await("the form", "Math.abs(document.getElementById('new').getBoundingClientRect().top) < 40")

	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "forced-colors", Value: "active"}}}); err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.EmulateViewport(1280, 900), chromedp.Evaluate[chromedp.Void]("scrollTo(0, 0)"))
	p.shot("forced colours")
	for selector, edge := range map[string]string{"#generate": "border", ".segment input:checked + span": "outline", ".chips li": "border"} {
		if style := eval[string](p, "getComputedStyle(document.querySelector("+js(selector)+"))."+edge+"Style"); style != "solid" {
			t.Errorf("in forced colours, %s has the %s %s", selector, edge, style)
		}
	}
}
