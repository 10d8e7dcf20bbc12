package batch

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/cli/batch/status"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/progress"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
)

// The time between two polls of a batch.
const (
	pollInterval          = 5 * time.Second
	simulatedPollInterval = time.Second
)

// planTimeout is how long a stack may take until it begins to read a file that was uploaded.
const planTimeout = 5 * time.Minute

func newWatch(env *command.Env) *cobra.Command {
	var (
		t target.Target
		b operator
	)
	cmd := &cobra.Command{
		Use: "watch ID", Args: command.Args(1, 1),
		Short: "Watch a batch until it has ended",
		Long: `Watches a batch until it has ended, with a bar in a terminal and otherwise a line
for each hundredth of its videos: how many have ended, how many a second, what
they cost so far, and how long the others take. Then it shows the batch. Ctrl-C
leaves the batch running. The exit status is 4 if videos ended without one.`,
		ValidArgsFunction: ids(env, &t, record.Planning, record.Running),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := b.open(cmd.Context(), env, &t); err != nil {
				return err
			}
			return b.watch(cmd.Context(), args[0])
		},
	}
	flags.JSON(cmd, &b.asJSON)
	t.APIFlags(cmd)
	return cmd
}

// await polls a batch until its file was read.
func (b *operator) await(ctx context.Context, id string) (api.Batch, error) {
	counter := progress.NewCounter(b.env, b.notes())
	defer counter.Close()
	return b.poll(ctx, id, func(got api.Batch) (bool, error) {
		counter.Show(0, got.Status, got.Status)
		switch record.State(got.Status) {
		case record.Uploading:
			if counter.Took() > planTimeout {
				return true, fmt.Errorf("the stack has not begun to read the file for %s; nothing was started or paid. Run the same command again", term.Seconds(planTimeout))
			}
			return false, nil
		case record.Planning:
			return false, nil
		}
		return true, nil
	})
}

// watch shows the progress of a batch until it has ended, and then the batch. The error is an
// *Incomplete if videos ended without one.
func (b *operator) watch(ctx context.Context, id string) error {
	counter := progress.NewCounter(b.env, b.notes())
	defer counter.Close()
	var speed status.Rate
	got, err := b.poll(ctx, id, func(got api.Batch) (bool, error) {
		speed.Add(b.env.Now(), status.Ended(got))
		share, step, text := status.Progress(got, speed.PerSecond(), b.env.Now())
		counter.Show(share, step, text)
		return status.Over(got), nil
	})
	counter.Close()
	if err != nil {
		return err
	}
	if err := b.show(ctx, got); err != nil {
		return err
	}
	return b.verdict(got)
}

// poll gets a batch until done returns true.
func (b *operator) poll(ctx context.Context, id string, done func(api.Batch) (bool, error)) (api.Batch, error) {
	pause := pollInterval
	if b.access.Simulated {
		pause = simulatedPollInterval
	}
	for known := false; ; known = true {
		got, err := b.access.Batch(ctx, id)
		if err == nil {
			var ready bool
			if ready, err = done(got); ready || err != nil {
				return got, err
			}
			err = b.env.Sleep(ctx, pause)
		} else if !known && ctx.Err() == nil {
			return got, err
		}
		if err != nil {
			return got, &unwatched{watch: b.command("watch", id), cancel: b.command("cancel", id), interrupted: ctx.Err() != nil, err: err}
		}
	}
}

// unwatched is the error for a batch that is no longer watched, and goes on.
type unwatched struct {
	watch, cancel string // command lines
	interrupted   bool   // by a person, not because of an error
	err           error
}

func (e *unwatched) Error() string {
	why := "interrupted"
	if !e.interrupted {
		why = "can't watch the batch: " + e.err.Error()
	}
	return fmt.Sprintf("%s; what was started goes on. Return to it, or stop what is not submitted, with\n  %s\n  %s", why, e.watch, e.cancel)
}

func (e *unwatched) Unwrap() error { return e.err }

// Incomplete is the error for a batch of which videos ended without one.
type Incomplete struct {
	Missing, Videos int64
	Resume          string // the command line that tries them again
}

func (e *Incomplete) Error() string {
	return fmt.Sprintf("%d of %d videos ended without one; try again what can be with\n  %s", e.Missing, e.Videos, e.Resume)
}

// verdict returns an error for a batch that didn't end with all of its videos.
func (b *operator) verdict(got api.Batch) error {
	switch record.State(got.Status) {
	case record.Planned:
		return &NotReady{ID: got.ID, Status: "planned, and waits to be started", Hint: b.command("start", got.ID)}
	case record.Unusable:
		return b.unplanned(got)
	}
	if missing := got.Counts.Videos - got.Counts.Stored; missing > 0 {
		return &Incomplete{Missing: missing, Videos: got.Counts.Videos, Resume: b.command("resume", got.ID)}
	}
	return nil
}
