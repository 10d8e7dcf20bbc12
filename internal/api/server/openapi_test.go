package server_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/video"
)

// openapi.json is docs/openapi.yaml. This test writes it with -update.
func TestOpenAPIJSON(t *testing.T) {
	want := asJSON(t)
	if *update {
		if err := os.WriteFile("openapi.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("openapi.json is not docs/openapi.yaml; run go test ./internal/api/server -update")
	}
}

// Every example conforms to its schema.
func TestExamples(t *testing.T) {
	d := newDescription(t)
	checked := 0
	var walk func(value any, path []string)
	walk = func(value any, path []string) {
		switch value := value.(type) {
		case map[string]any:
			examples, _ := value["examples"].(map[string]any)
			for name := range examples {
				if value["schema"] == nil {
					break // components/examples itself
				}
				example, _ := d.at(append(path, "examples", name, "value")...)
				checked++
				if err := d.valid(example, append(path, "schema")...); err != nil {
					t.Errorf("%s, example %s: %v", strings.Join(path, " "), name, err)
				}
			}
			for key := range value {
				walk(value[key], append(path[:len(path):len(path)], key))
			}
		case []any:
			for _, item := range value {
				walk(item, nil)
			}
		}
	}
	walk(d.document, nil)
	if checked < 15 {
		t.Errorf("only %d examples were checked", checked)
	}
}

// The request's schema takes what the catalogue takes, and refuses what it
// refuses: model by model, with each parameter at its limits and beyond.
func TestTheRequestIsTheCatalogues(t *testing.T) {
	d := newDescription(t)
	taken, refused := 0, 0
	check := func(request map[string]any) {
		t.Helper()
		body, err := json.Marshal(request)
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_, ours := video.ParseRequest(body)
		if theirs := d.valid(value, "components", "schemas", "Request"); (ours == nil) != (theirs == nil) {
			t.Errorf("%s: the catalogue says %v, and the description %v", body, ours, theirs)
		}
		if ours == nil {
			taken++
		} else {
			refused++
		}
	}
	for _, m := range video.Catalogue() {
		base := map[string]any{"model": m.Name, "prompt": "a boat"}
		check(base)
		check(map[string]any{"model": m.Name})
		with := func(name string, value any) map[string]any {
			request := maps.Clone(base)
			request[name] = value
			if name == "multi_prompt" {
				delete(request, "prompt")
			}
			return request
		}
		check(with("image_url", "https://example.com"))
		for _, kind := range []any{"text-to-video", "image-to-video", "", 1, nil} {
			check(with("type", kind))
		}
		for _, id := range []any{"ours-1", "", strings.Repeat("é", 255), strings.Repeat("é", 256), 7, nil} {
			check(with("external_task_id", id))
		}
		check(with("aspekt_ratio", "1:1"))
		both := with("multi_prompt", []any{"a", "b"})
		both["prompt"] = "a boat"
		check(both)
		for _, p := range slices.Concat(m.Parameters, unknownParameters()) {
			for _, value := range samples(p) {
				check(with(p.Name, value))
			}
		}
		for _, value := range []any{"16:9", "4:3", nil, 1} {
			check(with("ratio", value))
		}
	}
	check(map[string]any{"prompt": "a boat"})
	check(map[string]any{"prompt": "a boat", "model": nil})
	check(map[string]any{"prompt": "a boat", "model": "sora"})
	check(map[string]any{"prompt": "a boat", "duration": 3})
	if taken < 300 || refused < 300 {
		t.Errorf("%d requests were taken and %d refused", taken, refused)
	}
}

// unknownParameters returns the parameters of all models: each model is given those of the
// others.
func unknownParameters() []video.Parameter {
	byName := map[string]video.Parameter{}
	for _, m := range video.Catalogue() {
		for _, p := range m.Parameters {
			byName[p.Name] = p
		}
	}
	return slices.Collect(maps.Values(byName))
}

// samples returns values at a parameter's limits, beyond them, and of other types.
func samples(p video.Parameter) []any {
	values := []any{"", " ", "a text", 0, 0.5, 1, 2, 5, 7, 16, -10, -11, true, []any{}, map[string]any{}, "5", "10", "15", "x5", nil}
	if p.Kind == video.String && len(p.Allowed) == 0 {
		values = append(values, "?", "\u00a0\u3000", "\u200b\ufeff", "\u202e", "\u0301", "\u3164", "\u2800", "\ue000", "\U000f0000", "\ufe0f", "\u00ad", "a\u0000", "\x1b[31m", "a\u007f", "a\u0085",
			"a\ufffd", "a\ufffe", "a\ufdd0", "\ufeffa", "a\tb\r\nc", "\U0001f3ac", "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "a\u202eb", "a\ue000",
			"\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "\U0001f468\u200d\U0001f680", "\u2764\ufe0f")
	}
	for _, allowed := range p.Allowed {
		values = append(values, allowed, allowed+"x")
	}
	if p.MaxLength > 0 {
		values = append(values, strings.Repeat("x", p.MaxLength), strings.Repeat("x", p.MaxLength+1))
	}
	if p.Kind == video.List {
		item := any("a shot")
		if p.Item.Kind == video.Object {
			item = map[string]any{"prompt": "a shot", "duration": "3"}
		}
		values = append(values, []any{item}, []any{item, item, item, item, item, item, item}, []any{item, 7}, []any{map[string]any{"duration": 3}})
	}
	if p.Kind == video.Object {
		values = append(values, map[string]any{"movement_type": "pan", "movement_value": 10}, map[string]any{"movement_type": "pan", "movement_value": 11},
			map[string]any{"movement_type": "pan"}, map[string]any{"movement_type": "walk", "movement_value": "-1"})
	}
	return values
}

// Package api and the description have the same paths, query parameters and headers.
func TestNames(t *testing.T) {
	d := newDescription(t)
	var queries, headers []string
	var walk func(value any)
	walk = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			if name, _ := value["name"].(string); value["in"] == "query" && !slices.Contains(queries, name) {
				queries = append(queries, name)
			} else if value["in"] == "header" {
				headers = append(headers, name)
			}
			named, _ := value["headers"].(map[string]any)
			for name := range named {
				if strings.HasPrefix(name, "X-") && !slices.Contains(headers, name) {
					headers = append(headers, name)
				}
			}
			for _, inner := range value {
				walk(inner)
			}
		case []any:
			for _, inner := range value {
				walk(inner)
			}
		}
	}
	walk(d.document)
	paths := slices.DeleteFunc(d.keys("paths"), func(path string) bool { return path == "/" || strings.HasPrefix(path, "/assets/") }) // the page's
	for _, test := range []struct {
		what      string
		described []string
		ours      []string
	}{
		{"paths", paths, []string{
			api.VideosPath, api.VideoPath, api.ContentPath, api.RedrivePath, api.RetryPath, api.ForgetPath, api.UploadsPath, api.StatusesPath,
			api.CheckPath, api.ModelsPath, api.ControlPath, api.UsagePath, api.DescriptionPath,
			api.GenerationsPath, api.KlingGenerationPath, api.AIMLAPIModelsPath,
		}},
		{"query parameters", queries, []string{
			api.ParamStatus, api.ParamModel, api.ParamOwner, api.ParamWords, api.ParamFrom, api.ParamTo, api.ParamLimit, api.ParamCursor,
			api.ParamRedirect, api.ParamDiscard, api.ParamMonth, api.ParamGenerationID,
		}},
		{"headers", headers, []string{api.IdempotencyKeyHeader, api.RetryCountHeader, api.RequestIDHeader, api.JobHeader, api.ExecutionHeader}},
	} {
		slices.Sort(test.described)
		slices.Sort(test.ours)
		if !slices.Equal(test.described, test.ours) {
			t.Errorf("the %s are %v, and described as %v", test.what, test.ours, test.described)
		}
	}
}
