package control

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api/tokens"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/operator"
)

// namedToken is the JSON output of add.
type namedToken struct {
	Name  string `json:"name"`
	Token string `json:"token,omitempty"`
}

// NewToken returns the command token.
func NewToken(env *command.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use: "token", Args: command.Args(0, 0),
		Short: "Create, list and revoke the tokens of a stack's API",
		Long: `Creates, lists and revokes the tokens of a stack's API, which are in one secret of
Secrets Manager. A token's name is the owner of the jobs that it requests: "list
--owner" finds them. Every token may see and cancel all jobs.

The token named default is created with the stack, and takeup itself calls the API
with it; env prints it. Any other token is shown once, when it is created.`,
		Example: "  takeup token add alice --stack takeup\n  takeup token list\n  takeup token revoke alice",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTokenAdd(env), newTokenList(env), newTokenRevoke(env))
	for _, sub := range cmd.Commands() {
		sub.Flags().SortFlags = false
	}
	return cmd
}

func newTokenAdd(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		day    flags.Amount
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "add NAME", Args: command.Args(1, 1),
		Short: "Create a token, and print it",
		Long: `Creates a token with this name, and prints it to standard output. It can't be shown
again, since only its hash is kept, unless its name is default. It works within 30
seconds.

--max-usd-per-day limits what the token's videos may cost in a UTC day; the stack's
caps apply to them as well. "caps set --owner" changes it.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			token, err := tokens.New(env.Random)
			if err != nil {
				return err
			}
			stack, err := t.AWS(cmd.Context(), env)
			if err != nil {
				return err
			}
			err = changeTokens(cmd.Context(), stack, func(all tokens.Tokens) (tokens.Tokens, error) {
				all, err := all.With(args[0], token)
				if err == nil && day.Micros != nil {
					_, err = capOwner(cmd.Context(), stack, args[0], *day.Micros) // before the token becomes valid
				}
				return all, err
			})
			if err != nil {
				return err
			}
			if asJSON {
				return term.JSON(env.Out, namedToken{args[0], token})
			}
			again := "It is a secret, and is not shown again."
			if args[0] == tokens.Default {
				again = "It is a secret; takeup env prints it too."
			}
			fmt.Fprintf(env.Err, "The token of %s works within 30 seconds. %s\n", args[0], again)
			fmt.Fprintln(env.Out, token)
			return nil
		},
	}
	cmd.Flags().Var(&day, "max-usd-per-day", "the maximum cost of its videos in a UTC day; none for no cap of its own")
	flags.Complete(cmd, "max-usd-per-day", nil)
	flags.JSON(cmd, &asJSON)
	t.Flags(cmd)
	return cmd
}

func newTokenList(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "list", Args: command.Args(0, 0),
		Short:             "List the names of the tokens",
		Long:              `Lists the names of the tokens. The tokens themselves are not shown.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			stack, err := t.AWS(cmd.Context(), env)
			if err != nil {
				return err
			}
			all, err := stack.Tokens().Read(cmd.Context())
			if err != nil {
				return secretError(stack.Name, err)
			}
			list := struct {
				Tokens []namedToken `json:"tokens"`
			}{[]namedToken{}}
			for _, name := range all.Names() {
				list.Tokens = append(list.Tokens, namedToken{Name: name})
			}
			if asJSON {
				return term.JSON(env.Out, list)
			}
			columns := tabwriter.NewWriter(env.Out, 0, 0, 2, ' ', 0)
			for _, token := range list.Tokens {
				note := ""
				if token.Name == tokens.Default {
					note = "\tcreated with the stack, for takeup itself"
				}
				fmt.Fprintf(columns, "%s%s\n", token.Name, note)
			}
			return columns.Flush()
		},
	}
	flags.JSON(cmd, &asJSON)
	t.Flags(cmd)
	return cmd
}

func newTokenRevoke(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "revoke NAME", Args: command.Args(1, 1),
		Short: "Revoke a token",
		Long: `Revokes a token: within 90 seconds the API no longer accepts it. To make that
sooner, flush the cache of API Gateway, as docs/deploy.md shows. Its jobs keep
running, and keep their owner. Its own cap is removed with it, so its jobs that
wait for that cap continue under the stack's caps; cancel those that should not. A
token of the same name can be created again.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			stack, err := t.AWS(cmd.Context(), env)
			if err != nil {
				return err
			}
			if err := changeTokens(cmd.Context(), stack, func(all tokens.Tokens) (tokens.Tokens, error) { return all.Without(args[0]) }); err != nil {
				return err
			}
			if _, err := capOwner(cmd.Context(), stack, args[0], 0); err != nil {
				return fmt.Errorf("the token of %s was revoked, but its cap was not removed (use takeup caps set --owner): %w", args[0], err)
			}
			if asJSON {
				return term.JSON(env.Out, namedToken{Name: args[0]})
			}
			fmt.Fprintf(env.Out, "The token of %s stops working within 90 seconds.\n", args[0])
			return nil
		},
	}
	flags.JSON(cmd, &asJSON)
	t.Flags(cmd)
	return cmd
}

// changeTokens changes the stack's tokens. The error is a *command.UsageError for a name that is
// invalid, taken or unknown.
func changeTokens(ctx context.Context, stack target.Stack, change func(tokens.Tokens) (tokens.Tokens, error)) error {
	err := stack.Tokens().Change(ctx, change)
	var failed *notCapped
	var bad *tokens.BadName
	var taken *tokens.Taken
	var unknown *tokens.Unknown
	switch {
	case errors.As(err, &failed):
		return failed
	case errors.As(err, &taken):
		return command.Usagef("%w; revoke it first, or choose another name", err)
	case errors.As(err, &unknown):
		return command.Usagef("%w; list them with takeup token list", err)
	case errors.As(err, &bad):
		return &command.UsageError{Err: err}
	case err != nil:
		return secretError(stack.Name, err)
	}
	return nil
}

// notCapped is the error for an owner's cap that could not be changed.
type notCapped struct{ err error }

func (e *notCapped) Error() string { return e.err.Error() }

func (e *notCapped) Unwrap() error { return e.err }

// capOwner sets an owner's daily cap; 0 removes it. The error is a *notCapped.
func capOwner(ctx context.Context, stack target.Stack, owner string, micros int64) (operator.Control, error) {
	after, err := decided(ctx, stack.Jobs(), func(c operator.Control, table string) (operator.Control, error) {
		return c.CapOwner(table, owner, micros), nil
	})
	if err != nil {
		return after, &notCapped{fmt.Errorf("changing the cap of %s: %w; your AWS credentials need dynamodb:Query and PutItem for the output JobsTable of the stack %s", owner, err, stack.Name)}
	}
	return after, nil
}

// secretError adds to an error about the tokens' secret what to do.
func secretError(stack string, err error) error {
	var malformed *tokens.Malformed
	var full *tokens.Full
	if errors.As(err, &malformed) || errors.As(err, &full) {
		return err
	}
	return fmt.Errorf("%w; your AWS credentials need secretsmanager:GetSecretValue, PutSecretValue and UpdateSecretVersionStage for the output ApiTokenSecret of the stack %s", err, stack)
}
