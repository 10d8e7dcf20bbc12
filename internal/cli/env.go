package cli

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"
)

func newEnv(w *world) *cobra.Command {
	var (
		t      target
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "env", Args: arguments(0, 0),
		Short: "Print a stack's addresses, names and token as shell variables",
		Long: `Prints what the commands of README and docs need as variables for a POSIX shell:
the API's address, token and id, the buckets, the secrets, the state machine, and
the region. Where takeup is called by a path, its folder goes into PATH, so that
takeup is enough from then on. For the local stack they also point the AWS CLI and the AWS SDKs to it,
in the place of AWS, for as long as the shell is open. The token is a secret: it
gives access to the API.`,
		Example:           "  eval \"$(takeup env)\"\n  eval \"$(takeup env --stack takeup)\"",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := variables(cmd.Context(), w, &t)
			if err != nil {
				return err
			}
			if dirs := path(w); dirs != "" {
				list = append(list, variable{"PATH", dirs})
			}
			if asJSON {
				values := map[string]string{}
				for _, v := range list {
					values[v.name] = v.value
				}
				return printJSON(w.out, values)
			}
			return export(w.out, list)
		},
	}
	jsonFlag(cmd, &asJSON)
	t.flags(cmd)
	return cmd
}

// path gives the PATH with this program's folder in front; empty where the program
// was called by its name alone, or the folder is there already.
func path(w *world) string {
	dir, err := filepath.Abs(filepath.Dir(w.name))
	list := w.getenv("PATH")
	if err != nil || filepath.Base(w.name) == w.name || strings.HasPrefix(w.name, "go run ") || slices.Contains(filepath.SplitList(list), dir) {
		return ""
	}
	return dir + string(filepath.ListSeparator) + list
}

// variable is an environment variable. An empty one is to be unset.
type variable struct{ name, value string }

// variables gives what commands need to work on the stack. The names are those
// that the README, the functions and AWS's own tools use.
func variables(ctx context.Context, w *world, t *target) ([]variable, error) {
	stack, err := t.aws(ctx, w)
	if err != nil {
		return nil, err
	}
	access, err := t.api(ctx, w)
	if err != nil {
		return nil, err
	}
	variables := []variable{
		{"API_URL", access.address},
		{"TOKEN", access.token},
		{"API_ID", stack.outputs["ApiId"]},
		{"PROMPTS_BUCKET", stack.outputs["PromptsBucket"]},
		{"VIDEOS_BUCKET", stack.outputs["VideosBucket"]},
		{"STATE_MACHINE_ARN", stack.outputs["StateMachineArn"]},
		{"PROVIDER_BASE_URL", stack.provider},
		{"PROVIDER_KEY_SECRET", stack.outputs["ProviderKeySecret"]},
		{"API_TOKEN_SECRET", stack.outputs["ApiTokenSecret"]},
		{"AWS_REGION", stack.config.Region},
		{"AWS_DEFAULT_REGION", stack.config.Region}, // the AWS CLI reads only this one
	}
	if t.profile != "" {
		variables = append(variables, variable{"AWS_PROFILE", t.profile})
	}
	if !stack.local {
		return variables, nil
	}
	credentials, err := stack.config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the local stack's credentials: %w", err)
	}
	return append(variables,
		variable{"AWS_ENDPOINT_URL", aws.ToString(stack.config.BaseEndpoint)},
		variable{"AWS_ACCESS_KEY_ID", credentials.AccessKeyID},
		variable{"AWS_SECRET_ACCESS_KEY", credentials.SecretAccessKey},
		variable{"AWS_SESSION_TOKEN", ""},
		variable{"AWS_PROFILE", ""}), nil
}

// export prints the commands by which a POSIX shell takes over the variables.
func export(out io.Writer, variables []variable) error {
	for _, v := range variables {
		line := "export " + v.name + "=" + quoted(v.value)
		if v.value == "" {
			line = "unset " + v.name
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}
