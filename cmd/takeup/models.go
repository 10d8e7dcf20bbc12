package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/client"
)

func newModels(w *world) *cobra.Command {
	var (
		t      target
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "models [MODEL]", GroupID: groupVideos, Args: arguments(0, 1),
		Short: "List the models, or all that one of them takes",
		Long: `Lists the models that there are, with what a second of video costs and how long
a video usually takes, where that is known. With a model's name it lists what
the model takes.`,
		ValidArgs: modelNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.api(cmd.Context(), w)
			if err != nil {
				return err
			}
			got, err := api.Models(cmd.Context())
			switch {
			case err != nil:
				return err
			case len(args) == 0 && asJSON:
				return printJSON(w.out, got)
			case len(args) == 0:
				return printModels(w.out, got)
			}
			model, err := find(got, args[0])
			switch {
			case err != nil:
				return err
			case asJSON:
				return printJSON(w.out, model)
			}
			return printModel(w.out, model)
		},
	}
	jsonFlag(cmd, &asJSON)
	t.apiFlags(cmd)
	return cmd
}

// find gives a model by its name; an empty name is the default's.
func find(models client.Models, name string) (client.Model, error) {
	if name == "" {
		name = models.Default
	}
	for _, m := range models.Models {
		if m.Name == name {
			return m, nil
		}
	}
	return client.Model{}, &usageError{fmt.Errorf("%q is not a model here; `takeup models` lists them", name)}
}

func printModels(out io.Writer, models client.Models) error {
	columns := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, "MODEL\tSECONDS\tUSD A SECOND\tUSUALLY TAKES")
	for _, m := range models.Models {
		usd := "-"
		if m.Price != nil {
			usd = priceText(m.Price)
		}
		var usual []string
		for _, u := range m.Usual {
			usual = append(usual, fmt.Sprintf("%s for %d s", secondsText(time.Duration(u.Seconds)*time.Second), u.Duration))
		}
		fmt.Fprintf(columns, "%s\t%s\t%s\t%s\n", m.Name, durations(m.Durations), usd, dash(strings.Join(usual, ", ")))
	}
	return columns.Flush()
}

func priceText(p *client.Price) string {
	text := strconv.FormatFloat(p.USDPerSecond, 'g', 4, 64)
	if p.Approximate {
		return "about " + text
	}
	return text
}

// durations gives 3, 4, 5, 6 as 3-6.
func durations(seconds []int) string {
	var parts []string
	for i := 0; i < len(seconds); {
		j := i
		for j+1 < len(seconds) && seconds[j+1] == seconds[j]+1 {
			j++
		}
		part := strconv.Itoa(seconds[i])
		if j > i {
			part += "-" + strconv.Itoa(seconds[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return dash(strings.Join(parts, ", "))
}

func printModel(out io.Writer, m client.Model) error {
	fmt.Fprintf(out, "%s takes\n", m.Name)
	columns := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, p := range m.Parameters {
		flag := "--" + strings.ReplaceAll(p.Name, "_", "-")
		if p.Name == "prompt" {
			flag = "PROMPT"
		}
		fmt.Fprintf(columns, "  %s\t%s\n", flag, takes(p))
	}
	return columns.Flush()
}

// takes says in words what a parameter takes.
func takes(p client.Parameter) string {
	text := map[string]string{
		"string": "a text", "integer": "a whole number", "number": "a number", "boolean": "true or false", "object": "an object", "array": "a list",
	}[p.Type]
	if text == "" {
		text = p.Type
	}
	switch {
	case len(p.Enum) > 0:
		text = strings.Trim(fmt.Sprint(p.Enum), "[]")
		text = strings.ReplaceAll(text, " ", ", ")
	case p.Minimum != nil && p.Maximum != nil:
		text += fmt.Sprintf(" from %g to %g", *p.Minimum, *p.Maximum)
	case p.MaxLength != nil:
		text += fmt.Sprintf(" of at most %d characters", *p.MaxLength)
	case p.MaxItems != nil:
		text += fmt.Sprintf(" of at most %d", *p.MaxItems)
	}
	if len(p.Fields) > 0 {
		var fields []string
		for _, f := range p.Fields {
			fields = append(fields, f.Name+" ("+takes(f)+")")
		}
		text += " with " + strings.Join(fields, " and ")
	}
	if p.Item != nil {
		item := *p.Item
		item.Required = false // an item that is there is needed
		text += ", each " + takes(item)
	}
	switch {
	case p.Required:
		text += "; needed"
	case p.Default != nil:
		text += fmt.Sprintf("; %v unless given", p.Default)
	}
	return text
}
