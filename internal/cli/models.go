package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/aimlapi/pricelist/refresh"
)

func newModels(w *world) *cobra.Command {
	var (
		t       target
		asJSON  bool
		refresh bool
	)
	cmd := &cobra.Command{
		Use: "models [MODEL]", GroupID: groupVideos, Args: arguments(0, 1),
		Short: "List the models, or all that one of them takes",
		Long: `Lists the models that there are, with what they cost by the provider's price list
and how long a video usually takes, where that is known. With a model's name it
lists what the model takes, and each of its prices; with --json, it gives the model's
JSON Schema. The stack asks for the list once a day; --refresh has it ask now, which
needs the stack's AWS.`,
		ValidArgs: modelNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			access, err := t.api(cmd.Context(), w)
			if err != nil {
				return err
			}
			if refresh {
				if err := w.refreshPrices(cmd.Context(), &t); err != nil {
					return err
				}
			}
			got, err := access.Models(cmd.Context())
			switch {
			case err != nil:
				return err
			case len(args) == 0 && asJSON:
				return printJSON(w.out, got)
			case len(args) == 0:
				return printModels(w.out, got)
			}
			model, err := find(got, args[0])
			if err != nil {
				return err
			}
			schema, err := access.Model(cmd.Context(), model.Name)
			switch {
			case err != nil:
				return err
			case asJSON:
				return printJSON(w.out, schema)
			}
			return printModel(w.out, model, schema)
		},
	}
	jsonFlag(cmd, &asJSON)
	cmd.Flags().BoolVar(&refresh, "refresh", false, "have the stack ask for the provider's price list first")
	t.apiFlags(cmd)
	return cmd
}

// refreshPrices has the stack of a target ask for the provider's price list.
func (w *world) refreshPrices(ctx context.Context, t *target) error {
	chosen, err := t.chosen(w)
	if err != nil {
		return err
	}
	if chosen.url != "" {
		return &usageError{errors.New("--refresh needs the stack's AWS; name the stack with --stack")}
	}
	stack, err := t.aws(ctx, w)
	if err != nil {
		return err
	}
	got, err := refresh.Prices(ctx, lambda.NewFromConfig(stack.config), stack.outputs["PricesFunction"])
	if err != nil {
		return fmt.Errorf("asking for the price list: %w", err)
	}
	fmt.Fprintf(w.err, "asked for the price list: %d models; it shows within a minute\n", got.Models)
	return nil
}

// find gives a model by its name; an empty name is the default's.
func find(models api.ModelList, name string) (api.Model, error) {
	if name == "" {
		name = models.Default
	}
	for _, m := range models.Models {
		if m.Name == name {
			return m, nil
		}
	}
	return api.Model{}, &usageError{fmt.Errorf("%q is not a model here; `takeup models` lists them", name)}
}

func printModels(out io.Writer, models api.ModelList) error {
	columns := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, "MODEL\tMAKER\tSECONDS\tPRICE\tUSUALLY TAKES")
	var list *api.Price
	for _, m := range models.Models {
		if m.Price != nil {
			list = m.Price
		}
		var usual []string
		for _, u := range m.Usual {
			took := secondsText(time.Duration(u.Seconds) * time.Second)
			if u.Duration > 0 {
				took += fmt.Sprintf(" for %d s", u.Duration)
			}
			usual = append(usual, took)
		}
		fmt.Fprintf(columns, "%s\t%s\t%s\t%s\t%s\n", m.Name, m.Info.Developer, durations(m.Durations), priceText(m), dash(strings.Join(usual, ", ")))
	}
	if err := columns.Flush(); err != nil {
		return err
	}
	if list == nil {
		_, err := fmt.Fprintln(out, "The provider's price list is not known yet; takeup models --refresh asks for it.")
		return err
	}
	_, err := fmt.Fprintf(out, "Prices by %s, %s.\n", list.Source, list.Date)
	return err
}

// priceText says what a model costs: its rates, or where there are none what its last
// videos cost.
func priceText(m api.Model) string {
	var rates []string
	if m.Price != nil {
		for _, v := range m.Price.Variants {
			rates = append(rates, rateText(v))
		}
	}
	switch {
	case len(rates) == 1 && m.Price.Kind == "variable":
		return "varies, from " + rates[0]
	case len(rates) == 1:
		return rates[0]
	case len(rates) > 1:
		return fmt.Sprintf("%s, by %s", rangeText(m.Price.Variants), strings.Join(dimensions(m.Price), ", "))
	case len(m.Charged) > 0:
		last := m.Charged[0]
		return fmt.Sprintf("varies; lately %s USD for %d s", last.USD, last.Duration)
	case m.Price != nil:
		return "varies"
	}
	return "-"
}

