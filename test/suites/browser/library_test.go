package browser

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/takeup/takeup/internal/api/apitest"
)

// first is the prompt of the first card of the videos.
const first = "document.querySelector('#grid .prompt')?.textContent.split(',')[0]"

// cancelsLater shows a batch, then the same with other figures, and cancels it.
const cancelsLater = `import(document.querySelector("link[href*=batchcards]").href).then(({BatchCards}) => {
  let waited;
  const cards = new BatchCards({cancel: ({counts}) => (waited = counts.waiting)});
  for (const waiting of [7, 3]) {
    const counts = {videos: 9, new: 0, waiting, running: 9 - waiting, stored: 0, failed: 0, cancelled: 0};
    cards.show([], [{id: "b", name: "nine", status: "running", run: 1, plan: {wrong_lines: []}, failures: [], counts, money: {spent_usd: 0}}]);
  }
  [...document.querySelectorAll("#batches button")].find((b) => b.textContent === "Cancel").click();
  cards.clear();
  return waited;
})`

// inSight is whether a card is in the middle of the library's part of the window.
const inSight = "document.elementFromPoint(innerWidth * 0.7, innerHeight / 2)?.closest('#grid .card') !== null"

// TestLibrary finds, sorts, selects and opens the videos of a library of hundreds.
func TestLibrary(t *testing.T) {
	s := newShelf(t, 120)
	fake := s.fake
	p := s.tab(t)
	p.signIn()
	p.await("the newest", first+" === 'number 0'")
	p.await("a poster", "document.querySelector('#grid img')?.naturalWidth === 1")
	if loaded := eval[int](p, "[...document.querySelectorAll('video')].filter((v) => v.src).length"); loaded > 0 {
		t.Errorf("%d videos are loaded before anybody plays one", loaded)
	}
	p.shows("19 videos so far: 85 s of video")
	p.accessible("a library")
	p.shot("library")

	t.Run("playing", func(t *testing.T) { p.T = t; p.plays(s) })
	t.Run("order", func(t *testing.T) {
		p.T = t
		p.choose("by-order", "cost")
		p.await("the dearest", first+" === 'number 6'")
		p.shows("120 videos: ")
		p.choose("by-order", "")
		p.await("the newest", first+" === 'number 0'")
	})
	t.Run("a list of lines", func(t *testing.T) {
		p.T = t
		p.press("#videos", "List")
		p.await("lines", "document.querySelector('#grid .card').offsetHeight < 100")
		p.accessible("a list of lines")
		p.shot("dense")
		p.do(chromedp.EmulateViewport(390, 844))
		p.accessible("a list of lines on a phone")
		p.do(chromedp.Evaluate[chromedp.Void]("document.getElementById('videos').scrollIntoView(); undefined"))
		p.shot("dense phone")
		p.do(chromedp.EmulateViewport(1280, 900))
		p.do(chromedp.Reload())
		p.await("lines after a reload", "document.querySelector('#grid .card')?.offsetHeight < 100")
		p.press("#videos", "List")
	})
	t.Run("selection", func(t *testing.T) { p.T = t; p.selects(fake) })
	t.Run("one video", func(t *testing.T) { p.T = t; p.opens(fake) })
	t.Run("a batch under way", func(t *testing.T) {
		p.T = t
		if got := eval[int](p, cancelsLater); got != 3 {
			t.Errorf("the question before a cancellation has %d waiting lines, and 3 wait by now", got)
		}
	})
	t.Run("coming back", func(t *testing.T) {
		p.T = t
		for _, n := range []string{"69 videos so far", "119 videos so far", "120 videos: "} {
			p.do(chromedp.Evaluate[chromedp.Void]("scrollTo(0, 1e6); undefined"))
			p.shows(n)
		}
		if cards := eval[int](p, "document.querySelectorAll('#grid .card').length"); cards > 60 {
			t.Errorf("120 videos have %d cards at once", cards)
		}
		p.do(chromedp.Evaluate[chromedp.Void]("scrollTo(0, 9000); undefined"))
		p.await("cards there", inSight)
		if top := eval[float64](p, "document.getElementById('now-title').getBoundingClientRect().top"); top < 0 || top > 60 {
			t.Errorf("the head of the running jobs is at %g", top)
		}
		p.shot("far below")
		before := eval[float64](p, "scrollY")
		p.do(chromedp.Reload())
		p.await("the place", fmt.Sprintf("Math.abs(scrollY - %f) < 400 && %s", before, inSight))
	})
	t.Run("a high window", func(t *testing.T) {
		other := s.tab(t)
		other.signIn()
		other.do(chromedp.EmulateViewport(1280, 30_000))
		other.shows("120 videos: ") // without any scrolling
	})
}

