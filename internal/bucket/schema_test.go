package bucket_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/takeup/takeup/internal/video"
)

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	s, err := compiler.Compile("../../docs/manifest.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fields returns the fields of a manifest's JSON.
func fields(t *testing.T, m video.Manifest) map[string]any {
	t.Helper()
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return value.(map[string]any)
}

// The schema in docs/ matches the manifests: it accepts them, knows each of their fields,
// and requires each that is always present.
func TestSchema(t *testing.T) {
	s := schema(t)
	forgotten := sample(t)
	full := fields(t, forgotten.Forget(forgotten.Request.Hash(), forgotten.StoredAt))
	if err := s.Validate(full); err != nil {
		t.Error(err)
	}
	if got, want := slices.Sorted(maps.Keys(full)), slices.Sorted(maps.Keys(s.Properties)); !slices.Equal(got, want) {
		t.Errorf("a manifest has %v, and the schema %v", got, want)
	}
	least := fields(t, video.Manifest{
		ID: "j", Model: "m", Request: sample(t).Request, GenerationID: "g", Bytes: 1, CRC32: video.CRC32(0), PipelineVersion: "(devel)",
	})
	if err := s.Validate(least); err != nil {
		t.Error(err)
	}
	if got, want := slices.Sorted(maps.Keys(least)), slices.Sorted(slices.Values(s.Required)); !slices.Equal(got, want) {
		t.Errorf("a manifest has at least %v, and the schema requires %v", got, want)
	}
	for name := range full {
		for what, value := range map[string]any{"null": nil, "a list": []any{}, "true": true, "a negative number": json.Number("-1"), "an empty text": ""} {
			wrong := maps.Clone(full)
			wrong[name] = value
			if s.Validate(wrong) == nil {
				t.Errorf("%s may be %s", name, what)
			}
		}
	}
	for _, name := range s.Required {
		wrong := maps.Clone(full)
		delete(wrong, name)
		if s.Validate(wrong) == nil {
			t.Errorf("it may have no %s", name)
		}
	}
	wrong := maps.Clone(full)
	wrong["url"] = "https://cdn.example/1.mp4"
	if s.Validate(wrong) == nil {
		t.Error("it may have a URL")
	}
}

// The golden manifest is valid by the published schema.
func TestGoldenManifestIsValid(t *testing.T) {
	body, err := os.ReadFile("testdata/manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema(t).Validate(value); err != nil {
		t.Error(err)
	}
}
