package server_test

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/provider/all"
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

// The description's Request takes each model's smallest request, and leaves what else a
// model takes to the model's own schema.
func TestTheRequestIsEachModels(t *testing.T) {
	d := newDescription(t)
	for _, name := range all.Models().Names() {
		for _, request := range []map[string]any{
			{"model": name, "prompt": "a boat"}, {"model": name, "prompt": "a boat", "type": "text-to-video", "external_task_id": "ours-1", "duration": "5"},
			{"model": name, "prompt": "a boat", "metadata": map[string]any{"project": "boats", "scene.no": "", "none": nil}}, {"model": name, "prompt": "a boat", "metadata": nil},
		} {
			if err := d.valid(request, "components", "schemas", "Request"); err != nil {
				t.Errorf("%v: %v", request, err)
			}
		}
	}
	for _, wrong := range []any{[]any{}, map[string]any{"model": 1}, map[string]any{"prompt": 7}, map[string]any{"prompt": "a\u0000"}, map[string]any{"external_task_id": strings.Repeat("é", 256)},
		map[string]any{"metadata": map[string]any{"a b": "c"}}, map[string]any{"metadata": map[string]any{"a": 7}}, map[string]any{"metadata": map[string]any{"a": strings.Repeat("é", 513)}}} {
		if d.valid(wrong, "components", "schemas", "Request") == nil {
			t.Errorf("%v is taken", wrong)
		}
	}
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
			api.VideosPath, api.VideoPath, api.ContentPath, api.RedrivePath, api.RetryPath, api.ForgetPath, api.PosterPath, api.UploadsPath, api.StatusesPath,
			api.BatchesPath, api.BatchPath, api.BatchStartPath, api.BatchResultsPath,
			api.CheckPath, api.ModelsPath, api.ModelPath, api.ControlPath, api.UsagePath, api.DescriptionPath,
			api.GenerationsPath, api.KlingGenerationPath, api.AIMLAPIModelsPath,
		}},
		{"query parameters", queries, []string{
			api.ParamStatus, api.ParamModel, api.ParamOwner, api.ParamWords, api.ParamFrom, api.ParamTo, api.ParamLimit, api.ParamCursor,
			api.ParamBatch, api.ParamFormat, api.ParamRedirect, api.ParamDiscard, api.ParamMonth, api.ParamGenerationID,
			api.ParamMetadata,
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