// plays plays a video with the mouse resting on it, and on purpose.
func (p *tab) plays(s *shelf) {
	p.Helper()
	of := card("number 0,")
	player := of + ".querySelector('video')"
	enter := func(event, kind string) {
		p.do(chromedp.Evaluate[chromedp.Void](of + ".querySelector('.stage').dispatchEvent(new PointerEvent(" + js(event) + ", {pointerType: " + js(kind) + "})); undefined"))
	}
	enter("pointerenter", "touch")
	enter("pointerenter", "mouse")
	p.await("it to play without sound", player+".currentTime > 0.1 && "+player+".muted && !"+player+".controls")
	if other := eval[int](p, "[...document.querySelectorAll('video')].filter((v) => v.src).length"); other != 1 {
		p.Errorf("%d videos are loaded", other)
	}
	enter("pointerleave", "mouse")
	p.await("the poster again", player+".hidden && "+player+".paused")
	p.click(of + ".querySelector('.play')")
	p.await("it to play with sound", "!"+player+".paused && !"+player+".muted && "+player+".controls && document.activeElement === "+player)
	enter("pointerleave", "mouse")
	p.accessible("a video that plays")
	if eval[bool](p, player+".hidden") {
		p.Error("a video that was begun on purpose ends when the mouse leaves it")
	}
	// One that had no poster has one by now.
	p.await("a poster that was drawn", card("number 1,")+".querySelector('img')?.src.endsWith('drawn')")
	if n := s.posters.Load(); n != 1 {
		p.Errorf("%d posters were stored", n)
	}
}

// box is the checkbox of the card with a number.
func box(n int) string { return card(fmt.Sprintf("number %d,", n)) + ".querySelector('input')" }

func (p *tab) selects(fake *apitest.Server) {
	p.Helper()
	p.click(box(1))
	p.await("one", "document.getElementById('picked').textContent.startsWith('1 selected')")
	p.do(chromedp.Evaluate[chromedp.Void](box(4) + ".dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true, shiftKey: true})); undefined"))
	p.shows("4 selected: 20 s of video, $5")
	p.accessible("a selection")
	p.shot("selection")
	p.do(chromedp.EmulateViewport(390, 844))
	p.accessible("a selection on a phone")
	if over := eval[int](p, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
		p.Errorf("with a selection, the page is %d pixels wider than a phone", over)
	}
	p.shot("selection phone")
	p.do(chromedp.EmulateViewport(1280, 900))
	// The keyboard: the arrows move within a card's actions.
	p.do(chromedp.Focus(chromedp.JSPath(box(2))))
	p.key(kb.ArrowRight)
	if at := eval[string](p, focused); at != "button Download" {
		p.Errorf("after an arrow the focus is on %q", at)
	}
	p.key(kb.ArrowLeft)
	p.key(" ")
	p.shows("3 selected")
	p.press("#selection", "Delete")
	p.shows("$4 was paid, which nobody refunds")
	p.accessible("a question about a selection")
	p.shot("delete")
	p.press("#ask", "Keep")
	p.press("#selection", "Again")
	p.shows("Generate 3 videos again?")
	p.shows("They cost $2.94.")
	p.key(kb.Escape)
	p.await("the question to go", "!document.getElementById('ask').open")
	p.key(kb.Escape)
	p.await("no selection", "document.getElementById('selection').hidden")
	deleted := 0
	for _, call := range fake.Calls() {
		if call.Method == http.MethodDelete {
			deleted++
		}
	}
	if deleted > 0 {
		p.Errorf("%d videos were deleted", deleted)
	}
}

func (p *tab) opens(fake *apitest.Server) {
	p.Helper()
	prompt := "number 3, a paper boat crosses a flooded street"
	p.view(prompt)
	for _, text := range []string{"s3://videos/videos/api-3/video.mp4", "takeup download api-3", "curl -L", "CRC-32", "Taken by the API", "16:9"} {
		p.await(text, "document.getElementById('view').innerText.includes("+js(text)+")")
	}
	p.accessible("a video's own view")
	p.shot("view")
	p.scheme("dark")
	p.do(chromedp.EmulateViewport(390, 844))
	p.accessible("a video's own view on a phone")
	p.shot("view phone dark")
	p.do(chromedp.EmulateViewport(1280, 900))
	p.scheme("light")
	at := eval[string](p, "location.hash")
	p.key(kb.Escape)
	p.await("the library", "!document.getElementById('view').open && !location.hash")
	// Its address leads there, also for somebody who has to sign in first.
	other := p.world.tab(p.T)
	other.do(chromedp.Navigate(p.world.page + at))
	other.shows("Your token, please")
	other.fill("token", apitest.Token+kb.Enter)
	other.await("the view", "document.getElementById('view-title').textContent === "+js(prompt))
	other.press("#view", "Delete")
	other.shows("Delete 1 video?")
	other.press("#ask", "Delete")
	other.await("the end of the view", "!document.getElementById('view').open")
	calls := fake.Calls()
	if last := calls[len(calls)-1]; !strings.HasPrefix(last.URI, "/videos/api-3") {
		p.Errorf("the last call is %s %s", last.Method, last.URI)
	}
}
