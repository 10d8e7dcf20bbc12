package cli

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/dev/doctor"
	"github.com/takeup/takeup/internal/providers"
)

func newDoctor(w *world) *cobra.Command {
	var (
		t      target
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "doctor", GroupID: groupOperate, Args: arguments(0, 0),
		Short: "Look whether all is right, and say how to put right what isn't",
		Long: `Looks whether all is right, with a line for each thing: "ok", or "fix:" with what
to do. Of a stack it looks at the API and its token, whether it is paused, the
clock, the state machine, the buckets, the provider's key and the balance, at which settings are
not the template's defaults, and at how many Lambda executions the account
allows; for the local stack also at the versions of Go, Python, SAM and
MiniStack. An address and a token show only the API, the pause and the clock. It changes nothing and pays nothing. The exit
status is 0 when all is right, and 3 when there is something to fix.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			lines, err := w.examine(cmd.Context(), &t)
			if err != nil {
				return err
			}
			report := doctor.NewReport(lines)
			if asJSON {
				err = printJSON(w.out, report)
			} else {
				err = report.Print(w.out)
			}
			if n := report.Fixes(); err == nil && n > 0 {
				err = &unsettled{fmt.Sprintf("%d of %d things are to be fixed", n, len(report.Checks))}
			}
			return err
		},
	}
	jsonFlag(cmd, &asJSON)
	t.apiFlags(cmd)
	return cmd
}

// examine makes the checks that the target allows. What can't be used as a
// command line is an error, and everything else a line.
func (w *world) examine(ctx context.Context, t *target) ([]doctor.Line, error) {
	chosen, err := t.chosen(w)
	if err != nil {
		return nil, err
	}
	if chosen.url != "" {
		access, err := t.api(ctx, w)
		if err != nil {
			return nil, err
		}
		return doctor.API(ctx, access, access.address, w.now), nil
	}
	var lines []doctor.Line
	if chosen.stack == "" {
		root := filepath.Dir(localStateDir())
		lines = doctor.Tools(ctx, runProgram, root)
		if _, err := localStack(); err != nil {
			return append(lines, doctor.NoStack(err)), nil
		}
	}
	stack, err := t.aws(ctx, w)
	var usage *usageError
	switch {
	case errors.As(err, &usage):
		return nil, err
	case err != nil:
		return append(lines, doctor.NoStack(err)), nil
	}
	return append(lines, w.examineStack(ctx, stack)...), nil
}

func (w *world) examineStack(ctx context.Context, stack stackAccess) []doctor.Line {
	lines := []doctor.Line{
		doctor.Stack(stack.name, stack.config.Region, stack.status),
		doctor.Settings(ctx, cloudformation.NewFromConfig(stack.config), stack.name, stack.settings),
		doctor.Concurrency(ctx, lambda.NewFromConfig(stack.config), stack.settings["PollWindowSeconds"]),
	}
	price := doctor.Price{}
	access, err := stack.api(ctx, w)
	if err != nil {
		lines = append(lines, doctor.NoToken(err))
	} else {
		lines = append(lines, doctor.API(ctx, access, access.address, w.now)...)
		price = defaultPrice(ctx, access)
		lines = append(lines, doctor.Prices(ctx, access))
	}
	objects := stack.s3()
	return append(append(lines,
		doctor.Machine(ctx, sfn.NewFromConfig(stack.config), stack.outputs["StateMachineArn"]),
		doctor.Bucket(ctx, "videos bucket", objects, stack.outputs["VideosBucket"], false),
		doctor.Bucket(ctx, "prompts bucket", objects, stack.outputs["PromptsBucket"], true)),
		doctor.Provider(ctx, stack.provider, stack.account(w), stack.keys(), price)...)
}

// defaultPrice is what a video of the default model costs, where it is known.
func defaultPrice(ctx context.Context, access apiAccess) doctor.Price {
	request, err := catalogue.Parse(providers.Models(), []byte(`{"prompt": "any"}`))
	if err != nil {
		return doctor.Price{}
	}
	checked, err := access.Check(ctx, request)
	if err != nil || checked.Price == nil {
		return doctor.Price{} // where the API doesn't answer, its own line says so
	}
	usd, err := checked.Price.USD.Float64()
	if err != nil {
		return doctor.Price{}
	}
	return doctor.Price{Model: request.Model(), USD: usd}
}

// runProgram runs a program and gives what it prints.
func runProgram(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	return string(out), err
}
