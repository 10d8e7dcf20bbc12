package library

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/video"
)

// NewCancel returns the command cancel.
func NewCancel(env *command.Env) *cobra.Command {
	var (
		t       target.Target
		discard bool
		asJSON  bool
	)
	cmd := &cobra.Command{
		Use: "cancel ID...", Args: command.Args(1, command.Many),
		Short: "Cancel videos before they are paid",
		Long: `Cancels videos that the provider has not accepted: they are never paid. An
accepted video is charged anyway, and is stored unless --discard discards it. One
whose submission the provider has not answered may be charged, too.`,
		ValidArgsFunction: ids(env, &t, video.StateQueued),
		RunE: func(cmd *cobra.Command, args []string) error {
			access, err := t.API(cmd.Context(), env)
			if err != nil {
				return err
			}
			var errs []error
			done := []api.Video{}
			for _, id := range args {
				got, err := cancel(cmd.Context(), env, access, id, discard)
				if err != nil {
					errs = append(errs, fmt.Errorf("job %s was not cancelled: %w", id, err))
					continue
				}
				done = append(done, got)
				if !asJSON {
					fmt.Fprintf(env.Out, "%s  %s\n", id, cancelled(got))
				}
			}
			if asJSON {
				errs = append(errs, term.JSON(env.Out, struct {
					Videos []api.Video `json:"videos"`
				}{done}))
			}
			return errors.Join(errs...)
		},
	}
	cmd.Flags().BoolVar(&discard, "discard", false, "also discard videos that are paid: they are not stored, or are removed from the bucket")
	flags.JSON(cmd, &asJSON)
	t.APIFlags(cmd)
	return cmd
}

// cancel cancels a job. It retries while it isn't known whether the job will be paid.
func cancel(ctx context.Context, env *command.Env, access target.API, id string, discard bool) (api.Video, error) {
	for attempt := 1; ; attempt++ {
		got, err := access.Delete(ctx, id, discard)
		var refused *client.Refused
		switch {
		case !errors.As(err, &refused) || refused.Status != http.StatusConflict:
			return got, err
		case refused.Names(api.ParamDiscard):
			return got, &command.Reworded{Message: strings.TrimSuffix(strings.Join(refused.Messages, "; "), " (?discard=true)") + "; --discard discards it", Err: err}
		case refused.RetryAfter == 0 || attempt == client.Attempts:
			return got, err
		}
		if err := env.Sleep(ctx, refused.RetryAfter); err != nil {
			return got, err
		}
	}
}

func cancelled(v api.Video) string {
	switch {
	case v.Status == video.StateCancelled:
		return "cancelled; nothing was paid"
	case v.Status == video.StateDiscarded:
		return "discarded; it was charged, and its video is not kept"
	case v.Discard && v.Waiting != nil && v.Waiting.Paid != nil && *v.Waiting.Paid != video.PaidYes:
		return "will be discarded: it is " + string(v.Status) + ", may have been charged, and is not stored"
	case v.Discard:
		return "will be discarded: it is " + string(v.Status) + ", is charged, and is not stored"
	}
	return string(v.Status)
}
