package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/video"
)

// estimate is what a video will cost, and how long it will take. What is nil
// isn't known.
type estimate struct {
	Model    string        `json:"model"`
	Duration int           `json:"duration"`
	Price    *client.Quote `json:"price"`
	Seconds  *int          `json:"seconds"`
}

func newEstimate(w *world) *cobra.Command {
	var (
		t      target
		o      order
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "estimate [PROMPT]", Args: arguments(0, 1),
		Short: "Say what a video would cost and how long it would take",
		Long: `Says what a video would cost, and how long it would take. It takes the arguments
of generate, checks them in the same way, and starts nothing. The prompt can be
left out. The cost is exact where the provider's price list is.`,
		Example:           "  takeup estimate --duration 10",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && o.file == "" {
				args = []string{"any prompt"}
			}
			request, err := o.request(w, args)
			if err != nil {
				return err
			}
			api, err := t.api(cmd.Context(), w)
			if err != nil {
				return err
			}
			models, err := api.Models(cmd.Context())
			if err != nil {
				return err
			}
			checked, err := api.Check(cmd.Context(), request)
			if err != nil {
				return err
			}
			got, err := estimated(models, request)
			if err != nil {
				return err
			}
			if got.Price = checked.Price; asJSON {
				return printJSON(w.out, got)
			}
			got.print(w.out)
			return nil
		},
	}
	o.flags(cmd)
	jsonFlag(cmd, &asJSON)
	t.apiFlags(cmd)
	return cmd
}

func estimated(models client.Models, request video.Request) (estimate, error) {
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
	fmt.Fprintf(out, "model  %s, %d s\n", e.Model, e.Duration)
	fmt.Fprintf(out, "cost   %s\n", quoteText(e.Price))
	took := "not known: no video of this model and length was made here yet"
	if e.Seconds != nil {
		took = "about " + secondsText(time.Duration(*e.Seconds)*time.Second)
	}
	fmt.Fprintf(out, "time   %s\n", took)
}
