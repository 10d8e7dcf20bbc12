package request

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/video"
)

// Parameters are a request's fields beside the prompt, as a person gives them:
// a flag for each that a model of the catalogue takes. What isn't given is left
// to the model.
type Parameters struct {
	Model string
	Given map[string][]string
}

// Flags adds the flags. They come from the catalogue, so that a new model is
// one entry there.
func (p *Parameters) Flags(cmd *cobra.Command) {
	p.Given = map[string][]string{}
	set := cmd.Flags()
	set.StringVarP(&p.Model, "model", "m", "", "the `model`; "+video.DefaultModel+" unless given")
	flags.Complete(cmd, "model", ModelNames())
	for _, parameter := range catalogueParameters() {
		name := strings.ReplaceAll(parameter.Name, "_", "-")
		keep := func(value string) error {
			p.Given[parameter.Name] = append(p.Given[parameter.Name], value)
			return nil
		}
		if parameter.Kind == video.Boolean {
			set.BoolFunc(name, help(parameter), keep)
			continue
		}
		set.Func(name, help(parameter), keep)
		flags.Complete(cmd, name, parameter.Allowed)
	}
}

// ModelNames gives the names of all models.
func ModelNames() []string {
	var names []string
	for _, m := range video.Catalogue() {
		names = append(names, m.Name)
	}
	return names
}

// catalogueParameters are those of all models, each once, without the prompt,
// which is the argument. The widest limits are kept: a model's own are checked
// with the request.
func catalogueParameters() []video.Parameter {
	var all []video.Parameter
	for _, m := range video.Catalogue() {
		for _, p := range m.Parameters {
			i := slices.IndexFunc(all, func(q video.Parameter) bool { return q.Name == p.Name })
			switch {
			case p.Name == "prompt":
			case i < 0:
				all = append(all, p)
			case len(p.Allowed) == 0 || len(p.Allowed) > len(all[i].Allowed):
				all[i].Allowed, all[i].Min, all[i].Max = p.Allowed, min(p.Min, all[i].Min), max(p.Max, all[i].Max)
			}
		}
	}
	return all
}

// help says what a parameter is for, where its name doesn't, and what it takes.
func help(p video.Parameter) string {
	word := map[video.Kind]string{video.Integer: "`number`", video.Number: "`number`", video.String: "`text`", video.Object: "`name=value,...`", video.List: "`text`"}[p.Kind]
	about := map[string]string{
		"duration":                "the `seconds` of video",
		"aspect_ratio":            "the video's `shape`",
		"negative_prompt":         "a `text` of what the video should not show",
		"cfg_scale":               "a `number` of how closely the prompt is followed",
		"camera_control":          "the camera's `movement`",
		"advanced_camera_control": "the camera's movement, as `name=value,...`, of " + fieldNames(p),
		"multi_prompt":            "a `shot` of the video, in the place of a prompt; again for each: its text, or JSON where the model's shots have more",
		"shot_type":               "how the `shots` are cut",
		"generate_audio":          "give the video sound",
		"provider":                "the provider's own `text` for whom it asks",
	}[p.Name]
	if about == "" {
		about = "the model's " + p.Name + ", a " + word
	}
	switch {
	case len(p.Allowed) > 0:
		about += ": " + strings.Join(p.Allowed, ", ")
	case p.Kind == video.Integer, p.Kind == video.Number:
		about += fmt.Sprintf(", from %g to %g", p.Min, p.Max)
	}
	return about
}

func fieldNames(p video.Parameter) string {
	var names []string
	for _, f := range p.Fields {
		names = append(names, f.Name)
	}
	return strings.Join(names, " and ")
}

// Fields gives the request's fields. Whether they are right is the model's to
// say; only what has no JSON type yet is made into one.
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
	return fields, nil
}

func (p *Parameters) value(parameter video.Parameter, values []string) (any, error) {
	last := values[len(values)-1]
	if parameter.Kind == video.List {
		return p.shots(parameter.Name, values)
	}
	return parameter.Written(last)
}

// shots makes the items of a list of texts, or of objects that have a prompt.
func (p *Parameters) shots(name string, values []string) (any, error) {
	model, _ := video.FindModel(p.Model)
	parameter, _ := model.Takes(name)
	objects := parameter.Item != nil && parameter.Item.Kind == video.Object
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
