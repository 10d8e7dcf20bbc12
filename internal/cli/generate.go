package cli

import (
	"github.com/spf13/cobra"
)

func newGenerate(w *world) *cobra.Command {
	var (
		t    target
		o    order
		key  string
		out  delivery
		stay bool
	)
	cmd := &cobra.Command{
		Use: "generate [PROMPT]", Args: arguments(0, 1),
		Short: "Generate a video from a prompt, wait for it and download it",
		Long: `Generates a video from a prompt: an argument, a file, or standard input. It
waits for the video, with a progress bar in a terminal and a line for each event
elsewhere, and downloads it to ID.mp4.

The request is checked before anything is sent. It is sent with an
Idempotency-Key, so that trying again is still one video, paid once. Ctrl-C
leaves the job running, and says how to come back to it.`,
		Example: `  takeup generate "a paper boat crosses a flooded street"
  takeup generate --duration 10 --aspect-ratio 9:16 --file prompt.txt --output videos/
  echo "a paper boat" | takeup generate --no-wait --json | jq -r .id`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if err := out.check(); err != nil {
				return err
			}
			request, err := o.request(w, args)
			if err != nil {
				return err
			}
			api, err := t.api(ctx, w)
			if err != nil {
				return err
			}
			if key == "" {
				if key, err = newKey(w.random); err != nil {
					return err
				}
			}
			m := maker{world: w, api: api, delivery: out, back: out.back(w, &t)}
			if stay {
				return m.start(ctx, request, key)
			}
			_, err = m.made(ctx, request, key)
			return err
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&stay, "no-wait", false, "start the job, print its id and don't wait")
	out.flags(cmd)
	cmd.Flags().StringVar(&key, "idempotency-key", "", "the `key` that makes a request that is sent again the same video; a new one unless given")
	complete(cmd, "idempotency-key", nil)
	t.apiFlags(cmd)
	return cmd
}
