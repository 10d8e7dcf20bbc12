// Package local implements the commands for the stack on this machine, and the hidden commands
// of the Makefile.
package local

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/target"
	devstack "github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/provider/aimlapi/pricelist/refresh"
)

// NewUp returns the command up.
func NewUp(env *command.Env) *cobra.Command {
	var port string
	var yours providerOptions
	cmd := &cobra.Command{
		Use: "up", Args: command.Args(0, 0),
		Short: "Start a stack on this machine, and leave it running",
		Long: `Starts a stack on this machine and leaves it running: the same template as in AWS,
with MiniStack instead of AWS and a simulator instead of the provider. The other
commands find it automatically. Run it in Takeup's repository, after "make tools".

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
				fmt.Fprintf(env.Out, "This stack sends every prompt to %s with your key; a video costs what %s estimate shows.\n", provider.BaseURL, env.Name)
			}
			env.Cleaning.Store(true) // an interrupted start must be undone
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
			describe(env, stack)
			return nil
		},
	}
	cmd.Flags().StringVar(&port, "port", "", "the API's `port`; by default a free one (TAKEUP_PORT)")
	cmd.Flags().StringVar(&yours.baseURL, "base-url", "", "the `address` of another provider with the same API, for AIMLAPI_KEY (AIMLAPI_BASE_URL)")
	flags.Complete(cmd, "port", nil)
	flags.Complete(cmd, "base-url", nil)
	return cmd
}

// firstPrices makes a new stack fetch the provider's price list, which it would otherwise do
// within 15 minutes. The stack works without it.
func firstPrices(ctx context.Context, env *command.Env, stack *devstack.Stack) {
	began := env.Now()
	fmt.Fprint(env.Out, "fetching the provider's price list ... ")
	if _, err := refresh.Prices(ctx, lambda.NewFromConfig(stack.Config()), stack.Outputs["PricesFunction"]); err != nil {
		fmt.Fprintf(env.Out, "failed: %v\nprices are unknown; %s models --refresh fetches them again\n", err, env.Name)
		return
	}
	fmt.Fprintf(env.Out, "%.1f s\n", env.Now().Sub(began).Seconds())
}

// portNumber parses a port. An empty text is 0, for a free port.
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

// describe prints what a person needs to know to use a stack.
func describe(env *command.Env, s *devstack.Stack) {
	fmt.Fprintf(env.Out, "\npage     %s/\nAPI      %s\ntoken    %s\nAWS      %s (any credentials, region %s)\n", s.API, s.API, s.Token, s.AWS, devstack.Region)
	if s.Simulator != "" {
		fmt.Fprintf(env.Out, "provider %s, the simulator (key %s)\n", s.Simulator, s.SimulatorKey)
	}
	fmt.Fprintf(env.Out, "videos   s3://%s\nprompts  s3://%s\nlogs     %s\n", s.Outputs["VideosBucket"], s.Outputs["PromptsBucket"], s.Logs())
	fmt.Fprintf(env.Out, `
Make a video:
  %[1]s generate "a paper boat crosses a flooded street"
Or use the API or the AWS CLI, with the variables of the README's commands:
  eval "$(%[1]s env)"
  curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
    -d '{"prompt": "a paper boat crosses a flooded street"}' "$API_URL%[2]s"
  curl -H "Authorization: Bearer $TOKEN" "$API_URL%[3]s"
  aws s3 ls "s3://$VIDEOS_BUCKET" --recursive
Stop the stack:
  %[1]s down
`, env.Name, api.GenerationsPath, api.VideosPath)
}

// NewDown returns the command down.
func NewDown(env *command.Env) *cobra.Command {
	return &cobra.Command{
		Use: "down", Args: command.Args(0, 0),
		Short: "Stop the stack on this machine",
		Long: `Stops the stack that up started, and deletes everything in it: its buckets are in
memory. Download first what you want to keep.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, message := target.LocalStateDir(), "the stack was stopped"
			if _, err := devstack.Open(dir); err != nil {
				message = "no stack is running"
			}
			env.Cleaning.Store(true)
			defer env.Cleaning.Store(false)
			// This is done even if no stack is running, since parts of one may be.
			if err := devstack.Down(cmd.Context(), dir); err != nil {
				return err
			}
			fmt.Fprintln(env.Out, message)
			return nil
		},
	}
}
