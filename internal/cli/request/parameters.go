package request

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

// Parameters are a request's fields other than the prompt, as a person enters them: one flag for
// each parameter of any model in the catalogue. The model decides those that are not given.
type Parameters struct {
	Model    string
	Given    map[string][]string
	Metadata flags.Pairs
	Webhook  string
}

// Flags adds the flags. They come from the catalogue, so that a new model is one entry there.
func (p *Parameters) Flags(cmd *cobra.Command) {
	p.Given = map[string][]string{}
	set := cmd.Flags()
	set.StringVarP(&p.Model, "model", "m", "", "the `model`; by default "+catalogue.Default(all.Models()))
	flags.Complete(cmd, "model", ModelNames())
	for _, parameter := range catalogueParameters() {
		name := strings.ReplaceAll(parameter.Name, "_", "-")
		keep := func(value string) error {
			p.Given[parameter.Name] = append(p.Given[parameter.Name], value)
			return nil
		}
		if parameter.Kind == catalogue.Boolean {
			set.BoolFunc(name, help(parameter), keep)
			continue
		}
		set.Func(name, help(parameter), keep)
		flags.Complete(cmd, name, parameter.Allowed)
	}
	own := catalogue.Metadata()
	set.Var(&p.Metadata, own.Name, fmt.Sprintf("%s, as `key=value`; again for each, up to %d", own.About, own.MaxItems))
	flags.Complete(cmd, own.Name, nil)
	set.StringVar(&p.Webhook, video.Webhook, "", "an https `URL` of yours that is told how the job ended; it is kept secret")
	flags.Complete(cmd, video.Webhook, nil)
}

// ModelNames returns the names of all models.
func ModelNames() []string { return all.Models().Names() }

// catalogueParameters returns the parameters of all models, each once, without the prompt, which
// is an argument. It keeps the widest limits: a model's own limits are checked with the request.
func catalogueParameters() []catalogue.Parameter {
	var found []catalogue.Parameter
	for _, m := range catalogue.All(all.Models()) {
		for _, p := range m.Parameters {
			i := slices.IndexFunc(found, func(q catalogue.Parameter) bool { return q.Name == p.Name })
			switch {
			case p.Name == "prompt":
			case i < 0:
				found = append(found, p)
			default:
				found[i] = widest(found[i], p)
			}
		}
	}
	return found
}

// widest returns a parameter that accepts what either of two accepts.
func widest(a, b catalogue.Parameter) catalogue.Parameter {
	a.Min, a.Max = min(a.Min, b.Min), max(a.Max, b.Max)
	if len(a.Allowed) == 0 || len(b.Allowed) == 0 {
		a.Allowed = nil
		return a
	}
	a.Allowed = slices.Clone(a.Allowed)
	for _, value := range b.Allowed {
		if !slices.Contains(a.Allowed, value) {
			a.Allowed = append(a.Allowed, value)
		}
	}
	return a
}

// help describes a parameter and its values. The text in backquotes stands for the value.
func help(p catalogue.Parameter) string {
	switch {
	case len(p.Allowed) > 0:
		return p.About + ", a `choice` of " + strings.Join(p.Allowed, ", ")
	case p.Kind == catalogue.Boolean:
		return p.About
	case p.Kind == catalogue.Object:
		return p.About + ", as `name=value,...` of " + fieldNames(p)
	case p.Kind == catalogue.List:
		return p.About + ", each a `shot`; again for each: its text, or JSON where the model's shots have more"
	case p.Kind == catalogue.String:
		return p.About + ", a `text`"
	case p.Max >= catalogue.Unbounded:
		return p.About + ", a whole `number`"
	}
	return fmt.Sprintf("%s, a `number` from %g to %g", p.About, p.Min, p.Max)
}

func fieldNames(p catalogue.Parameter) string {
	var names []string
	for _, f := range p.Fields {
		names = append(names, f.Name)
	}
	return strings.Join(names, " and ")
}

// Fields returns the request's fields. The model validates them; Fields only converts texts to
// their JSON types.
func (p *Parameters) Fields() (map[string]any, error) {
	fields := map[string]any{}
	if p.Model != "" {
		fields["model"] = p.Model
	}
	for _, parameter := range catalogueParameters() {
		values := p.Given[parameter.Name]
		if len(values) == 0 {
			continue
		}
		value, err := p.value(parameter, values)
		if err != nil {
			return nil, command.Usagef("--%s %w", strings.ReplaceAll(parameter.Name, "_", "-"), err)
		}
		fields[parameter.Name] = value
	}
	if pairs := p.Metadata.Map(); len(pairs) > 0 {
		members := map[string]any{}
		for key, value := range pairs {
			members[key] = value
		}
		fields[catalogue.Metadata().Name] = members
	}
	if p.Webhook != "" {
		fields[video.Webhook] = p.Webhook
	}
	return fields, nil
}

func (p *Parameters) value(parameter catalogue.Parameter, values []string) (any, error) {
	last := values[len(values)-1]
	if parameter.Kind == catalogue.List {
		return p.shots(parameter.Name, values)
	}
	return parameter.Written(last)
}

// shots returns the items of a list of texts, or of objects with a prompt.
func (p *Parameters) shots(name string, values []string) (any, error) {
	known := all.Models()
	model, _ := known.Find(cmp.Or(p.Model, catalogue.Default(known)))
	parameter, _ := model.Takes(name)
	objects := parameter.Item != nil && parameter.Item.Kind == catalogue.Object
	items := make([]any, len(values))
	for i, value := range values {
		items[i] = value
		if !objects {
			continue
		}
		if !strings.HasPrefix(strings.TrimSpace(value), "{") {
			items[i] = map[string]any{"prompt": value}
			continue
		}
		item, err := parameter.Item.Written(value)
		if err != nil {
			return nil, err
		}
		items[i] = item
	}
	return items, nil
}
