package cli

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api/tokens"
	"github.com/takeup/takeup/internal/video"
)

// namedToken is a token as add prints it in JSON.
type namedToken struct {
	Name  string `json:"name"`
	Token string `json:"token,omitempty"`
}

func newToken(w *world) *cobra.Command {
	cmd := &cobra.Command{
		Use: "token", Args: arguments(0, 0),
		Short: "Make, list and revoke the tokens of a stack's API",
		Long: `Makes, lists and revokes the tokens of a stack's API, which are in one secret of
Secrets Manager. A token's name is the owner of the jobs that it asks for: "list
--owner" finds them. All tokens may see and cancel all jobs.

The token of the name default is made with the stack, and is the one by which
takeup itself calls the API; env prints it. Each other token is shown once, when
it is made.`,
		Example: "  takeup token add alice --stack takeup\n  takeup token list\n  takeup token revoke alice",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTokenAdd(w), newTokenList(w), newTokenRevoke(w))
	for _, sub := range cmd.Commands() {
		sub.Flags().SortFlags = false
	}
	return cmd
}

func newTokenAdd(w *world) *cobra.Command {
	var (
		t      target
		day    amount
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "add NAME", Args: arguments(1, 1),
		Short: "Make a token, and print it",
		Long: `Makes a token of this name, and prints it to standard output. It can't be shown
again, unless its name is default: a hash of it is kept. It works within 30
seconds.

With --max-usd-per-day, the videos that the token asks for may cost so much in a UTC
day, and keep to the stack's caps besides. "caps set --owner" changes that.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			token, err := tokens.New(w.random)
			if err != nil {
				return err
			}
			stack, err := t.aws(cmd.Context(), w)
			if err != nil {
				return err
			}
			err = changeTokens(cmd.Context(), stack, func(all tokens.Tokens) (tokens.Tokens, error) {
				all, err := all.With(args[0], token)
				if err == nil && day.micros != nil {
					_, err = capOwner(cmd.Context(), stack, args[0], *day.micros) // before the token works
				}
				return all, err
			})
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(w.out, namedToken{args[0], token})
			}
			again := "It is a secret, and is not shown again."
			if args[0] == tokens.Default {
				again = "It is a secret; takeup env prints it too."
			}
			fmt.Fprintf(w.err, "The token of %s works within 30 seconds. %s\n", args[0], again)
			fmt.Fprintln(w.out, token)
			return nil
		},
	}
	cmd.Flags().Var(&day, "max-usd-per-day", "what the videos that it asks for may cost in a UTC day; none for no cap of its own")
	complete(cmd, "max-usd-per-day", nil)
	jsonFlag(cmd, &asJSON)
	t.flags(cmd)
	return cmd
}

func newTokenList(w *world) *cobra.Command {
	var (
		t      target
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "list", Args: arguments(0, 0),
		Short:             "List the tokens by their names",
		Long:              `Lists the names of the tokens. The tokens themselves are not shown.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			stack, err := t.aws(cmd.Context(), w)
			if err != nil {
				return err
			}
			all, err := stack.tokens().Read(cmd.Context())
			if err != nil {
				return secretError(stack.name, err)
			}
			list := struct {
				Tokens []namedToken `json:"tokens"`
			}{[]namedToken{}}
			for _, name := range all.Names() {
				list.Tokens = append(list.Tokens, namedToken{Name: name})
			}
			if asJSON {
				return printJSON(w.out, list)
			}
			columns := tabwriter.NewWriter(w.out, 0, 0, 2, ' ', 0)
			for _, token := range list.Tokens {
				note := ""
				if token.Name == tokens.Default {
					note = "\tmade with the stack, for takeup itself"
				}
				fmt.Fprintf(columns, "%s%s\n", token.Name, note)
			}
			return columns.Flush()
		},
	}
	jsonFlag(cmd, &asJSON)
	t.flags(cmd)
	return cmd
}

func newTokenRevoke(w *world) *cobra.Command {
	var (
		t      target
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "revoke NAME", Args: arguments(1, 1),
		Short: "Take a token away",
		Long: `Takes a token away: within 90 seconds the API no longer takes it. Its jobs go on,
and keep their owner. Where that has to be sooner, empty the cache of API Gateway,
as docs/deploy.md shows. A cap of its own goes with it, so that its jobs which wait
for room below that go on within the stack's caps; cancel those that should not.
A token of the same name can be made anew.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			stack, err := t.aws(cmd.Context(), w)
			if err != nil {
				return err
			}
			if err := changeTokens(cmd.Context(), stack, func(all tokens.Tokens) (tokens.Tokens, error) { return all.Without(args[0]) }); err != nil {
				return err
			}
			if _, err := capOwner(cmd.Context(), stack, args[0], 0); err != nil {
				return fmt.Errorf("the token of %s was revoked, and its cap was not taken away (takeup caps set --owner): %w", args[0], err)
			}
			if asJSON {
				return printJSON(w.out, namedToken{Name: args[0]})
			}
			fmt.Fprintf(w.out, "The token of %s stops working within 90 seconds.\n", args[0])
			return nil
		},
	}
	jsonFlag(cmd, &asJSON)
	t.flags(cmd)
	return cmd
}

// changeTokens changes the stack's tokens. A name that can't be taken, or that there
// is not, makes the command line one that can't be used.
func changeTokens(ctx context.Context, stack stackAccess, change func(tokens.Tokens) (tokens.Tokens, error)) error {
	err := stack.tokens().Change(ctx, change)
	var failed *notCapped
	var bad *tokens.BadName
	var taken *tokens.Taken
	var unknown *tokens.Unknown
	switch {
	case errors.As(err, &failed):
		return failed
	case errors.As(err, &taken):
		return usagef("%w; revoke it first, or take another name", err)
	case errors.As(err, &unknown):
		return usagef("%w; takeup token list shows them", err)
	case errors.As(err, &bad):
		return &usageError{Err: err}
	case err != nil:
		return secretError(stack.name, err)
	}
	return nil
}

// notCapped says that an owner's cap could not be changed.
type notCapped struct{ err error }

func (e *notCapped) Error() string { return e.err.Error() }

func (e *notCapped) Unwrap() error { return e.err }

// capOwner sets the cap on an owner's day; 0 takes it away. The error is a *notCapped.
func capOwner(ctx context.Context, stack stackAccess, owner string, micros int64) (video.Control, error) {
	after, err := decided(ctx, stack.jobs(), func(c video.Control, table string) (video.Control, error) {
		return c.CapOwner(table, owner, micros), nil
	})
	if err != nil {
		return after, &notCapped{fmt.Errorf("changing the cap of %s: %w; your AWS credentials need dynamodb:Query and PutItem for the output JobsTable of the stack %s", owner, err, stack.name)}
	}
	return after, nil
}

// secretError says what is wrong with the secret of the tokens, and what to do.
func secretError(stack string, err error) error {
	var malformed *tokens.Malformed
	var full *tokens.Full
	if errors.As(err, &malformed) || errors.As(err, &full) {
		return err
	}
	return fmt.Errorf("%w; your AWS credentials need secretsmanager:GetSecretValue, PutSecretValue and UpdateSecretVersionStage for the output ApiTokenSecret of the stack %s", err, stack)
}
