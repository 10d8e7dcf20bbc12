package library

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/generate"
	"github.com/takeup/takeup/internal/cli/target"
)

func NewDownload(env *command.Env) *cobra.Command {
	var (
		t    target.Target
		out  generate.OutputOptions
		stay bool
	)
	cmd := &cobra.Command{
		Use: "download ID...", Args: command.Args(1, command.Many),
		Short: "Download videos, and wait for those that are on their way",
		Long: `Downloads videos to ID.mp4, and waits for those that are on their way. A file
gets its name once it is whole and has its manifest's checksum; what was fetched
before an interruption is gone on from. A file that is there with other content
is never overwritten without --force.`,
		ValidArgsFunction: ids(env, &t, client.Completed),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if err := out.Check(); err != nil {
				return err
			}
			if len(args) > 1 && out.Path != "" && !generate.IsDirectory(out.Path) {
				return command.Usagef("--output takes a directory that is there, for more than one video")
			}
			api, err := t.API(ctx, env)
			if err != nil {
				return err
			}
			m := generate.Creator{Env: env, API: api, Output: out, Resume: out.ResumeCommand(env, &t)}
			var errs []error
			for _, id := range args {
				errs = append(errs, m.Download(cmd, id, stay))
				if ctx.Err() != nil {
					break
				}
			}
			return errors.Join(errs...)
		},
	}
	cmd.Flags().BoolVar(&stay, "no-wait", false, "fail for a video that is on its way")
	out.Flags(cmd)
	t.APIFlags(cmd)
	return cmd
}
