package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api/client"
)

func newDownload(w *world) *cobra.Command {
	var (
		t    target
		out  delivery
		stay bool
	)
	cmd := &cobra.Command{
		Use: "download ID...", Args: arguments(1, many),
		Short: "Download videos, and wait for those that are on their way",
		Long: `Downloads videos to ID.mp4, and waits for those that are on their way. A file
gets its name once it is whole and has its manifest's checksum; what was fetched
before an interruption is gone on from. A file that is there with other content
is never overwritten without --force.`,
		ValidArgsFunction: ids(w, &t, client.Completed),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if err := out.check(); err != nil {
				return err
			}
			if len(args) > 1 && out.output != "" && !isDirectory(out.output) {
				return usagef("--output takes a directory that is there, for more than one video")
			}
			api, err := t.api(ctx, w)
			if err != nil {
				return err
			}
			m := maker{world: w, api: api, delivery: out, back: out.back(w, &t)}
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
