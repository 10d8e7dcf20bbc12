package browser

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/client"
)

// loaded counts the bytes that a tab loads, by the browser's own counter.
func (p *tab) loaded() *atomic.Int64 {
	p.Helper()
	p.do()
	var sum atomic.Int64
	events := chromedp.Events(p.ctx, network.LoadingFinished)
	go func() {
		for event, err := range events {
			if err != nil {
				return
			}
			sum.Add(int64(event.EncodedDataLength))
		}
	}()
	return &sum
}

// testBytes opens a library of 100 videos. Once they have posters, the page loads little before
// anybody plays one.
func (w *world) testBytes(t *testing.T) {
	const videos, first, all = 100, 400_000, 1_000_000
	takeup := client.New(client.Config{BaseURL: w.stack.API, Token: w.stack.Token, HTTP: http.DefaultClient})
	stored := func(ctx context.Context) (n, posters int) {
		query := api.ListQuery{Status: "completed", Limit: api.MaxPage}
		for {
			page, err := takeup.List(ctx, query)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range page.Videos {
				if n++; v.Video.PosterURL != nil {
					posters++
				}
			}
			if page.Next == nil {
				return n, posters
			}
			query.Cursor = *page.Next
		}
	}
	have, _ := stored(t.Context())
	for i := have; i < videos; i++ {
		w.post(t, fmt.Sprintf("a long way, part %d", i))
	}
	// The first visit draws what is near, as often as the page scrolls on.
	p := w.tab(t)
	p.signIn()
	p.until("a poster for each", func(ctx context.Context) bool {
		p.do(chromedp.Evaluate[chromedp.Void]("scrollBy(0, 900); if (scrollY + innerHeight > document.body.scrollHeight - 10 && document.getElementById('older').hidden) scrollTo(0, 0); undefined"))
		n, posters := stored(ctx)
		return n >= videos && posters == n
	})

	p = w.tab(t)
	sum := p.loaded()
	p.signIn()
	p.await("the first posters", "[...document.images].filter((i) => i.naturalWidth).length >= 8")
	p.await("a price", "document.getElementById('price').textContent")
	before := sum.Load()
	p.await("the end", `(() => {
	  const open = [...document.images].some((i) => i.getBoundingClientRect().top < innerHeight && !i.complete);
	  if (!open) scrollBy(0, 500);
	  return !open && scrollY + innerHeight > document.body.scrollHeight - 10 && document.getElementById('older').hidden;
	})()`)
	after := sum.Load()
	t.Logf("bytes_before=%d bytes_after_scrolling_over_%d=%d", before, videos, after)
	if before > first || after > all {
		t.Errorf("the page loads %d bytes, and %d after scrolling over %d videos", before, after, videos)
	}
	if players := eval[int](p, "[...document.querySelectorAll('video')].filter((v) => v.src).length"); players > 0 {
		t.Errorf("%d videos are loaded, and nobody played one", players)
	}
}

// post sends a prompt by the API.
func (w *world) post(t *testing.T, prompt string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.stack.API+api.GenerationsPath, strings.NewReader(`{"prompt": `+js(prompt)+`}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.stack.Token)
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("status %d", response.StatusCode)
	}
}
