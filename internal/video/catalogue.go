package video

import "slices"

// DefaultModel is the model of a request that names none.
const DefaultModel = "kling-video/v1/pro/text-to-video"

// Model is one entry of the catalogue: a model, and what it takes.
type Model struct {
	Name string
	// Legacy says that the legacy route takes the model, with LegacyTakes.
	Legacy     bool
	Parameters []Parameter
}

// Kind is the JSON type of a parameter.
type Kind string

// The kinds of parameters that the models have.
const (
	String  Kind = "string"
	Integer Kind = "integer"
	Number  Kind = "number"
	Boolean Kind = "boolean"
	Object  Kind = "object"
	List    Kind = "list"
)

// Parameter is one field of a model's request and its limits.
type Parameter struct {
	Name      string
	Kind      Kind
	Required  bool
	Allowed   []string    // of a string; empty: any
	Min, Max  float64     // of a number or integer, both inclusive
	MaxLength int         // of a string, in characters; 0: no limit of its own
	MaxItems  int         // of a list; 0: no limit of its own
	Default   any         // filled in where the request leaves it out; nil: left to the provider
	Fields    []Parameter // of an object
	Item      *Parameter  // of a list
}

// Catalogue lists the models, the default first. The facts are the provider's
// OpenAPI descriptions, one file a model, as of 2026-08-21. Defaults are filled
// in for what decides the length and the shape of the video; the rest is left to
// the provider.
func Catalogue() []Model {
	prompt := Parameter{Name: "prompt", Kind: String, Required: true}
	aspect := Parameter{Name: "aspect_ratio", Kind: String, Allowed: []string{"16:9", "9:16", "1:1"}, Default: "16:9"}
	freeAspect := aspect // three files give no default
	freeAspect.Default = nil
	duration := Parameter{Name: "duration", Kind: Integer, Min: 5, Max: 10, Allowed: []string{"5", "10"}, Default: 5}
	negative := Parameter{Name: "negative_prompt", Kind: String}
	scale := Parameter{Name: "cfg_scale", Kind: Number, Min: 0, Max: 1}
	camera := Parameter{Name: "camera_control", Kind: String, Allowed: []string{"down_back", "forward_up", "right_turn_forward", "left_turn_forward"}}
	advanced := Parameter{Name: "advanced_camera_control", Kind: Object, Fields: []Parameter{
		{Name: "movement_type", Kind: String, Required: true, Allowed: []string{"horizontal", "vertical", "pan", "tilt", "roll", "zoom"}},
		{Name: "movement_value", Kind: Integer, Required: true, Min: -10, Max: 10},
	}}
	vendor := Parameter{Name: "provider", Kind: String}
	audio := Parameter{Name: "generate_audio", Kind: Boolean}

	withCamera := []Parameter{prompt, aspect, duration, negative, scale, camera, advanced}
	withVendor := []Parameter{prompt, freeAspect, duration, negative, scale, vendor}

	v26Prompt := prompt
	v26Prompt.MaxLength = 2500

	// The v3 models take a prompt or a list of prompts, one a shot.
	v3Prompt := Parameter{Name: "prompt", Kind: String}
	v3Duration := Parameter{Name: "duration", Kind: Integer, Min: 3, Max: 15, Default: 5}
	shots := Parameter{Name: "multi_prompt", Kind: List, Item: &Parameter{Kind: String, Required: true}}
	shotType := Parameter{Name: "shot_type", Kind: String, Allowed: []string{"customize", "intelligent"}}
	omniShotType := Parameter{Name: "shot_type", Kind: String, Allowed: []string{"customize", "intelligent", "intelligence"}}
	v3 := []Parameter{v3Prompt, shots, aspect, v3Duration, shotType, audio, negative, scale, vendor}
	omni := []Parameter{v3Prompt, shots, aspect, v3Duration, omniShotType, audio, negative, scale, vendor}

	turboPrompt := Parameter{Name: "prompt", Kind: String, MaxLength: 3072}
	storyboard := Parameter{Name: "multi_prompt", Kind: List, MaxItems: 6, Item: &Parameter{Kind: Object, Required: true, Fields: []Parameter{
		{Name: "prompt", Kind: String, Required: true, MaxLength: 3072},
		{Name: "duration", Kind: Integer, Min: 1, Max: 15},
	}}}
	turbo := []Parameter{turboPrompt, storyboard, v3Duration, aspect}

	return []Model{
		{Name: DefaultModel, Legacy: true, Parameters: withCamera},
		{Name: "kling-video/v1/standard/text-to-video", Legacy: true, Parameters: withCamera},
		{Name: "kling-video/v1.5/pro/text-to-video", Parameters: withCamera},
		{Name: "kling-video/v1.6/pro/text-to-video", Parameters: withCamera},
		{Name: "kling-video/v1.6/standard/text-to-video", Legacy: true, Parameters: withVendor},
		{Name: "klingai/v2-master-text-to-video", Parameters: append(slices.Clone(withCamera), vendor)},
		{Name: "klingai/v2.1-master-text-to-video", Parameters: append(slices.Clone(withCamera), vendor)},
		{Name: "klingai/v2.5-turbo/pro/text-to-video", Parameters: withVendor},
		{Name: "klingai/video-v2-6-pro-text-to-video", Parameters: []Parameter{v26Prompt, freeAspect, duration, negative, scale, audio, vendor}},
		{Name: "klingai/video-v3-standard-text-to-video", Parameters: v3},
		{Name: "klingai/video-v3-pro-text-to-video", Parameters: v3},
		{Name: "klingai/video-v3-omni-720p-text-to-video", Parameters: omni},
		{Name: "klingai/video-v3-omni-1080p-text-to-video", Parameters: omni},
		{Name: "klingai/video-v3-standard-turbo-text-to-video", Parameters: turbo},
		{Name: "klingai/video-v3-turbo-pro-text-to-video", Parameters: turbo},
	}
}

// ModelNames gives the names of the models of the catalogue.
func ModelNames() []string {
	var names []string
	for _, m := range Catalogue() {
		names = append(names, m.Name)
	}
	return names
}

// FindModel gives the catalogue's entry of that name.
func FindModel(name string) (Model, bool) {
	models := Catalogue()
	i := slices.IndexFunc(models, func(m Model) bool { return m.Name == name })
	if i < 0 {
		return Model{}, false
	}
	return models[i], true
}

// Takes gives the model's parameter of that name.
func (m Model) Takes(name string) (Parameter, bool) { return find(m.Parameters, name) }

func find(parameters []Parameter, name string) (Parameter, bool) {
	i := slices.IndexFunc(parameters, func(p Parameter) bool { return p.Name == name })
	if i < 0 {
		return Parameter{}, false
	}
	return parameters[i], true
}
