// Package generate implements the command generate, and the parts of it that other commands use:
// it creates a job, follows it to its outcome and downloads its video.
package generate

import (
	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/request"
	"github.com/takeup/takeup/internal/cli/target"
)

// NewGenerate returns the command generate.
func NewGenerate(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		o      request.Input
		key    string
		out    OutputOptions
		noWait bool
	)
	cmd := &cobra.Command{
		Use: "generate [PROMPT]", Args: command.Args(0, 1),
		Short: "Generate a video from a prompt, wait for it and download it",
		Long: `Generates a video from a prompt that is an argument, in a file or on standard
input. It waits for the video, with a progress bar in a terminal and otherwise a
line per event, and downloads it to ID.mp4.

The request is validated before anything is sent. It is sent with an
Idempotency-Key, so that retries make one video, which is paid once. Ctrl-C
leaves the job running, and prints the command that downloads its video.`,
		Example: `  takeup generate "a paper boat crosses a flooded street"
  takeup generate --duration 10 --aspect-ratio 9:16 --file prompt.txt --output videos/
  echo "a paper boat" | takeup generate --no-wait --json | jq -r .id`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if err := out.Check(); err != nil {
				return err
			}
			request, err := o.Request(env, args)
			if err != nil {
				return err
			}
			api, err := t.API(ctx, env)
			if err != nil {
				return err
			}
			if key == "" {
				if key, err = NewKey(env.Random); err != nil {
					return err
				}
			}
			m := Creator{Env: env, API: api, Output: out, Resume: out.ResumeCommand(env, &t)}
			if noWait {
				return m.Start(ctx, request, key)
			}
			_, err = m.Generate(ctx, request, key)
			return err
		},
	}
	o.Flags(cmd)
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "create the job, print its id and don't wait")
	out.Flags(cmd)
	cmd.Flags().StringVar(&key, "idempotency-key", "", "the `key` that makes a repeated request the same video; random by default")
	flags.Complete(cmd, "idempotency-key", nil)
	t.APIFlags(cmd)
	return cmd
}
