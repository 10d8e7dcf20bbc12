package video_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
	"github.com/takeup/takeup/internal/video"
)

// probes are values of every kind, at the edges of the models' limits.
func probes() []any {
	var all []any
	for n := -11.0; n <= 16; n++ {
		all = append(all, n, n+0.5)
	}
	for _, s := range []string{
		"16:9", "9:16", "1:1", "4:3", "customize", "intelligent", "intelligence", "down_back", "forward_up", "right_turn_forward",
		"left_turn_forward", "horizontal", "vertical", "pan", "tilt", "roll", "zoom", "some text",
	} {
		all = append(all, s)
	}
	for _, n := range []int{2500, 2501, 3072, 3073} {
		all = append(all, strings.Repeat("x", n))
	}
	shot := map[string]any{"prompt": "a"}
	all = append(all, true, false, map[string]any{"a": 1.0}, []any{1.0}, []any{"a"}, []any{"a", 1.0}, []any{shot})
	for _, d := range []any{0.0, 1.0, 15.0, 16.0} {
		all = append(all, []any{map[string]any{"prompt": "a", "duration": d}})
	}
	for _, n := range []int{6, 7} {
		all = append(all, slices.Repeat([]any{"a"}, n), slices.Repeat([]any{shot}, n))
	}
	all = append(all, []any{map[string]any{"duration": 5.0}}, []any{map[string]any{"prompt": strings.Repeat("x", 3072)}}, []any{map[string]any{"prompt": strings.Repeat("x", 3073)}})
	for _, kind := range []any{"zoom", "sideways", 1.0} {
		for _, value := range []any{-11.0, -10.0, 0.0, 10.0, 11.0, 0.5, true} {
			all = append(all, map[string]any{"movement_type": kind, "movement_value": value})
		}
	}
	return append(all, map[string]any{"movement_type": "zoom"}, map[string]any{"movement_value": 1.0})
}

// The catalogue and the provider's descriptions must agree on every model, every
// field and every value. What the provider takes beyond its descriptions (numbers
// as strings, "ratio") and what is refused here beyond them (texts and lists that
// are empty) are not probed: request_test.go has those.
func TestCatalogueAgreesWithTheProvidersDescriptions(t *testing.T) {
	models, err := contract.Models()
	if err != nil {
		t.Fatal(err)
	}
	described := map[string]contract.Model{}
	for _, m := range models {
		described[m.Name] = m
	}
	for _, m := range video.Catalogue() {
		d, ok := described[m.Name]
		if !ok {
			t.Errorf("%s: the provider has no such model", m.Name)
			continue
		}
		delete(described, m.Name)
		t.Run(m.Name, func(t *testing.T) {
			if legacy := slices.Contains(d.Routes, contract.Legacy); m.Legacy != legacy {
				t.Errorf("legacy is %v, and %v at the provider", m.Legacy, legacy)
			}
			agree(t, m, d)
		})
	}
	for name := range maps.Keys(described) {
		t.Errorf("%s: the catalogue lacks it", name)
	}
}

func agree(t *testing.T, m video.Model, d contract.Model) {
	schema := compile(t, d.Schema)
	var document struct {
		Properties map[string]struct{ Default any } `json:"properties"`
	}
	if err := json.Unmarshal(d.Schema, &document); err != nil {
		t.Fatal(err)
	}
	fields := []string{"model"}
	for _, p := range m.Parameters {
		fields = append(fields, p.Name)
		if theirs := document.Properties[p.Name].Default; p.Default != nil && theirs != nil && fmt.Sprint(theirs) != fmt.Sprint(p.Default) {
			t.Errorf("%s: default %v, and %v at the provider", p.Name, p.Default, theirs)
		}
	}
	slices.Sort(fields)
	if theirs := slices.Sorted(maps.Keys(document.Properties)); !slices.Equal(fields, theirs) {
		t.Fatalf("takes %v, and %v at the provider", fields, theirs)
	}

	for _, field := range fields {
		if field == "model" {
			continue
		}
		for _, probe := range probes() {
			if _, text := probe.(string); text && numeric(m, field) {
				continue
			}
			body := map[string]any{"model": m.Name, field: probe}
			if field != "prompt" && field != "multi_prompt" {
				body["prompt"] = "a boat"
			}
			compare(t, schema, body)
		}
	}
	compare(t, schema, map[string]any{"model": m.Name})
	compare(t, schema, map[string]any{"model": m.Name, "prompt": "a boat"})
	if _, ok := m.Takes("multi_prompt"); ok {
		compare(t, schema, map[string]any{"model": m.Name, "prompt": "a boat", "multi_prompt": []any{"a"}})
		compare(t, schema, map[string]any{"model": m.Name, "prompt": "a boat", "multi_prompt": []any{map[string]any{"prompt": "a"}}})
	}
}

func numeric(m video.Model, field string) bool {
	p, _ := m.Takes(field)
	return p.Kind == video.Integer || p.Kind == video.Number
}

// compare holds our answer to a body against the schema's; and what we would send
// for it too.
func compare(t *testing.T, schema *jsonschema.Schema, body map[string]any) {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	theirs := validate(t, schema, raw)
	r, ours := video.ParseRequest(raw)
	if (ours == nil) != (theirs == nil) {
		t.Errorf("%.150s\n  here: %v\n  provider: %v", raw, ours, theirs)
		return
	}
	if ours != nil {
		return
	}
	sent, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(t, schema, sent); err != nil {
		t.Errorf("%.150s is sent as %.150s, which the provider refuses: %v", raw, sent, err)
	}
}

func validate(t *testing.T, schema *jsonschema.Schema, raw []byte) error {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(document)
}

func compile(t *testing.T, raw []byte) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("https://contract.invalid/request", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("https://contract.invalid/request")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
