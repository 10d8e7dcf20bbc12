package web_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// What is served is docs/openapi.yaml, and is written by this test with -update.
func TestOpenAPIJSONIsTheYAML(t *testing.T) {
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
		t.Error("openapi.json is not docs/openapi.yaml; run go test ./internal/web -update")
	}
}

// Each example is an example of its schema.
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
					break // the shelf of examples itself
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
