package operate

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
)

// NewEnv returns the command env.
func NewEnv(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "env", Args: command.Args(0, 0),
		Short: "Print a stack's addresses, names and token as shell variables",
		Long: `Prints the variables that the commands in README and docs use, for a POSIX shell:
the API's address, token and id, the buckets, the secrets, the state machine and
the region. If takeup was called by a path, its directory is added to PATH. For the
local stack the variables also point the AWS CLI and the AWS SDKs to it instead of
AWS, as long as the shell is open. The token is a secret: it gives access to the
API.`,
		Example:           "  eval \"$(takeup env)\"\n  eval \"$(takeup env --stack takeup)\"",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := variables(cmd.Context(), env, &t)
			if err != nil {
				return err
			}
			if dirs := path(env); dirs != "" {
				list = append(list, variable{"PATH", dirs})
			}
			if asJSON {
				values := map[string]string{}
				for _, v := range list {
					values[v.name] = v.value
				}
				return term.JSON(env.Out, values)
			}
			return export(env.Out, list)
		},
	}
	flags.JSON(cmd, &asJSON)
	t.Flags(cmd)
	return cmd
}

// path returns PATH with this program's directory in front. It returns "" if the program was
// called by its name alone, or if PATH has the directory already.
func path(env *command.Env) string {
	dir, err := filepath.Abs(filepath.Dir(env.Name))
	list := env.Getenv("PATH")
	if err != nil || filepath.Base(env.Name) == env.Name || strings.HasPrefix(env.Name, "go run ") || slices.Contains(filepath.SplitList(list), dir) {
		return ""
	}
	return dir + string(filepath.ListSeparator) + list
}

// variable is an environment variable. An empty one is unset.
type variable struct{ name, value string }

// variables returns the variables for work on the stack. They have the names that the README,
// the functions and AWS's tools use.
func variables(ctx context.Context, env *command.Env, t *target.Target) ([]variable, error) {
	stack, err := t.AWS(ctx, env)
	if err != nil {
		return nil, err
	}
	access, err := t.API(ctx, env)
	if err != nil {
		return nil, err
	}
	variables := []variable{
		{"API_URL", access.Address},
		{"TOKEN", access.Token},
		{"API_ID", stack.Outputs["ApiId"]},
		{"PROMPTS_BUCKET", stack.Outputs["PromptsBucket"]},
		{"VIDEOS_BUCKET", stack.Outputs["VideosBucket"]},
		{"STATE_MACHINE_ARN", stack.Outputs["StateMachineArn"]},
		{"PROVIDER_BASE_URL", stack.Provider},
		{"PROVIDER_KEY_SECRET", stack.Outputs["ProviderKeySecret"]},
		{"API_TOKEN_SECRET", stack.Outputs["ApiTokenSecret"]},
		{"WEBHOOK_SECRET", stack.Outputs["WebhookSecret"]},
		{"WEBHOOKS_URL", stack.Outputs["WebhooksUrl"]},
		{"UNDELIVERED_WEBHOOKS_URL", stack.Outputs["UndeliveredWebhooksUrl"]},
		{"AWS_REGION", stack.Config.Region},
		{"AWS_DEFAULT_REGION", stack.Config.Region}, // the AWS CLI reads only this one
	}
	if t.Profile != "" {
		variables = append(variables, variable{"AWS_PROFILE", t.Profile})
	}
	if !stack.Local {
		return variables, nil
	}
	credentials, err := stack.Config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the local stack's credentials: %w", err)
	}
	return append(variables,
		variable{"AWS_ENDPOINT_URL", aws.ToString(stack.Config.BaseEndpoint)},
		variable{"AWS_ACCESS_KEY_ID", credentials.AccessKeyID},
		variable{"AWS_SECRET_ACCESS_KEY", credentials.SecretAccessKey},
		variable{"AWS_SESSION_TOKEN", ""},
		variable{"AWS_PROFILE", ""}), nil
}

// export prints commands that set the variables in a POSIX shell.
func export(out io.Writer, variables []variable) error {
	for _, v := range variables {
		line := "export " + v.name + "=" + term.ShellQuote(v.value)
		if v.value == "" {
			line = "unset " + v.name
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}
