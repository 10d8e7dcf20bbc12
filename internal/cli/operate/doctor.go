// Package operate implements the commands that operate a stack: its usage, the reconciliation
// with the provider, the checks of its setup, and its variables for a shell.
package operate

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/dev/doctor"
	"github.com/takeup/takeup/internal/provider/all"
)

// NewDoctor returns the command doctor.
func NewDoctor(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "doctor", Args: command.Args(0, 0),
		Short: "Check a stack's setup, and say how to fix what is wrong",
		Long: `Checks a stack's setup, with a line per check: "ok", or "fix:" with what to do. It
checks the API and its token, whether the stack is paused, the clock, the state
machine, the buckets, whether somebody gets the stack's mails, the alarms, the
queues, whether events are told, the last watch, the provider's key and balance,
which parameters differ from the template's defaults, and how many concurrent
Lambda executions the account allows; for the local stack also the versions of Go,
Python, SAM and MiniStack.
With only an address and a token, it checks the API, the pause and the clock. It
changes nothing and pays nothing. The exit status is 0 if everything is ok, and 3
if there is something to fix.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			lines, err := examine(cmd.Context(), env, &t)
			if err != nil {
				return err
			}
			report := doctor.NewReport(lines)
			if asJSON {
				err = term.JSON(env.Out, report)
			} else {
				err = report.Print(env.Out)
			}
			if n := report.Fixes(); err == nil && n > 0 {
				err = &Unsettled{fmt.Sprintf("%d of %d checks found something to fix", n, len(report.Checks))}
			}
			return err
		},
	}
	flags.JSON(cmd, &asJSON)
	t.APIFlags(cmd)
	return cmd
}

// examine runs the checks that are possible with the target. Only an invalid command line is an
// error; everything else is a line of the report.
func examine(ctx context.Context, env *command.Env, t *target.Target) ([]doctor.Line, error) {
	chosen, err := t.Resolve(env)
	if err != nil {
		return nil, err
	}
	if chosen.URL != "" {
		access, err := t.API(ctx, env)
		if err != nil {
			return nil, err
		}
		return doctor.API(ctx, access, access.Address, env.Now), nil
	}
	var lines []doctor.Line
	if chosen.Stack == "" {
		root := filepath.Dir(target.LocalStateDir())
		lines = doctor.Tools(ctx, runProgram, root)
		if _, err := target.LocalStack(); err != nil {
			return append(lines, doctor.NoStack(err)), nil
		}
	}
	stack, err := t.AWS(ctx, env)
	var usage *command.UsageError
	switch {
	case errors.As(err, &usage):
		return nil, err
	case err != nil:
		return append(lines, doctor.NoStack(err)), nil
	}
	return append(lines, examineStack(ctx, env, stack)...), nil
}

func examineStack(ctx context.Context, env *command.Env, stack target.Stack) []doctor.Line {
	lines := []doctor.Line{
		doctor.Stack(stack.Name, stack.Config.Region, stack.Status),
		doctor.Settings(ctx, cloudformation.NewFromConfig(stack.Config), stack.Name, stack.Parameters),
		doctor.Concurrency(ctx, lambda.NewFromConfig(stack.Config), stack.Parameters["PollWindowSeconds"]),
	}
	price := doctor.Price{}
	access, err := stack.API(ctx, env)
	if err != nil {
		lines = append(lines, doctor.NoToken(err))
	} else {
		lines = append(lines, doctor.API(ctx, access, access.Address, env.Now)...)
		price = defaultPrice(ctx, access)
		lines = append(lines, doctor.Prices(ctx, access))
	}
	objects := stack.S3()
	queues, topic, jobs := sqs.NewFromConfig(stack.Config), stack.Outputs["NotifyTopic"], stack.Jobs()
	return append(append(lines,
		doctor.Machine(ctx, sfn.NewFromConfig(stack.Config), stack.Outputs["StateMachineArn"]),
		doctor.Bucket(ctx, "videos bucket", objects, stack.Outputs["VideosBucket"], false),
		doctor.Bucket(ctx, "prompts bucket", objects, stack.Outputs["PromptsBucket"], true),
		doctor.Mails(ctx, sns.NewFromConfig(stack.Config), topic, stack.Parameters["NotifyOn"]),
		doctor.Alarms(ctx, cloudwatch.NewFromConfig(stack.Config), stack.Name, topic),
		doctor.Queue(ctx, queues, "unhandled prompt files", stack.Outputs["UnhandledPromptsUrl"]),
		doctor.Queue(ctx, queues, "untold events", stack.Outputs["UntoldEventsUrl"]),
		doctor.Queue(ctx, queues, "undelivered webhooks", stack.Outputs["UndeliveredWebhooksUrl"]),
		doctor.Outbox(ctx, stack.Outbox(), env.Now),
		doctor.Watch(ctx, jobs, stack.Parameters["Watch"], env.Now)),
		doctor.Provider(ctx, stack.Provider, stack.ProviderClient(env), stack.Keys(), price)...)
}

// defaultPrice returns the price of a video of the default model, if it is known.
func defaultPrice(ctx context.Context, access target.API) doctor.Price {
	request, err := catalogue.Parse(all.Models(), []byte(`{"prompt": "any"}`))
	if err != nil {
		return doctor.Price{}
	}
	checked, err := access.Check(ctx, request)
	if err != nil || checked.Price == nil {
		return doctor.Price{} // if the API doesn't answer, another line of the report says so
	}
	usd, err := checked.Price.USD.Float64()
	if err != nil {
		return doctor.Price{}
	}
	return doctor.Price{Model: request.Model(), USD: usd}
}

// runProgram runs a program and returns its output.
func runProgram(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	return string(out), err
}
