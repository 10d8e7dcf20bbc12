package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/video"
)

// estimate is what a video will cost, and how long it will take. What is nil
// isn't known.
type estimate struct {
	Model    string     `json:"model"`
	Duration int        `json:"duration"`
	Price    *api.Quote `json:"price"`
	Seconds  *int       `json:"seconds"`
}

func newEstimate(w *world) *cobra.Command {
	var (
		t      target
		o      order
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "estimate [PROMPT]", GroupID: groupVideos, Args: arguments(0, 1),
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
			access, err := t.api(cmd.Context(), w)
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
	length := "as long as the model makes it"
	if e.Duration > 0 {
		length = fmt.Sprintf("%d s", e.Duration)
	}
	fmt.Fprintf(out, "model  %s, %s\n", e.Model, length)
	fmt.Fprintf(out, "cost   %s\n", quoteText(e.Price))
	took := "not known: no video of this model and length was made here yet"
	if e.Seconds != nil {
		took = "about " + secondsText(time.Duration(*e.Seconds)*time.Second)
	}
	fmt.Fprintf(out, "time   %s\n", took)
}

// quoteText says what a request costs, and how that is known.
func quoteText(q *api.Quote) string {
	switch {
	case q == nil:
		return "not known: the provider's price list doesn't tell, and no such video was made here yet"
	case q.Basis == "charges":
		return amountText(q) + ", which is the most that the last such videos cost"
	}
	text := amountText(q)
	if !q.Exact && q.MostUSD == nil && q.Charged != nil {
		text += fmt.Sprintf("; the last such videos cost up to %s USD", *q.Charged)
	}
	return text + fmt.Sprintf(" (%s, %s)", deref(q.Source), deref(q.Date))
}

// amountText says what a request costs, in a few words.
func amountText(q *api.Quote) string {
	switch {
	case q.Basis == "charges":
		return fmt.Sprintf("about %s USD", q.USD)
	case q.Exact:
		return fmt.Sprintf("%s USD", q.USD)
	case q.MostUSD != nil:
		return fmt.Sprintf("%s to %s USD", q.USD, *q.MostUSD)
	}
	return fmt.Sprintf("at least %s USD", q.USD)
}
