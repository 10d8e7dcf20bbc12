package catalogue_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/catalogue"
)

// one is a catalogue of one model.
type one struct{ model catalogue.Model }

func (o one) Names() []string { return []string{o.model.Name} }

func (o one) Find(name string) (catalogue.Model, bool) { return o.model, name == o.model.Name }

// A rule uses the provider's default for an omitted parameter, if it is known.
func TestRules(t *testing.T) {
	models := one{catalogue.Model{
		Name: "m", Parameters: []catalogue.Parameter{
			{Name: "prompt", Kind: catalogue.String}, {Name: "script", Kind: catalogue.String},
			{Name: "duration", Kind: catalogue.Integer, Min: 5, Max: 10, Allowed: []string{"5", "8", "10"}, Default: 5},
			{Name: "size", Kind: catalogue.String, Allowed: []string{"small", "large"}},
			{Name: "deep", Kind: catalogue.Boolean, LeftOut: false}, {Name: "raw", Kind: catalogue.Boolean},
			{Name: "seed", Kind: catalogue.Integer, Min: -catalogue.Unbounded, Max: catalogue.Unbounded, Alias: "luck"},
		},
		OneOf: []string{"prompt", "script"},
		Rules: []catalogue.Rule{
			{If: map[string][]string{"size": {"large"}}, Then: map[string][]string{"duration": {"5", "10"}}},
			{If: map[string][]string{"raw": {"true"}}, Then: map[string][]string{"deep": {"true"}}},
			{If: map[string][]string{"deep": {"true"}}, Then: map[string][]string{"size": {"large"}}},
		},
	}}
	for body, wants := range map[string]string{
		`{"prompt": "a"}`:                                "",
		`{"script": "a", "size": "large"}`:               "",
		`{"prompt": "a", "size": "large", "duration":8}`: "duration is 8; with size large it takes 5 or 10",
		`{"prompt": "a", "size": "small", "duration":8}`: "",
		`{"prompt": "a", "raw": true}`:                   "deep is false; with raw true it takes true",
		`{"prompt": "a", "raw": true, "deep": true}`:     "",
		`{"prompt": "a", "deep": true, "size": "small"}`: "size is small; with deep true it takes large",
		`{"prompt": "a", "script": "b"}`:                 "script can't be combined with prompt",
		`{"size": "large"}`:                              "prompt is missing: say what the video shows, here or in script",
		`{"script": 7}`:                                  `script is 7; it takes a text`,
		`{"prompt": "a", "luck": 7}`:                     "",
		`{"prompt": "a", "luck": 7, "seed": 8}`:          "luck says another thing than seed",
		`{"prompt": "a", "seed": 0.5}`:                   "seed is 0.5; it takes a whole number",
		`{"prompt": "a", "size": 7, "duration": 7}`:      "duration is 7; it takes 5, 8 or 10",
	} {
		r, err := catalogue.Parse(models, []byte(body))
		if (err == nil) != (wants == "") || err != nil && !strings.Contains(err.Error(), wants) {
			t.Errorf("%s: got %v, %v, want %q", body, r, err, wants)
		}
	}
}

// A schema survives JSON, with its properties in order.
func TestSchemaInJSON(t *testing.T) {
	m := catalogue.Model{Name: "m", Maker: "us", Parameters: []catalogue.Parameter{
		{Name: "prompt", Kind: catalogue.String, Required: true}, {Name: "fast", Kind: catalogue.Boolean, LeftOut: false},
		{Name: "camera", Kind: catalogue.Object, Fields: []catalogue.Parameter{{Name: "up", Kind: catalogue.Number, Min: -1, Max: 1, Required: true}}},
		{Name: "shots", Kind: catalogue.List, Item: &catalogue.Parameter{Kind: catalogue.String, MaxLength: 7}},
	}}
	written, err := json.Marshal(m.Schema())
	if err != nil {
		t.Fatal(err)
	}
	var read catalogue.Schema
	if err := json.Unmarshal(written, &read); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(read)
	if err != nil || string(again) != string(written) {
		t.Errorf("got %s, %v, want %s", again, err, written)
	}
	var names []string
	for _, p := range read.Properties {
		names = append(names, p.Name)
	}
	if want := []string{"model", "prompt", "fast", "camera", "shots", "type", "external_task_id", "metadata", "webhook"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	for _, bad := range []string{`{"properties": []}`, `{"properties": {"a": 1}}`, `{"properties": {"a": {}`} {
		if err := json.Unmarshal([]byte(bad), &read); err == nil {
			t.Errorf("%s is a schema", bad)
		}
	}
}
