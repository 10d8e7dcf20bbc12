// Package list measures listing and showing jobs: the AWS calls of the API's function for each
// request, and its own time next to that of one bare read of the table. An earlier version of
// Takeup is measured in the same run.
package list

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

// earlierCommit is the last version that kept its jobs in S3 and in the lists of Step Functions.
const earlierCommit = "b998656"

// How many jobs in the table run and how many failed. While the page is watched, fewer run.
const (
	running        = 30
	runningWatched = 10
	failed         = 5
	days           = 60
)

const key = "key-of-the-list-bench-0001"

// Options configure a run.
type Options struct {
	// Root is the repository's root, and StateDir the directory of the stacks' files.
	Root, StateDir string
	Jobs           int           // in the table, at least leastJobs
	EarlierJobs    int           // of the earlier version, at least leastEarlierJobs; 0 omits that version
	Rounds         int           // how often each request is sent
	Watch          time.Duration // how long the page stays open
	Progress       io.Writer     // gets a line for each stage
}

// With leastJobs, today has more than one page. With leastEarlierJobs, there is more than one
// page in all.
const (
	leastJobs        = 2000
	leastEarlierJobs = 200
)

// Check returns an error for invalid options.
func (o Options) Check() error {
	var errs []error
	if o.Jobs < leastJobs {
		errs = append(errs, fmt.Errorf("%d jobs in the table are too few; give at least %d", o.Jobs, leastJobs))
	}
	if o.EarlierJobs != 0 && o.EarlierJobs < leastEarlierJobs {
		errs = append(errs, fmt.Errorf("%d jobs of the earlier version are too few; give at least %d, or 0", o.EarlierJobs, leastEarlierJobs))
	}
	if o.Rounds < 1 || o.Watch <= 0 {
		errs = append(errs, errors.New("give at least one round, and some time to watch the page"))
	}
	return errors.Join(errs...)
}

// Run runs the measurement, which takes minutes.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	provider, err := newProvider()
	if err != nil {
		return nil, err
	}
	server := httptest.NewServer(provider)
	defer server.Close()
	now, err := startSubject(ctx, o, "now", o.Root, server.URL)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, now.close()) }()
	report := &Report{Jobs: o.Jobs, Rounds: o.Rounds, Watch: o.Watch}
	if err := now.prepare(ctx, o, now.fill(o.Jobs)); err != nil {
		return nil, err
	}
	subjects := []*subject{now}
	if o.EarlierJobs > 0 {
		dir, err := os.MkdirTemp("", "takeup-"+earlierCommit+"-")
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		if err := checkout(ctx, o.Root, earlierCommit, dir); err != nil {
			return nil, err
		}
		earlier, err := startSubject(ctx, o, earlierCommit, dir, server.URL)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, earlier.close()) }()
		if err := earlier.prepare(ctx, o, earlier.order(o.EarlierJobs)); err != nil {
			return nil, fmt.Errorf("at commit %s: %w", earlierCommit, err)
		}
		subjects = append(subjects, earlier)
		report.EarlierJobs = o.EarlierJobs
	}
	err = stage(o.Progress, "timing the requests", func() error { return timeAll(ctx, o.Rounds, subjects...) })
	if err != nil {
		return nil, err
	}
	report.Now, report.Bare, report.Opening = now.measured, now.bare, now.opening
	for _, s := range subjects[1:] {
		report.Earlier = s.measured
	}
	return report, nil
}

// stage runs do and prints how long it took.
func stage(progress io.Writer, doing string, do func() error) error {
	began := time.Now()
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	_, err := fmt.Fprintf(progress, "%s ... %.1f s\n", doing, time.Since(began).Seconds())
	return err
}

// newProvider returns the simulator for all jobs. A prompt decides the outcome of its job.
func newProvider() (*sim.Server, error) {
	settings := script.DefaultSettings()
	balance := 100_000.0
	settings.Keys, settings.JobSeconds, settings.JobSigma, settings.BalanceUSD = []string{key}, 1, 0, &balance
	return sim.New(sim.Config{Settings: settings, Seed: 1, Decide: func(a script.Accepted) script.Fate {
		switch text := string(a.Request); {
		case strings.Contains(text, unending):
			return script.Fate{Outcome: script.OutcomeNever}
		case strings.Contains(text, refused):
			return script.Fate{Outcome: script.OutcomeError}
		}
		return script.Fate{}
	}})
}

// Words of prompts: for jobs that never complete, for jobs that fail, and a rare word.
const (
	unending = "an endless staircase"
	refused  = "a famous person"
	rare     = "narwhal"
)

// parameters are common to both versions: many concurrent jobs, and few polls of those that
// never end. The earlier version has another name for the poll window.
func parameters(name string) []string {
	pollWindow := "PollWindowSeconds"
	if name == earlierCommit {
		pollWindow = "SpellSeconds"
	}
	return []string{"FirstWaitSeconds=2", "CheckIntervalSeconds=30", pollWindow + "=0", "ApiRequestsPerSecond=1000", "ApiBurst=1000"}
}

func startSubject(ctx context.Context, o Options, name, root, provider string) (_ *subject, err error) {
	s := &subject{name: name, progress: o.Progress}
	if s.counter, err = newCounter(); err != nil {
		return nil, err
	}
	flags := []string{"-provider", provider, "-key", key, "-env", "AWS_ENDPOINT_URL=" + s.counter.Address}
	for _, p := range parameters(name) {
		flags = append(flags, "-parameter", p)
	}
	fmt.Fprintf(o.Progress, "the stack of %s:\n", name)
	if s.stack, err = startStack(ctx, root, filepath.Join(o.StateDir, name), o.Progress, flags...); err != nil {
		return nil, errors.Join(err, s.counter.Close())
	}
	if err := s.connect(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}
