package browser

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

var update = flag.Bool("update", false, "write the README's pictures")

func (w *world) testSlow(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	stop := w.front.disturbing(t, func(r *http.Request) disturbance {
		if strings.Contains(r.URL.Path, "/assets/") || strings.HasSuffix(r.URL.Path, "/") {
			return pass
		}
		return hold
	})
	p.do(chromedp.Reload())
	p.await("the places of the videos", "document.querySelectorAll('.ghost').length > 0 && !document.getElementById('list-wait').hidden")
	p.accessible("waiting")
	p.shows("Still waiting for the list of models")
	p.shows("Still waiting for the list of videos")
	p.accessible("waiting for long")
	p.shot("slow")
	stop()

	// One of the page's files fails to load, in a browser that has none cached.
	other := w.tab(t)
	stop = w.front.disturbing(t, on("/api.js", refuse))
	other.do(chromedp.Navigate(w.page))
	other.await("the words", "getComputedStyle(document.querySelector('.late')).visibility === 'visible'")
	other.accessible("a part is missing")
	other.shot("part missing")
	stop()
	other.do(chromedp.Reload())
	other.shows("Your token, please")

	p.do(chromedp.Reload())
	p.await("the videos", card(""))
}

func (w *world) testFailing(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	p.await("the videos", card(""))
	for name, what := range map[string]disturbance{"AWS did not do its part": refuse, "Takeup can't be reached": lose} {
		stop := w.front.disturbing(t, func(r *http.Request) disturbance {
			if strings.Contains(r.URL.Path, "/videos") || strings.HasSuffix(r.URL.Path, "/models") {
				return what
			}
			return pass
		})
		p.do(chromedp.Reload())
		p.shows(name)
		p.shows("The form needs the list of models.")
		p.shows("the page retries automatically")
		p.accessible("failing: " + name)
		p.shot("failing " + strings.Fields(name)[0])
		stop()
		p.press("#composer-trouble", "Try again")
		p.await("the form", "!document.getElementById('composer').hidden")
		p.await("the videos", card("")) // without a reload
		p.await("the banners to go", "document.getElementById('list-trouble').hidden && document.getElementById('composer-trouble').hidden")
	}
}

// The document names all that first paint needs, and requests it itself, so that it is one round
// trip away. Nothing comes from another origin.
func (w *world) testRoundTrip(t *testing.T) {
	p := w.tab(t)
	p.do()
	requests := chromedp.Events(p.ctx, network.RequestWillBeSent)
	done := make(chan map[string]string)
	ctx, cancel := context.WithCancel(p.ctx)
	go func() {
		asked := map[string]string{} // initiator type by address
		for event, err := range requests {
			if err != nil {
				break
			}
			by := string(event.Initiator.Type)
			if event.Initiator.URL != "" && event.Initiator.URL != w.page {
				by += " in " + path.Base(event.Initiator.URL)
			}
			asked[event.Request.URL] = by
			if ctx.Err() != nil || strings.HasSuffix(event.Request.URL, "/end-of-test") {
				break
			}
		}
		done <- asked
	}()
	p.signIn()
	p.await("a poster", "[...document.images].some((i) => i.naturalWidth)")
	p.do(chromedp.Evaluate[chromedp.Void]("fetch('end-of-test').then(() => {}, () => {}); undefined"))
	asked := <-done
	cancel()
	assets, posters := 0, 0
	for address, by := range asked {
		switch {
		case strings.HasPrefix(address, w.page+"assets/"):
			assets++
			if by != "parser" && !strings.HasSuffix(address, ".svg") { // the browser asks for the icon by itself
				t.Errorf("%s was asked for by %s", address, by)
			}
		case strings.HasPrefix(address, w.page), strings.HasPrefix(address, "data:"): // the player's own images
		case strings.HasPrefix(address, w.stack.S3URL) && strings.Contains(address, "/poster.webp?"):
			posters++
		default:
			t.Errorf("the page asked for %s", address)
		}
	}
	if assets < 10 || posters == 0 {
		t.Errorf("%d files of the page and %d posters were asked for: %v", assets, posters, asked)
	}

	// The page's files are cached: they are not requested again.
	before := w.front.count()
	p.do(chromedp.Navigate(w.page))
	p.await("the videos", card(""))
	w.front.mu.Lock()
	defer w.front.mu.Unlock()
	for _, r := range w.front.requests[before:] {
		if strings.Contains(r.path, "/assets/") {
			t.Errorf("%s was asked for again", r.path)
		}
	}
}

// shownImages is the expression of the images in the window. Those far from it aren't loaded.
const shownImages = `[...document.images].filter((i) => {
  const {top, bottom} = i.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
})`

// testLooks keeps screenshots, and fails if something doesn't fit the screen or axe-core finds a
// violation with everything on the page.
func (w *world) testLooks(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	p.click(css("label[for='field-duration-10']"))
	p.order("A lighthouse keeper lights the lamp while a storm rolls in")
	p.click(css("label[for='field-duration-5']"))
	p.order("Macro shot: a drop of ink spreads in clear water, blue on white")
	for _, prompt := range []string{"A lighthouse keeper", "a drop of ink"} {
		p.await("the poster", card(prompt)+"?.querySelector('img')?.naturalWidth > 0")
	}
	p.order("Rain, " + unending + ", on the roofs of a harbour town")
	p.cardShows("Rain", "left")
	p.fill("field-prompt", "A paper boat crosses a flooded street at dusk")
	p.do(chromedp.Evaluate[chromedp.Void]("document.getElementById('said').replaceChildren(); undefined"))

	for _, look := range []struct {
		name, scheme  string
		width, height int64
		picture       string // in the README
	}{
		{"light", "light", 1280, 900, "page.png"},
		{"dark", "dark", 1280, 900, ""},
		{"phone light", "light", 360, 740, ""},
		{"phone dark", "dark", 390, 844, "page-phone.png"},
		{"wide", "light", 1920, 1080, ""},
		{"at twice the size", "light", 640, 450, ""},
	} {
		p.scheme(look.scheme)
		p.do(chromedp.EmulateViewport(look.width, look.height))
		if over := eval[int](p, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
			t.Errorf("%s: the page is %d pixels wider than the screen", look.name, over)
		}
		p.accessible(look.name)
		p.shot(look.name)
		if strings.HasPrefix(look.name, "phone") {
			p.do(chromedp.Evaluate[chromedp.Void]("document.getElementById('videos').scrollIntoView(); undefined"))
		}
		p.await("the posters", shownImages+".every((i) => i.complete)")
		picture := p.shot(look.name + " videos")
		if *update && look.picture != "" {
			if err := os.WriteFile("../../../docs/"+look.picture, picture, 0o644); err != nil {
				t.Error(err)
			}
		}
	}
}

// testOlder fills more than one page of the list.
func (w *world) testOlder(t *testing.T) {
	const more = 8
	for i := range more {
		w.post(t, fmt.Sprintf("number %d", i))
	}
	p := w.tab(t)
	p.signIn()
	for i := range more {
		p.await("the video", card(fmt.Sprintf("number %d", i))+"?.querySelector('video')")
	}
	p.do(chromedp.Reload()) // a job that ends between two pages may be on neither
	p.await("the newest", card("number 7"))
	p.await("more", "!document.getElementById('older').hidden && document.getElementById('sum').textContent.includes('so far')")
	p.scrollTo(boat)
	p.await("no more", "document.getElementById('older').hidden")
	p.do(chromedp.Evaluate[chromedp.Void]("scrollTo(0, 0); undefined"))
	p.await("the newest again", card("number 7"))
	p.accessible("older videos")
}
