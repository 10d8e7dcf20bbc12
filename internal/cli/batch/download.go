package batch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/progress"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/video"
)

// parallel is the default number of videos that are downloaded at once.
const parallel = 4

func newDownload(env *command.Env) *cobra.Command {
	var (
		t target.Target
		d downloads
	)
	cmd := &cobra.Command{
		Use: "download ID --to DIR", Args: command.Args(1, 1),
		Short: "Download the videos of a batch",
		Long: `Downloads all videos of a batch that are stored, several at once. They are named by
line and label, such as 000007-Boat.mp4, and 000007.2-Boat.mp4 for the second of
several of one line. A file gets its name once it is complete and has the checksum
of its manifest. The same command again resumes what was interrupted, and fetches
only what is missing. A file with other content is never overwritten without
--force. The exit status is 4 if videos of the batch are not stored.`,
		ValidArgsFunction: ids(env, &t),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case d.to == "":
				return command.Usagef("--to must name a directory for the videos")
			case d.atOnce < 1:
				return command.Usagef("--at-once must be at least 1")
			}
			if err := d.open(cmd.Context(), env, &t); err != nil {
				return err
			}
			return d.all(cmd.Context(), args[0])
		},
	}
	set := cmd.Flags()
	set.StringVar(&d.to, "to", "", "the `directory` for the videos, which is made if need be")
	if err := cmd.MarkFlagDirname("to"); err != nil {
		panic("takeup: " + err.Error()) // there is no such flag
	}
	set.IntVar(&d.atOnce, "at-once", parallel, "how many `videos` are downloaded at once")
	set.BoolVar(&d.force, "force", false, "replace files with other content")
	flags.JSON(cmd, &d.asJSON)
	t.APIFlags(cmd)
	return cmd
}

// downloads downloads the videos of a batch.
type downloads struct {
	operator
	to     string
	atOnce int
	force  bool

	counter *progress.Counter

	mu    sync.Mutex
	done  downloaded
	bytes int64
	errs  []error
}

// downloaded is the result of a download.
type downloaded struct {
	Videos  int      `json:"videos"`  // of the batch
	Fetched int      `json:"fetched"` // files that were downloaded
	Kept    int      `json:"kept"`    // files that were there already
	Missing int      `json:"missing"` // videos that aren't stored
	Failed  []string `json:"failed"`  // ids of videos that are stored, and could not be downloaded
}

// maxErrors is how many errors of single videos are printed.
const maxErrors = 10

// all downloads the videos of a batch that are stored.
func (d *downloads) all(ctx context.Context, id string) error {
	all, err := entries(ctx, d.access, id)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(d.to, 0o755); err != nil {
		return command.Usagef("making the directory for the videos: %w", err)
	}
	d.done = downloaded{Videos: len(all), Failed: []string{}}
	var group errgroup.Group
	group.SetLimit(d.atOnce)
	d.counter = progress.NewCounter(d.env, d.notes())
	defer d.counter.Close()
	for _, e := range all {
		if e.Status != string(video.StateCompleted) {
			d.done.Missing++
		}
	}
	for _, e := range all {
		if e.Status == string(video.StateCompleted) && ctx.Err() == nil {
			group.Go(func() error { d.one(ctx, e); return nil })
		}
	}
	_ = group.Wait() // one keeps the errors
	d.counter.Close()
	if ctx.Err() != nil {
		return fmt.Errorf("interrupted; continue the download with\n  %s", d.command("download", "--to", d.to, id))
	}
	return d.report(id)
}

// one downloads a video, and reports it.
func (d *downloads) one(ctx context.Context, e entry) {
	fetched, err := d.fetch(ctx, e)
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case err != nil:
		d.done.Failed = append(d.done.Failed, e.ID)
		d.errs = append(d.errs, fmt.Errorf("%s: %w", e.file, err))
	case fetched:
		d.done.Fetched++
	default:
		d.done.Kept++
	}
	if err == nil && e.Bytes != nil {
		d.bytes += *e.Bytes
	}
	stored := d.done.Videos - d.done.Missing
	n := d.done.Fetched + d.done.Kept + len(d.done.Failed)
	d.counter.Show(float64(n)/float64(stored), e.ID, fmt.Sprintf("%d of %d, %s", n, stored, term.Bytes(d.bytes)))
}

func (d *downloads) fetch(ctx context.Context, e entry) (bool, error) {
	got, err := d.access.Video(ctx, e.ID)
	if err != nil {
		return false, err
	}
	return d.access.Download(ctx, client.Download{Video: got, Path: filepath.Join(d.to, e.file), Force: d.force})
}

// report prints how many videos were downloaded. The error says which were not, and why.
func (d *downloads) report(id string) error {
	var errs []error
	if d.asJSON {
		errs = append(errs, term.JSON(d.env.Out, d.done))
	} else {
		term.Wrap(d.env.Out, d.env.Width, "", term.Gap, fmt.Sprintf("%s in %s, %s; %d of them existed already",
			term.Count(d.done.Fetched+d.done.Kept, "video is", "videos are"), term.Plain(d.to), term.Bytes(d.bytes), d.done.Kept))
	}
	if n := len(d.errs); n > maxErrors {
		d.errs = append(d.errs[:maxErrors], fmt.Errorf("and %d more", n-maxErrors))
	}
	errs = append(errs, d.errs...)
	if d.done.Missing > 0 {
		errs = append(errs, &Missing{Missing: d.done.Missing, Videos: d.done.Videos, Show: d.command("show", id)})
	}
	return errors.Join(errs...)
}

// Missing is the error for a batch whose videos are not all stored.
type Missing struct {
	Missing, Videos int
	Show            string // a command line
}

func (e *Missing) Error() string {
	return fmt.Sprintf("%d of %d videos are not stored; see why with\n  %s", e.Missing, e.Videos, e.Show)
}
