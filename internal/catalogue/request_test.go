package catalogue_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

func TestNames(t *testing.T) {
	r, err := catalogue.Parse(all.Models(), []byte(`{"prompt":"x","cfg_scale":1}`))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"aspect_ratio", "cfg_scale", "duration", "model", "prompt"}; !slices.Equal(r.Names(), want) {
		t.Errorf("got %v, want %v", r.Names(), want)
	}
}

func TestRecordsStayReadable(t *testing.T) {
	const stored = `{"duration":7,"model":"a model that went","multi_prompt":[{"duration":3,"prompt":"a"}],"new":0.25}`
	var r video.Request
	if err := json.Unmarshal([]byte(stored), &r); err != nil {
		t.Fatal(err)
	}
	if out, _ := json.Marshal(r); string(out) != stored || r.Duration() != 7 {
		t.Errorf("got %s and %d s", out, r.Duration())
	}
	if err := r.UnmarshalJSON([]byte(`[]`)); err == nil {
		t.Error("a list was read as a request")
	}
}

// Redact also finds the texts as other programs write them.
func TestRedactOtherForms(t *testing.T) {
	r, err := catalogue.Parse(all.Models(), []byte(`{"prompt":"a \"paper\" boat <crosses> & sails away over the flooded street"}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{
		`refused: {"prompt":"a \"paper\" boat <crosses> & sails away over the flooded street"}`,
		`refused: {"prompt":"a \"paper\" boat \u003ccrosses\u003e \u0026 sails away over the flooded street"}`,
		`refused: a "paper" boat <crosses> & sails away over the fl…`,
		`refused: a "paper" b…`,
	} {
		if got := r.Redact(words); strings.Contains(got, "paper") || !strings.HasPrefix(got, "refused: ") {
			t.Errorf("%s is %s", words, got)
		}
	}
	if got := r.Redact(`refused: a "pap…`); got != `refused: a "pap…` {
		t.Errorf("what is too short to tell is %s", got)
	}
}

func TestRedact(t *testing.T) {
	r, err := catalogue.Parse(all.Models(), []byte(`{"prompt":"a paper  boat\ncrosses","negative_prompt":"blurry faces"}`))
	if err != nil {
		t.Fatal(err)
	}
	got := r.Redact("refused: a paper boat crosses / a paper  boat\ncrosses without blurry faces")
	if strings.Contains(got, "boat") || strings.Contains(got, "blurry") || !strings.HasPrefix(got, "refused: ") {
		t.Errorf("got %q", got)
	}
}
