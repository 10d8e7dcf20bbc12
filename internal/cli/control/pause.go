package control

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/reconcile"
	"github.com/takeup/takeup/internal/video"
)

// decisions is how often the control is read anew after another changed it.
const decisions = 3

func NewPause(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		reason string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "pause", Args: command.Args(0, 0),
		Short: "Submit nothing until it is resumed",
		Long: `Pauses a stack: no job is submitted to the provider until it is resumed. New
requests are taken and wait, and what was submitted before goes on to its end. An
execution can wait for two weeks; a job whose execution ends then is not paid, and
can be redriven. Pausing needs the stack's AWS.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			stack, err := t.AWS(ctx, env)
			if err != nil {
				return err
			}
			by, err := caller(ctx, stack)
			if err != nil {
				return err
			}
			return decide(ctx, env, stack.Jobs(), asJSON, func(c video.Control, table string) (video.Control, error) {
				return c.Pause(table, by, reason, env.Now()), nil
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "`why`, for those who wonder")
	flags.Complete(cmd, "reason", nil)
	flags.JSON(cmd, &asJSON)
	t.Flags(cmd)
	return cmd
}

func NewResume(env *command.Env) *cobra.Command {
	var (
		t                  target.Target
		unrepaired, asJSON bool
	)
	cmd := &cobra.Command{
		Use: "resume", Args: command.Args(0, 0),
		Short: "Submit jobs again after a pause",
		Long: `Resumes a stack that was paused. The jobs that wait are submitted within a
quarter of an hour. A table that is a copy of another, such as one that was
restored, is paused by itself: it is resumed once "takeup reconcile --repair" has
written back what it lacks. Resuming needs the stack's AWS.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			stack, err := t.AWS(cmd.Context(), env)
			if err != nil {
				return err
			}
			return decide(cmd.Context(), env, stack.Jobs(), asJSON, func(c video.Control, table string) (video.Control, error) {
				return c.Resume(table, unrepaired)
			})
		},
	}
	cmd.Flags().BoolVar(&unrepaired, "without-repair", false, "resume a copy of a table as it is, though jobs may be paid for twice")
	flags.JSON(cmd, &asJSON)
	t.Flags(cmd)
	return cmd
}

// caller is who the AWS credentials are of, by the ARN.
func caller(ctx context.Context, stack target.Stack) (string, error) {
	out, err := sts.NewFromConfig(stack.Config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", fmt.Errorf("asking AWS whose credentials these are: %w", err)
	}
	return term.OrEmpty(out.Arn), nil
}

// controls is the table as what is decided for all jobs is read and changed.
type controls interface {
	Control(context.Context) (video.Control, string, error)
	PutControl(ctx context.Context, c video.Control, version string) error
	Name() string
}

// decide changes whether the table is paused, and shows it.
func decide(ctx context.Context, env *command.Env, table controls, asJSON bool, change func(c video.Control, table string) (video.Control, error)) error {
	after, err := decided(ctx, table, change)
	if err != nil {
		return err
	}
	return showControl(env, after.Paused(table.Name()), asJSON)
}

// decided changes what is decided for all jobs, and gives it.
func decided(ctx context.Context, table controls, change func(c video.Control, table string) (video.Control, error)) (video.Control, error) {
	for range decisions {
		before, version, err := table.Control(ctx)
		if err != nil {
			return video.Control{}, reconcile.Plain(err)
		}
		after, err := change(before, table.Name())
		var conflict *video.Conflict
		if err == nil && !reflect.DeepEqual(after, before) {
			err = table.PutControl(ctx, after, version)
		}
		switch {
		case errors.As(err, &conflict):
			continue
		case err != nil:
			return video.Control{}, reconcile.Plain(err)
		}
		return after, nil
	}
	return video.Control{}, errors.New("it was changed by another at the same time, again and again; try again")
}

// showControl says whether jobs are submitted.
func showControl(env *command.Env, paused *video.Paused, asJSON bool) error {
	if asJSON {
		var control struct {
			Paused *client.Paused `json:"paused"`
		}
		if paused != nil {
			control.Paused = &client.Paused{By: &paused.By, Since: &paused.Since, Reason: unlessEmpty(paused.Reason), CopyOf: unlessEmpty(paused.CopyOf)}
		}
		return term.JSON(env.Out, control)
	}
	if paused == nil {
		fmt.Fprintln(env.Out, "not paused: jobs are submitted")
		return nil
	}
	fmt.Fprintf(env.Out, "paused since %s by %s%s\n", paused.Since.UTC().Format(time.RFC3339), term.Plain(paused.By), prefixedReason(paused.Reason))
	return nil
}

func prefixedReason(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + term.Plain(reason)
}

func unlessEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
