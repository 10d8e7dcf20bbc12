// Package models implements the commands that show the models and the prices of their videos.
package models

import (
	"cmp"
	"context"
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
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/money"
	"github.com/takeup/takeup/internal/cli/request"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/provider/aimlapi/pricelist/refresh"
)

// NewModels returns the command models.
func NewModels(env *command.Env) *cobra.Command {
	var (
		t       target.Target
		asJSON  bool
		refresh bool
	)
	cmd := &cobra.Command{
		Use: "models [MODEL]", Args: command.Args(0, 1),
		Short: "List the models, or the parameters of one",
		Long: `Lists the models, with their makers, their prices by the provider's price list and
how long a video usually takes, if that is known. With a model's name it lists the
model's parameters and all its prices; with --json, it prints the model's JSON Schema.
The stack fetches the price list once a day; --refresh fetches it now, which needs the
stack's AWS account.`,
		ValidArgs: request.ModelNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			access, err := t.API(cmd.Context(), env)
			if err != nil {
				return err
			}
			if refresh {
				if err := refreshPrices(cmd.Context(), env, &t); err != nil {
					return err
				}
			}
			got, err := access.Models(cmd.Context())
			switch {
			case err != nil:
				return err
			case len(args) == 0 && asJSON:
				return term.JSON(env.Out, got)
			case len(args) == 0:
				return printModels(env.Out, got)
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
				return term.JSON(env.Out, schema)
			}
			return printModel(env.Out, model, schema)
		},
	}
	flags.JSON(cmd, &asJSON)
	cmd.Flags().BoolVar(&refresh, "refresh", false, "fetch the provider's price list first")
	t.APIFlags(cmd)
	return cmd
}

// refreshPrices makes a stack fetch the provider's price list.
func refreshPrices(ctx context.Context, env *command.Env, t *target.Target) error {
	chosen, err := t.Resolve(env)
	if err != nil {
		return err
	}
	if chosen.URL != "" {
		return command.Usagef("--refresh needs the stack's AWS account; name the stack with --stack")
	}
	stack, err := t.AWS(ctx, env)
	if err != nil {
		return err
	}
	got, err := refresh.Prices(ctx, lambda.NewFromConfig(stack.Config), stack.Outputs["PricesFunction"])
	if err != nil {
		return fmt.Errorf("fetching the price list: %w", err)
	}
	fmt.Fprintf(env.Err, "fetched the price list: %d models; it shows within a minute\n", got.Models)
	return nil
}

// find returns the model with a name, or the default model if the name is empty.
func find(models api.ModelList, name string) (api.Model, error) {
	if name == "" {
		name = models.Default
	}
	for _, m := range models.Models {
		if m.Name == name {
			return m, nil
		}
	}
	return api.Model{}, command.Usagef("there is no model %q; list the models with `takeup models`", name)
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
			took := term.Seconds(time.Duration(u.Seconds) * time.Second)
			if u.Duration > 0 {
				took += fmt.Sprintf(" for %d s", u.Duration)
			}
			usual = append(usual, took)
		}
		fmt.Fprintf(columns, "%s\t%s\t%s\t%s\t%s\n", m.Name, m.Info.Developer, durations(m.Durations), priceText(m), term.Dash(strings.Join(usual, ", ")))
	}
	if err := columns.Flush(); err != nil {
		return err
	}
	if list == nil {
		_, err := fmt.Fprintln(out, "The provider's price list is not known yet; fetch it with takeup models --refresh.")
		return err
	}
	_, err := fmt.Fprintf(out, "Prices by %s, %s.\n", list.Source, list.Date)
	return err
}

// priceText formats a model's rates, or else the price of its last videos.
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

// rangeText formats the lowest and the highest of rates for the same unit, or else each rate.
func rangeText(variants []api.Rate) string {
	low, high := variants[0], variants[0]
	var all []string
	same := true
	for _, v := range variants {
		all = append(all, rateText(v))
		same = same && v.Unit == low.Unit && v.Per == low.Per
		if money.Float(v.USD) < money.Float(low.USD) {
			low = v
		}
		if money.Float(v.USD) > money.Float(high.USD) {
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

// rateText formats a rate, such as "0.196 USD a second".
func rateText(v api.Rate) string {
	unit := v.Unit
	if unit == "" {
		unit = "unit unknown before the request"
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

// durations formats consecutive seconds as a range: 3, 4, 5, 6 as 3-6.
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
	return term.Dash(strings.Join(parts, ", "))
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
		fmt.Fprintf(columns, "and costs\n  %s\n", term.Dash(strings.Trim(priceText(m), "-")))
		return columns.Flush()
	}
	fmt.Fprintf(columns, "and costs, by %s, %s\n", m.Price.Source, m.Price.Date)
	for _, v := range m.Price.Variants {
		var when []string
		for _, name := range slices.Sorted(maps.Keys(v.When)) {
			when = append(when, name+" "+term.Dash(v.When[name]))
		}
		fmt.Fprintf(columns, "  %s\t%s\n", cmp.Or(strings.Join(when, ", "), "any"), rateText(v))
	}
	if len(m.Price.Variants) == 0 {
		fmt.Fprintf(columns, "  any\t%s\n", priceText(m))
	}
	return columns.Flush()
}

// flagName returns the flag of a parameter.
func flagName(parameter string) string { return "--" + strings.ReplaceAll(parameter, "_", "-") }

// among describes in words the possible values of a schema's properties.
func among(s *catalogue.Schema) string {
	var parts []string
	for _, p := range s.Properties {
		parts = append(parts, flagName(p.Name)+" "+words(p.Schema.Enum, " or "))
	}
	return strings.Join(parts, ", ")
}

// words lists values with commas between them, and last before the last one.
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

// takes describes in words the values of a parameter.
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
		text += ", each " + takes(*p.Items, false) // items are always required, so this is not mentioned
	}
	switch {
	case required:
		text += "; required"
	case p.Default != nil:
		text += fmt.Sprintf("; default %v", p.Default)
	case p.LeftOut != nil:
		text += fmt.Sprintf("; the provider's default is %v", p.LeftOut)
	}
	return text
}
