package browser

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
)

// The prompts of the cards in one of the page's two lists, joined into one text.
const (
	below   = "[...document.querySelectorAll('#grid .prompt')].map((e) => e.textContent).join('|')"
	onTop   = "[...document.querySelectorAll('#now .prompt')].map((e) => e.textContent).join('|')"
	settled = "document.querySelector('#list-wait').hidden && !document.getElementById('searched').innerText.startsWith('Searching')"
)

// testSome makes videos, and a failure, for the tests after it.
func (w *world) testSome(t *testing.T) {
	for _, prompt := range []string{boat, "a snail crosses a motorway", refused + " robs a bank"} {
		w.post(t, prompt)
	}
	p := w.tab(t)
	p.signIn()
	p.cardShows(boat, "Generating")
	w.complete(t, boat)
	for _, prompt := range []string{boat, "a snail crosses a motorway"} {
		p.await("the poster", card(prompt)+"?.querySelector('img')?.naturalWidth > 0")
	}
	p.cardShows(refused, "The provider made no video")
}

// testFilters finds the jobs of earlier tests by each filter, while one job runs.
func (w *world) testFilters(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	under := "an " + unending + " corridor"
	p.order(under)
	p.cardShows(under, "Generating")
	p.cardShows(under, "via the API")
	// Only a search of whole prompts finds the last word.
	long := strings.Repeat("a street, ", 30) + "and a marimba"
	p.order(long)
	p.await("the long one", card("a street, a street")+"?.querySelector('video')")

	some := "document.querySelectorAll('#grid .card').length > 2"
	for _, test := range []struct {
		name  string
		set   func()
		shown string // a JavaScript expression
	}{
		{"a status", func() { p.choose("by-status", "error") },
			below + ".includes(" + js(refused) + ") && !" + below + ".includes(" + js(boat) + ")"},
		{"another status", func() { p.choose("by-status", "cancelled") },
			below + ".includes('a train that never leaves') && !" + below + ".includes(" + js(refused) + ")"},
		{"a model that nobody asked for", func() { p.choose("by-model", unasked(t, w)) }, "!document.getElementById('no-match').hidden"},
		{"the default model", func() { p.choose("by-model", catalogue.Default(all.Models())) }, some},
		{"today", func() { p.choose("by-time", "0") }, some},
		{"days to come", func() { p.choose("by-time", "days"); p.choose("since", "2199-01-01") }, "!document.getElementById('no-match').hidden"},
		{"words in any order", func() { p.fill("find", "motorway SNAIL") }, below + " === 'a snail crosses a motorway'"},
		{"a word of the whole prompt", func() { p.fill("find", "marimba"+kb.Enter) }, below + ".startsWith('a street, ') && !" + below + ".includes('|')"},
		{"words that no prompt has", func() { p.fill("find", "nowhere to be found") }, "!document.getElementById('no-match').hidden"},
	} {
		test.set()
		p.await(test.name, settled+" && "+test.shown)
		p.await("what runs, beside "+test.name, onTop+".includes("+js(under)+")")
		p.accessible(test.name)
		p.shot("filtered by " + test.name)
		p.press("#filters", "Clear")
		p.await("all videos", settled+" && "+some)
	}

	// A reload keeps the filters.
	p.fill("find", "motorway")
	p.await("the video", below+" === 'a snail crosses a motorway'")
	p.do(chromedp.Reload())
	p.await("the video after a reload", below+" === 'a snail crosses a motorway' && document.getElementById('find').value === 'motorway'")
	// A job that ends and doesn't match disappears.
	brook := "a brook in spring"
	p.order(brook)
	p.await("the end of it", "!"+onTop+".includes("+js(brook)+")")
	p.await("the one video", below+" === 'a snail crosses a motorway'")
	p.press("#filters", "Clear")
	p.await("it among all", settled+" && "+below+".includes("+js(brook)+")")
}

// unasked returns a model that no test uses.
func unasked(t *testing.T, w *world) string {
	t.Helper()
	asked := ""
	for _, create := range w.provider.Ledger().Creates {
		asked += create.Body
	}
	for _, model := range catalogue.All(all.Models()) {
		if !strings.Contains(asked, js(model.Name)) {
			return model.Name
		}
	}
	t.Fatal("all models were asked for")
	return ""
}

// testSearch follows a search over several pages. It shows its progress, continues by itself,
// and then waits to be asked for more.
func (w *world) testSearch(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	p.await("the videos", "document.querySelectorAll('#grid .card').length > 2")
	w.front.invent(
		`{"videos": [], "next": "a", "searched_to": "2026-08-03T12:00:00Z"}`,
	)
	stop := w.front.disturbing(t, func(r *http.Request) disturbance {
		if r.URL.Query().Has("q") {
			return invent
		}
		return pass
	})
	before := w.front.count()
	p.fill("find", "otter"+kb.Enter)
	p.shows("Searching; back to ")
	p.shows("2026 by now.")
	p.accessible("an unfinished search")
	p.shot("an unfinished search")
	var queries []string
	for _, r := range w.front.since(before) {
		if strings.Contains(r.query, "q=") {
			queries = append(queries, r.query)
		}
	}
	if len(queries) != 2 || queries[0] != "q=otter" || queries[1] != "q=otter&cursor=a" {
		t.Errorf("it asked for %q", queries)
	}
	// Other words end the search.
	stop()
	p.fill("find", "motorway"+kb.Enter)
	p.await("the video", below+" === 'a snail crosses a motorway'")
	p.shows("1 found; there are no others.")
}

// testOneRequest: one poll is one request, however many jobs run. For a job that takes longer
// than any before, the page also asks for the reason, at most twice a minute.
func (w *world) testOneRequest(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	for _, prompt := range []string{"an " + unending + " river", "an " + unending + " road", "an " + unending + " wall"} {
		p.order(prompt)
		p.cardShows(prompt, "Generating")
	}
	before := w.front.count()
	looks := func() (n int) {
		for _, r := range w.front.since(before) {
			if strings.Contains(r.query, "status=running") {
				n++
			}
		}
		return n
	}
	p.until("some looks", func(context.Context) bool { return looks() >= 3 })
	asked := map[string]int{}
	for _, r := range w.front.since(before) {
		if strings.HasSuffix(r.path, "/videos") && r.method == http.MethodGet {
			continue
		}
		if asked[r.path]++; asked[r.path] > 1 || r.method != http.MethodGet {
			t.Errorf("besides, it asked for %s %s", r.method, r.path)
		}
	}
}
