package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	cdpio "github.com/chromedp/cdproto/io"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/takeup/takeup/internal/api/apitest"
)

var timed = flag.Bool("timed", false, "fail if the page is slow with many videos, which a busy machine makes it")

// The page is scrolled to the end of all videos a stretch at a time, so that each wait for the browser
// is short, however slow the machine is.
const (
	stretch       = 100 // frames
	mostStretches = 1000
	tries         = 4
)

// scrolls defines scrollOn, which scrolls on for a number of frames or to the end. It returns what was
// seen since the beginning: how long it took, and the frames that took longer than 50 ms, as the
// browser reports them.
const scrolls = `{
  const long = [], began = performance.now();
  new PerformanceObserver((list) => long.push(...list.getEntries().map((e) => e.duration))).observe({type: "long-animation-frame"});
  let frames = 0, last = -1, still = 0, cards = 0;
  window.scrollOn = (most) => new Promise((done) => {
    const step = () => {
      frames++;
      scrollBy(0, 400);
      still = scrollY === last ? still + 1 : 0;
      last = scrollY;
      if (frames % 10 === 0) cards = Math.max(cards, document.querySelectorAll("#grid .card").length);
      const end = still > 60 && document.getElementById("older").hidden;
      if (!end && --most > 0) requestAnimationFrame(step);
      else done({end, ms: performance.now() - began, frames, long: long.length, longest: Math.max(0, ...long), cards});
    };
    requestAnimationFrame(step);
  });
}`

// scrolled is what was seen while scrolling.
type scrolled struct {
	End                 bool
	MS, Longest         float64
	Frames, Long, Cards int
}

// TestManyVideos scrolls through 2,000 jobs. The page has the cards of some of them at a time.
//
// On a busy machine, Chromium may stop drawing for good in so long a page: the page answers, but has
// no more frames, and no screenshot can be taken. Such a try counts for nothing.
func TestManyVideos(t *testing.T) {
	for range tries {
		drawn := false
		if !t.Run("scrolled", func(t *testing.T) { drawn = scrollThrough(t) }) || drawn {
			return
		}
		t.Log("the browser stopped drawing")
	}
	t.Errorf("the browser stopped drawing in each of %d tries", tries)
}

// scrollThrough returns false if the browser stops drawing.
func scrollThrough(t *testing.T) bool {
	const jobs = 2000
	p := newShelf(t, jobs).tab(t)
	p.open()
	p.do(chromedp.Evaluate[chromedp.Void](`addEventListener("keydown", ({key}) => key === "Enter" && (window.began = performance.now()), true);
	  new MutationObserver(() => document.querySelector("#grid .card") && (window.shown ??= performance.now())).observe(document.body, {subtree: true, childList: true}); undefined`))
	p.fill("token", apitest.Token+kb.Enter)
	p.await("the first cards", "window.shown")
	first := eval[float64](p, "window.shown - window.began")
	p.do(chromedp.Evaluate[chromedp.Void]("document.activeElement.blur(); undefined"))
	busiest := p.traced()
	p.do(chromedp.Evaluate[chromedp.Void](scrolls))
	var got scrolled
	for n := 0; !got.End; n++ {
		if n == mostStretches {
			t.Fatalf("after %d frames, there is no end", got.Frames)
		}
		ctx, cancel := context.WithTimeout(p.ctx, waitLimit)
		next, err := chromedp.Run(ctx, chromedp.Evaluate[scrolled](fmt.Sprintf("scrollOn(%d)", stretch), chromedp.EvalAwaitPromise))
		cancel()
		if errors.Is(err, context.DeadlineExceeded) && eval[bool](p, "new Promise((done) => { requestAnimationFrame(() => done(false)); setTimeout(done, 5000, true); })") {
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
		got = next
	}
	cpu := busiest()
	p.shows(fmt.Sprintf("%d videos: ", jobs))
	p.await("the oldest", card(fmt.Sprintf("number %d,", jobs-1)))
	t.Logf("jobs=%d first_cards_ms=%.0f scroll_seconds=%.1f frames=%d frames_over_50_ms=%d longest_ms=%.0f busiest_task_cpu_ms=%.0f cards_at_once=%d", jobs, first, got.MS/1000, got.Frames, got.Long, got.Longest, cpu, got.Cards)
	if got.Cards > 80 {
		t.Errorf("the page has %d cards at once", got.Cards)
	}
	if *timed && (first > 1000 || cpu > 50) {
		t.Errorf("the first cards take %.0f ms, and a task %.0f ms of the processor", first, cpu)
	}
	return true
}

// traced starts a trace of the browser. The returned function ends it, and returns the most CPU time
// that a task of the page's main thread took, in milliseconds. What else the machine does is not in
// that.
func (p *tab) traced() func() float64 {
	p.Helper()
	complete := chromedp.Events(p.ctx, tracing.TracingComplete)
	if _, err := chromedp.Call(p.ctx, tracing.Start, tracing.StartParams{
		TransferMode: tracing.StartTransferModeReturnAsStream, TraceConfig: &tracing.TraceConfig{IncludedCategories: []string{"toplevel"}},
	}); err != nil {
		p.Fatal(err)
	}
	return func() float64 {
		if _, err := chromedp.Call(p.ctx, tracing.End, cdp.Empty{}); err != nil {
			p.Fatal(err)
		}
		var stream tracing.EventTracingComplete
		for event, err := range complete {
			if err != nil {
				p.Fatal(err)
			}
			stream = event
			break
		}
		var trace bytes.Buffer
		for {
			part, err := chromedp.Call(p.ctx, cdpio.Read, cdpio.ReadParams{Handle: stream.Stream})
			if err != nil {
				p.Fatal(err)
			}
			trace.Write(part.Data)
			if part.EOF {
				return busiest(p.T, trace.Bytes())
			}
		}
	}
}

// busiest returns the most CPU time of a task in a trace, in milliseconds, of the main threads of
// pages.
func busiest(t *testing.T, trace []byte) float64 {
	t.Helper()
	type thread struct {
		PID, TID int64
	}
	var read struct {
		TraceEvents []struct {
			thread
			Name string
			Tdur float64 // in microseconds
			Args struct{ Name any }
		}
	}
	if err := json.Unmarshal(trace, &read); err != nil {
		t.Fatal(err)
	}
	mains := map[thread]bool{}
	for _, event := range read.TraceEvents {
		mains[event.thread] = mains[event.thread] || event.Name == "thread_name" && event.Args.Name == "CrRendererMain"
	}
	most := 0.0
	for _, event := range read.TraceEvents {
		if mains[event.thread] {
			most = max(most, event.Tdur/1000)
		}
	}
	if most == 0 {
		t.Errorf("of %d events of the trace, none is a page's", len(read.TraceEvents))
	}
	return most
}
