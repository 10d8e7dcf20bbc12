package models

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/money"
	"github.com/takeup/takeup/internal/cli/request"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/video"
)

// estimate is the price of a video and the time that it will take; nil is unknown.
type estimate struct {
	Model    string     `json:"model"`
	Duration int        `json:"duration"`
	Price    *api.Quote `json:"price"`
	Seconds  *int       `json:"seconds"`
}

// NewEstimate returns the command estimate.
func NewEstimate(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		o      request.Input
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "estimate [PROMPT]", Args: command.Args(0, 1),
		Short: "Show what a video would cost and how long it would take",
		Long: `Shows what a video would cost and how long it would take. It takes the arguments of
generate, validates them in the same way, and starts nothing. The prompt can be
omitted. The cost is exact if the provider's price list is.`,
		Example:           "  takeup estimate --duration 10",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && o.File == "" {
				args = []string{"any prompt"}
			}
			request, err := o.Request(env, args)
			if err != nil {
				return err
			}
			access, err := t.API(cmd.Context(), env)
			if err != nil {
				return err
			}
			models, err := access.Models(cmd.Context())
			if err != nil {
				return err
			}
			checked, err := access.Check(cmd.Context(), request)
			if err != nil {
				return err
			}
			got, err := estimated(models, request)
			if err != nil {
				return err
			}
			if got.Price = checked.Price; asJSON {
				return term.JSON(env.Out, got)
			}
			got.print(env.Out)
			return nil
		},
	}
	o.Flags(cmd)
	flags.JSON(cmd, &asJSON)
	t.APIFlags(cmd)
	return cmd
}

func estimated(models api.ModelList, request video.Request) (estimate, error) {
	model, err := find(models, request.Model())
	if err != nil {
		return estimate{}, err
	}
	got := estimate{Model: model.Name, Duration: request.Duration()}
	for _, u := range model.Usual {
		if u.Duration == request.Duration() {
			got.Seconds = &u.Seconds
		}
	}
	return got, nil
}

func (e estimate) print(out io.Writer) {
	length := "length chosen by the model"
	if e.Duration > 0 {
		length = fmt.Sprintf("%d s", e.Duration)
	}
	fmt.Fprintf(out, "model  %s, %s\n", e.Model, length)
	fmt.Fprintf(out, "cost   %s\n", money.PriceAndSource(e.Price))
	took := "unknown: no video of this model and duration has been made here yet"
	if e.Seconds != nil {
		took = "about " + term.Seconds(time.Duration(*e.Seconds)*time.Second)
	}
	fmt.Fprintf(out, "time   %s\n", took)
}