// rangeText says the cheapest and the dearest of rates for the same units, or else
// each of them.
func rangeText(variants []api.Rate) string {
	low, high := variants[0], variants[0]
	var all []string
	same := true
	for _, v := range variants {
		all = append(all, rateText(v))
		same = same && v.Unit == low.Unit && v.Per == low.Per
		if usd(v.USD) < usd(low.USD) {
			low = v
		}
		if usd(v.USD) > usd(high.USD) {
			high = v
		}
	}
	switch {
	case !same:
		return strings.Join(all, " or ")
	case low.USD == high.USD:
		return rateText(low)
	}
	return fmt.Sprintf("%s to %s", low.USD, rateText(high))
}

// usd is good for comparing; one that isn't a number is 0.
func usd(n json.Number) float64 {
	f, _ := n.Float64()
	return f
}

// rateText says a rate in words, such as "0.196 USD a second".
func rateText(v api.Rate) string {
	unit := v.Unit
	if unit == "" {
		unit = "unit that the request doesn't tell"
	}
	if v.Per == 1 {
		return fmt.Sprintf("%s USD a %s", v.USD, unit)
	}
	return fmt.Sprintf("%s USD for %d %ss", v.USD, v.Per, unit)
}

// dimensions are the parameters that a price depends on.
func dimensions(p *api.Price) []string {
	names := map[string]bool{}
	for _, v := range p.Variants {
		for name := range v.When {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
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

func printModel(out io.Writer, m api.Model, schema catalogue.Schema) error {
	fmt.Fprintf(out, "%s, made by %s, takes\n", m.Name, m.Info.Developer)
	columns := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, p := range schema.Properties {
		if p.Schema.AnyModel {
			continue
		}
		flag := flagName(p.Name)
		if p.Name == "prompt" {
			flag = "PROMPT"
		}
		fmt.Fprintf(columns, "  %s\t%s\n", flag, takes(p.Schema, slices.Contains(schema.Required, p.Name)))
	}
	for _, rule := range schema.AllOf {
		fmt.Fprintf(columns, "  with %s\t%s\n", among(rule.If), among(rule.Then))
	}
	if m.Price == nil {
		fmt.Fprintf(columns, "and costs\n  %s\n", dash(strings.Trim(priceText(m), "-")))
		return columns.Flush()
	}
	fmt.Fprintf(columns, "and costs, by %s, %s\n", m.Price.Source, m.Price.Date)
	for _, v := range m.Price.Variants {
		var when []string
		for _, name := range slices.Sorted(maps.Keys(v.When)) {
			when = append(when, name+" "+dash(v.When[name]))
		}
		fmt.Fprintf(columns, "  %s\t%s\n", cmp.Or(strings.Join(when, ", "), "any"), rateText(v))
	}
	if len(m.Price.Variants) == 0 {
		fmt.Fprintf(columns, "  any\t%s\n", priceText(m))
	}
	return columns.Flush()
}

// flagName is the flag of a parameter.
func flagName(parameter string) string { return "--" + strings.ReplaceAll(parameter, "_", "-") }

// among says in words which values the properties of a schema have.
func among(s *catalogue.Schema) string {
	var parts []string
	for _, p := range s.Properties {
		parts = append(parts, flagName(p.Name)+" "+words(p.Schema.Enum, " or "))
	}
	return strings.Join(parts, ", ")
}

// listed gives values with commas between, and before the last one what is given.
func words(values []any, last string) string {
	words := make([]string, len(values))
	for i, value := range values {
		words[i] = fmt.Sprint(value)
	}
	if n := len(words) - 1; n > 0 {
		return strings.Join(words[:n], ", ") + last + words[n]
	}
	return strings.Join(words, "")
}

// takes says in words what a parameter takes.
func takes(p catalogue.Schema, required bool) string {
	text := map[catalogue.Kind]string{
		catalogue.String: "a text", catalogue.Integer: "a whole number", catalogue.Number: "a number", catalogue.Boolean: "true or false",
		catalogue.Object: "an object", catalogue.List: "a list",
	}[p.Type]
	switch {
	case len(p.Enum) > 0:
		text = words(p.Enum, ", ")
	case p.Minimum != nil && p.Maximum != nil && *p.Maximum < catalogue.Unbounded:
		text += fmt.Sprintf(" from %g to %g", *p.Minimum, *p.Maximum)
	case p.MaxLength > 0:
		text += fmt.Sprintf(" of at most %d characters", p.MaxLength)
	case p.MaxItems > 0:
		text += fmt.Sprintf(" of at most %d", p.MaxItems)
	}
	if len(p.Properties) > 0 {
		var fields []string
		for _, f := range p.Properties {
			fields = append(fields, f.Name+" ("+takes(f.Schema, slices.Contains(p.Required, f.Name))+")")
		}
		text += " with " + strings.Join(fields, " and ")
	}
	if p.Items != nil {
		text += ", each " + takes(*p.Items, false) // an item that is there is needed
	}
	switch {
	case required:
		text += "; needed"
	case p.Default != nil:
		text += fmt.Sprintf("; %v unless given", p.Default)
	case p.LeftOut != nil:
		text += fmt.Sprintf("; the provider takes %v unless given", p.LeftOut)
	}
	return text
}
