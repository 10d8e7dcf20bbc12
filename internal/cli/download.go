package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/video"
)

func newDownload(w *world) *cobra.Command {
	var (
		t    target
		out  delivery
		stay bool
	)
	cmd := &cobra.Command{
		Use: "download ID...", GroupID: groupVideos, Args: arguments(1, many),
		Short: "Download videos, and wait for those that are on their way",
		Long: `Downloads videos to ID.mp4, and waits for those that are on their way. A file
gets its name once it is whole and has its manifest's checksum; what was fetched
before an interruption is gone on from. A file that is there with other content
is never overwritten without --force.`,
		ValidArgsFunction: w.ids(&t, video.StateCompleted),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if err := out.check(); err != nil {
				return err
			}
			if len(args) > 1 && out.output != "" && !isDirectory(out.output) {
				return &usageError{fmt.Errorf("--output takes a directory that is there, for more than one video")}
			}
			access, err := t.api(ctx, w)
			if err != nil {
				return err
			}
			m := maker{world: w, api: access, delivery: out, back: out.back(w, &t)}
			var errs []error
			for _, id := range args {
				errs = append(errs, m.fetch(cmd, id, stay))
				if ctx.Err() != nil {
					break
				}
			}
			return errors.Join(errs...)
		},
	}
	cmd.Flags().BoolVar(&stay, "no-wait", false, "fail for a video that is on its way")
	out.flags(cmd)
	t.apiFlags(cmd)
	return cmd
}

// notReady is a job that has no video yet, and is not to be waited for.
type notReady struct {
	ID     string
	Status video.State
	Back   string
}

func (e *notReady) Error() string {
	return fmt.Sprintf("job %s is %s and has no video yet; wait for it with\n  %s", e.ID, e.Status, e.Back)
}

// fetch downloads one video.
func (m *maker) fetch(cmd *cobra.Command, id string, stay bool) error {
	ctx := cmd.Context()
	if stay {
		got, err := m.api.Video(ctx, id)
		if err == nil && !got.Ended() {
			err = &notReady{ID: id, Status: got.Status, Back: m.back(id)}
		}
		if err != nil {
			return err
		}
	}
	w := m.watcher()
	defer w.show.close()
	return m.finish(ctx, w, id, false)
}
