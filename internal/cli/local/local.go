// Package local has the commands for the stack on this machine, and those that make uses.
package local

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/target"
	devstack "github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/provider/aimlapi/pricelist/refresh"
)

func NewUp(env *command.Env) *cobra.Command {
	var port string
	var yours providerOptions
	cmd := &cobra.Command{
		Use: "up", Args: command.Args(0, 0),
		Short: "Start a stack on this machine, and leave it running",
		Long: `Starts a stack on this machine and leaves it running: the template that is
deployed, with MiniStack in the place of AWS and a stand-in in the place of the
provider. The other commands then find it by themselves. It is started from
Takeup's repository, after "make tools".

With AIMLAPI_KEY in the environment, the stack buys its videos from the
provider.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if port == "" {
				port = env.Getenv("TAKEUP_PORT")
			}
			number, err := portNumber(port)
			if err != nil {
				return err
			}
			yours.key = env.Getenv("AIMLAPI_KEY")
			if yours.baseURL == "" {
				yours.baseURL = env.Getenv("AIMLAPI_BASE_URL")
			}
			provider, err := yours.provider()
			if err != nil {
				return err
			}
			if provider != nil {
				fmt.Fprintf(env.Out, "Every prompt that this stack is given goes to %s, with your key, and costs what %s estimate says.\n", provider.BaseURL, env.Name)
			}
			env.Cleaning.Store(true) // what was started is ended again
			defer env.Cleaning.Store(false)
			stack, err := devstack.Start(cmd.Context(), devstack.Options{
				StateDir: target.StateDir, Port: number, Provider: provider, Output: env.Out, Now: env.Now, Detach: true,
			})
			var already *devstack.AlreadyRunning
			switch {
			case errors.As(err, &already):
				fmt.Fprintln(env.Out, already.Error())
				if stack, err = devstack.Open(target.StateDir); err != nil {
					return err
				}
			case err != nil:
				return err
			default:
				firstPrices(cmd.Context(), env, stack)
			}
			tell(env, stack)
			return nil
		},
	}
	cmd.Flags().StringVar(&port, "port", "", "the API's `port`; a free one unless given (TAKEUP_PORT)")
	cmd.Flags().StringVar(&yours.baseURL, "base-url", "", "the `address` of another provider with the same contract, for AIMLAPI_KEY (AIMLAPI_BASE_URL)")
	flags.Complete(cmd, "port", nil)
	flags.Complete(cmd, "base-url", nil)
	return cmd
}

// firstPrices has a new stack ask for the provider's price list, which it does by
// itself only within a quarter of an hour. A stack without it works.
func firstPrices(ctx context.Context, env *command.Env, stack *devstack.Stack) {
	began := env.Now()
	fmt.Fprint(env.Out, "asking for the provider's price list ... ")
	if _, err := refresh.Prices(ctx, lambda.NewFromConfig(stack.Config()), stack.Outputs["PricesFunction"]); err != nil {
		fmt.Fprintf(env.Out, "failed: %v\nprices are not known; %s models --refresh asks again\n", err, env.Name)
		return
	}
	fmt.Fprintf(env.Out, "%.1f s\n", env.Now().Sub(began).Seconds())
}

// portNumber reads a port; an empty one is 0, which is a free one.
func portNumber(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, command.Usagef("the port %q is not a number from 0 to 65535", text)
	}
	return int(n), nil
}

// tell prints what a person needs to use a stack.
func tell(env *command.Env, s *devstack.Stack) {
	fmt.Fprintf(env.Out, "\npage     %s/\nAPI      %s\ntoken    %s\nAWS      %s (any credentials, region %s)\n", s.API, s.API, s.Token, s.AWS, devstack.Region)
	if s.Simulator != "" {
		fmt.Fprintf(env.Out, "provider %s, a stand-in (key %s)\n", s.Simulator, s.SimulatorKey)
	}
	fmt.Fprintf(env.Out, "videos   s3://%s\nprompts  s3://%s\nlogs     %s\n", s.Outputs["VideosBucket"], s.Outputs["PromptsBucket"], s.Logs())
	fmt.Fprintf(env.Out, `
Make a video:
  %[1]s generate "a paper boat crosses a flooded street"
Or by the API, or the AWS CLI, with the variables that the README's commands use:
  eval "$(%[1]s env)"
  curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
    -d '{"prompt": "a paper boat crosses a flooded street"}' "$API_URL/v2/video/generations"
  curl -H "Authorization: Bearer $TOKEN" "$API_URL/videos"
  aws s3 ls "s3://$VIDEOS_BUCKET" --recursive
%[1]s down ends it.
`, env.Name)
}

func NewDown(env *command.Env) *cobra.Command {
	return &cobra.Command{
		Use: "down", Args: command.Args(0, 0),
		Short: "End the stack on this machine",
		Long: `Ends the stack that up started, and all that it kept: its buckets are in memory.
Download what you want to keep before.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, said := target.LocalStateDir(), "the stack has ended"
			if _, err := devstack.Open(dir); err != nil {
				said = "no stack is running"
			}
			env.Cleaning.Store(true)
			defer env.Cleaning.Store(false)
			// Also where none runs: half a stack may.
			if err := devstack.Down(cmd.Context(), dir); err != nil {
				return err
			}
			fmt.Fprintln(env.Out, said)
			return nil
		},
	}
}
