package list

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/takeup/takeup/internal/wait"
)

// waitLimit bounds the wait for the page's first list.
const waitLimit = 90 * time.Second

// opened notes when a document has its first card of an ended job, in milliseconds of its time.
const opened = `new MutationObserver(() => document.querySelector("#grid .card") && (window.opened ??= performance.now())).observe(document, {subtree: true, childList: true})`

// opening is how long that took, and how long of it the page waited for one answer or several.
const opening = `(() => {
  let waited = 0, until = 0;
  const calls = ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind));
  for (const {requestStart, responseStart} of calls.sort((a, b) => a.requestStart - b.requestStart)) {
    const from = Math.max(requestStart, until), to = Math.min(responseStart, window.opened);
    waited += Math.max(0, to - from);
    until = Math.max(until, to);
  }
  return {cards: window.opened ?? 0, waited};
})()`

// Opening is how long the page took to show its first cards, and how long of it the page waited for
// answers, in milliseconds.
type Opening struct{ Cards, Waited float64 }

// watch opens the page in Chromium, which make installs. Once the page shows the jobs, watch
// counts the AWS calls that it causes for a time.
func (s *subject) watch(ctx context.Context, root string, long time.Duration) (calls map[string]int, err error) {
	path, err := filepath.Abs(filepath.Join(root, ".tools", "chromium", "bin", "chromium"))
	if err != nil {
		return nil, err
	}
	profile, err := os.MkdirTemp("", "takeup-benchlist-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(profile)) }()
	allocator, cancel := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU,
	)...)
	defer cancel()
	tab, cancel := chromedp.NewContext(allocator)
	defer cancel()
	first, stop := context.WithTimeout(tab, waitLimit)
	defer stop()
	if err := chromedp.Do(tab); err != nil { // the browser lives as long as this context
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	if _, err := chromedp.Call(tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: opened}); err != nil {
		return nil, err
	}
	address := s.stack.API + "/"
	err = chromedp.Do(first,
		chromedp.EmulateViewport(1280, 900), chromedp.Navigate(address),
		chromedp.Evaluate[chromedp.Void]("sessionStorage.setItem('takeup.token', "+strconv.Quote(s.stack.Token)+"); undefined"),
		chromedp.Navigate(address),
	)
	for shown := 0; err == nil && shown < runningWatched; {
		if err = wait.For(first, 200*time.Millisecond); err == nil {
			shown, err = chromedp.Run(first, chromedp.Evaluate[int]("document.querySelectorAll('.card progress').length"))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("waiting until it shows %d running jobs: %w", runningWatched, err)
	}
	if s.opening, err = chromedp.Run(first, chromedp.Evaluate[Opening](opening)); err != nil {
		return nil, err
	}
	s.counter.take()
	if err := wait.For(tab, long); err != nil {
		return nil, err
	}
	calls = s.counter.take()
	shown, err := chromedp.Run(first, chromedp.Evaluate[int]("document.querySelectorAll('.card progress').length"))
	if err == nil && shown != runningWatched {
		err = fmt.Errorf("the page shows %d running jobs, not %d", shown, runningWatched)
	}
	return calls, err
}
