package library

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/generate"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/video"
)

// NewDownload returns the command download.
func NewDownload(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		out    generate.OutputOptions
		noWait bool
	)
	cmd := &cobra.Command{
		Use: "download ID...", Args: command.Args(1, command.Many),
		Short: "Download videos, and wait for those that are being made",
		Long: `Downloads videos to ID.mp4, and waits for those that are being made. A file gets
its name once it is complete and has the checksum of its manifest; an interrupted
download is resumed. A file with other content is never overwritten without
--force.`,
		ValidArgsFunction: ids(env, &t, video.StateCompleted),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if err := out.Check(); err != nil {
				return err
			}
			if len(args) > 1 && out.Path != "" && !generate.IsDirectory(out.Path) {
				return command.Usagef("--output must be an existing directory for more than one video")
			}
			access, err := t.API(ctx, env)
			if err != nil {
				return err
			}
			m := generate.Creator{Env: env, API: access, Output: out, Resume: out.ResumeCommand(env, &t)}
			var errs []error
			for _, id := range args {
				errs = append(errs, m.Download(cmd, id, noWait))
				if ctx.Err() != nil {
					break
				}
			}
			return errors.Join(errs...)
		},
	}
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "fail for a video that is not stored yet")
	out.Flags(cmd)
	t.APIFlags(cmd)
	return cmd
}
