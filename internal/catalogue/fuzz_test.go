package catalogue_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

func FuzzParseRequest(f *testing.F) {
	for _, seed := range []string{
		`{"prompt":"a boat"}`, `{"prompt":"x","duration":"5","cfg_scale":-0.0,"ratio":"1:1"}`, `{"prompt":"x","ratio":[],"aspect_ratio":[]}`,
		`{"model":"klingai/video-v3-turbo-pro-text-to-video","multi_prompt":[{"prompt":"a","duration":1}]}`,
		`{"advanced_camera_control":{"movement_type":"zoom","movement_value":1},"prompt":"\ud800"}`, `{"prompt":["a boat"]}`, `nul`,
		`{"prompt":"x","metadata":{"a.b-c_1":"","d":null,"e f":"g","h":7}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := catalogue.Parse(all.Models(), data)
		if err != nil {
			var invalid *video.InvalidRequest
			if !errors.As(err, &invalid) || len(invalid.Fields) == 0 {
				t.Fatalf("refused with %v, want an InvalidRequest with fields", err)
			}
			holdPromptBack(t, data)
			return
		}
		out, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		again, err := catalogue.Parse(all.Models(), out)
		if err != nil || again.Hash() != r.Hash() {
			t.Fatalf("%s parses again to %v, %v", out, again, err)
		}
		var record video.Request
		if err := json.Unmarshal(out, &record); err != nil || record.Hash() != r.Hash() || !reflect.DeepEqual(record.Names(), r.Names()) {
			t.Fatalf("%s is read back as %v, %v", out, record, err)
		}
	})
}

// holdPromptBack replaces the prompt of a refused object, and checks that the refusal
// doesn't contain it.
func holdPromptBack(t *testing.T, data []byte) {
	var fields map[string]any
	if json.Unmarshal(data, &fields) != nil || fields == nil {
		return
	}
	const canary = "zz-canary-in-the-coal-mine-zz"
	for _, prompt := range []any{canary, []any{canary}, map[string]any{"text": canary}} {
		fields["prompt"], fields["multi_prompt"] = prompt, prompt
		body, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := catalogue.Parse(all.Models(), body); err != nil && strings.Contains(err.Error(), canary) {
			t.Fatalf("the refusal repeats the prompt: %v", err)
		}
	}
}
