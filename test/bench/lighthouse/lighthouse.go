// Package lighthouse measures the page with Lighthouse: the library of a local stack, as a phone
// and as a computer load it, with few videos and with many.
package lighthouse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/remote"
	"golang.org/x/sync/errgroup"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/wait"
	"github.com/takeup/takeup/test/harness/program"
)

// atOnce is the number of requests for videos at the same time, and patience bounds the wait for
// the page.
const (
	atOnce   = 20
	patience = time.Minute
)

// categories are those of Lighthouse that are measured, with the least score of each.
var categories = []struct {
	name  string
	least float64
}{{"performance", 97}, {"accessibility", 100}, {"best-practices", 100}, {"seo", 100}}

// Options configure a run.
type Options struct {
	// Root is the repository's root, and StateDir the directory of the stack's files and of
	// Lighthouse's reports.
	Root, StateDir   string
	Videos           []int // how many videos there are when the page is measured; ascending
	Progress, Report io.Writer
}

// Run prints a line of scores for each number of videos and each kind of device. Its error is
// program.ErrFailed if a score is too low.
func Run(ctx context.Context, o Options) (err error) {
	if o.Root, err = filepath.Abs(o.Root); err != nil {
		return err
	}
	if o.StateDir, err = filepath.Abs(o.StateDir); err != nil {
		return err
	}
	s, err := stack.Start(ctx, stack.Options{
		Root: o.Root, StateDir: o.StateDir, Output: o.Progress, Simulator: []string{"--job-seconds", "1"},
		Parameters: map[string]string{
			"FirstWaitSeconds": "1", "CheckIntervalSeconds": "1", "MaxUsdPerDay": "0", "MaxInFlight": "0",
			"ApiRequestsPerSecond": "1000", "ApiBurst": "1000", "PublicRequestsPerSecond": "1000", "PublicBurst": "1000",
		},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop(context.WithoutCancel(ctx))) }()
	front, stop, err := compress(s.API)
	if err != nil {
		return err
	}
	defer stop()
	b, err := startBrowser(ctx, o, front+"/", s.Token)
	if err != nil {
		return err
	}
	defer b.stop()

	low := false
	made := 0
	for _, wanted := range o.Videos {
		if err := fill(ctx, s, made, wanted); err != nil {
			return err
		}
		made = wanted
		for _, device := range []string{"mobile", "desktop"} {
			scores, err := b.measure(ctx, o, device, wanted)
			if err != nil {
				return err
			}
			fmt.Fprintf(o.Report, "%4d videos, %-7s ", wanted, device)
			for _, c := range categories {
				fmt.Fprintf(o.Report, "  %s %.0f", c.name, scores[c.name])
				low = low || scores[c.name] < c.least
			}
			fmt.Fprintln(o.Report)
		}
	}
	if low {
		fmt.Fprintf(o.Report, "too low: the least are %v; the reports are in %s\n", categories, o.StateDir)
		return program.ErrFailed
	}
	return nil
}

// fill makes videos until there are as many as wanted, and waits until all are stored.
func fill(ctx context.Context, s *stack.Stack, from, wanted int) error {
	c := client.New(client.Config{BaseURL: s.API, Token: s.Token})
	group, sending := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for n := from; n < wanted; n++ {
		group.Go(func() error {
			request, err := catalogue.OfPrompt(all.Models(), fmt.Sprintf("Scene %d: a paper boat crosses a flooded street at dusk", n))
			if err == nil {
				_, err = c.Create(sending, request, "lighthouse-"+strconv.Itoa(n))
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("requesting %d videos: %w", wanted, err)
	}
	for {
		list, err := c.List(ctx, api.ListQuery{Status: "running", Limit: 1})
		if err != nil || len(list.Videos) == 0 {
			return err
		}
		if err := wait.For(ctx, time.Second); err != nil {
			return err
		}
	}
}

// browser is a Chromium that is signed in.
type browser struct {
	page string
	port int
	stop context.CancelFunc
}

// startBrowser starts Chromium with a debugging port, and keeps the token on its device.
func startBrowser(ctx context.Context, o Options, page, token string) (*browser, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	profile, err := os.MkdirTemp(o.StateDir, "profile-")
	if err != nil {
		return nil, err
	}
	allocator, end := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(filepath.Join(o.Root, ".tools", "chromium", "bin", "chromium")), chromedp.UserDataDir(profile),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("remote-debugging-port", strconv.Itoa(port)), remote.WebSocket,
	)...)
	tab, closeTab := chromedp.NewContext(allocator)
	b := &browser{page: page, port: port, stop: func() {
		closeTab()
		end()
		_ = os.RemoveAll(profile) // a leftover profile harms nothing
	}}
	if err := chromedp.Do(tab); err != nil { // the browser lives as long as this context
		b.stop()
		return nil, fmt.Errorf("starting Chromium: %w", err)
	}
	first, cancel := context.WithTimeout(tab, patience)
	defer cancel()
	err = chromedp.Do(first, chromedp.Navigate(page), chromedp.Evaluate[chromedp.Void]("localStorage.setItem('takeup.token', "+strconv.Quote(token)+"); undefined"))
	if err != nil {
		b.stop()
		return nil, fmt.Errorf("signing in: %w", err)
	}
	return b, nil
}

// measure runs Lighthouse, and returns the score of each category.
func (b *browser) measure(ctx context.Context, o Options, device string, videos int) (map[string]float64, error) {
	report := filepath.Join(o.StateDir, fmt.Sprintf("%d-%s.json", videos, device))
	arguments := []string{
		filepath.Join(o.Root, "tools", "lighthouse", "node_modules", "lighthouse", "cli", "index.js"), b.page, "--quiet",
		"--port=" + strconv.Itoa(b.port), "--disable-storage-reset", "--output=json", "--output-path=" + report,
		"--only-categories=performance,accessibility,best-practices,seo",
		"--skip-audits=is-on-https", // a local stack isn't
	}
	if device == "desktop" {
		arguments = append(arguments, "--preset=desktop")
	}
	if said, err := exec.CommandContext(ctx, "node", arguments...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("running Lighthouse: %w\n%s", err, said)
	}
	content, err := os.ReadFile(report)
	if err != nil {
		return nil, err
	}
	var result struct {
		Categories map[string]struct{ Score float64 }
	}
	if err := json.Unmarshal(content, &result); err != nil {
		return nil, fmt.Errorf("reading %s: %w", report, err)
	}
	scores := map[string]float64{}
	for name, category := range result.Categories {
		scores[name] = 100 * category.Score
	}
	return scores, nil
}

// freePort returns a port of this machine that is free.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}
