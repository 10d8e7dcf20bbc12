package control

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/reconcile/gather"
	"github.com/takeup/takeup/internal/video"
)

// decisions is how often a change is tried if others change the control item meanwhile.
const decisions = 3

// NewPause returns the command pause.
func NewPause(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		reason string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "pause", Args: command.Args(0, 0),
		Short: "Stop submitting jobs until the stack is resumed",
		Long: `Pauses a stack: no job is submitted to the provider until the stack is resumed.
New requests are accepted and wait; submitted jobs run to their end. An execution
can wait for two weeks; a job whose execution ends then is not paid, and can be
redriven. Pausing needs the stack's AWS account.`,
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
			return decide(ctx, env, stack.Jobs(), asJSON, func(c operator.Control, table string) (operator.Control, error) {
				return c.Pause(table, by, reason, env.Now()), nil
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "the `reason`, which is shown to others")
	flags.Complete(cmd, "reason", nil)
	flags.JSON(cmd, &asJSON)
	t.Flags(cmd)
	return cmd
}

// NewResume returns the command resume.
func NewResume(env *command.Env) *cobra.Command {
	var (
		t                  target.Target
		unrepaired, asJSON bool
	)
	cmd := &cobra.Command{
		Use: "resume", Args: command.Args(0, 0),
		Short: "Resume submitting jobs after a pause",
		Long: `Resumes a paused stack. The jobs that wait are submitted within 15 minutes. A table
that is a copy of another, for instance a restored one, is paused automatically; it
can be resumed once "takeup reconcile --repair" has restored what it lacks. Resuming
needs the stack's AWS account.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			stack, err := t.AWS(cmd.Context(), env)
			if err != nil {
				return err
			}
			return decide(cmd.Context(), env, stack.Jobs(), asJSON, func(c operator.Control, table string) (operator.Control, error) {
				return c.Resume(table, unrepaired)
			})
		},
	}
	cmd.Flags().BoolVar(&unrepaired, "without-repair", false, "resume a copy of a table as it is, although jobs may be paid twice")
	flags.JSON(cmd, &asJSON)
	t.Flags(cmd)
	return cmd
}

// caller returns the ARN of the identity whose AWS credentials are used.
func caller(ctx context.Context, stack target.Stack) (string, error) {
	out, err := sts.NewFromConfig(stack.Config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", fmt.Errorf("asking AWS for the identity of the credentials: %w", err)
	}
	return term.OrEmpty(out.Arn), nil
}

// controls reads and writes the control item, which holds the decisions for all jobs.
type controls interface {
	Control(context.Context) (operator.Control, string, error)
	PutControl(ctx context.Context, c operator.Control, version string) error
	Name() string
}

// decide changes the control item, and prints whether the stack is paused.
func decide(ctx context.Context, env *command.Env, table controls, asJSON bool, change func(c operator.Control, table string) (operator.Control, error)) error {
	after, err := decided(ctx, table, change)
	if err != nil {
		return err
	}
	return showControl(env, after.Paused(table.Name()), asJSON)
}

// decided changes the control item, and returns it.
func decided(ctx context.Context, table controls, change func(c operator.Control, table string) (operator.Control, error)) (operator.Control, error) {
	for range decisions {
		before, version, err := table.Control(ctx)
		if err != nil {
			return operator.Control{}, gather.Plain(err)
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
			return operator.Control{}, gather.Plain(err)
		}
		return after, nil
	}
	return operator.Control{}, errors.New("others changed it at the same time; try again")
}

// showControl prints whether the stack is paused.
func showControl(env *command.Env, paused *operator.Paused, asJSON bool) error {
	if asJSON {
		var control struct {
			Paused *api.Paused `json:"paused"`
		}
		if paused != nil {
			control.Paused = &api.Paused{By: &paused.By, Since: &paused.Since, Reason: unlessEmpty(paused.Reason), CopyOf: unlessEmpty(paused.CopyOf)}
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
