package catalogue_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
)

// A webhook is kept with the request of any model, as a part of its identity, and the provider is
// sent nothing of it.
func TestWebhook(t *testing.T) {
	for _, m := range catalogue.All(all.Models()) {
		parse := func(more string) string { return fmt.Sprintf(`{"model":%q,"prompt":"a boat"%s}`, m.Name, more) }
		plain, err := catalogue.Parse(all.Models(), []byte(parse("")))
		if err != nil {
			t.Fatal(err)
		}
		r, err := catalogue.Parse(all.Models(), []byte(parse(`,"webhook":"https://example.com/a"`)))
		if err != nil || r.Webhook() != "https://example.com/a" || string(r.Body()) != string(plain.Body()) || r.Hash() == plain.Hash() {
			t.Errorf("%s: %q, %v; the provider is sent %s", m.Name, r.Webhook(), err, r.Body())
		}
		marked, err := r.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := catalogue.Parse(all.Models(), marked); err != nil || again.Hash() != r.Hash() || again.Webhook() != "" {
			t.Errorf("%s: the input of its execution is another request: %s, %v", m.Name, marked, err)
		}
		for _, none := range []string{"null", `""`} {
			if r, err := catalogue.Parse(all.Models(), []byte(parse(`,"webhook":`+none))); err != nil || r.Hash() != plain.Hash() {
				t.Errorf("%s: %s is another request: %v", m.Name, none, err)
			}
		}
	}
	for written, want := range map[string]string{
		`"http://example.com/"`: "is not an https URL, and others could read what is posted; give one such as https://example.com/hooks/takeup",
		`7`:                     "is 7; it takes a text of at most 2048 characters",
		`["https://a.com"]`:     "is a list of 1; it takes a text of at most 2048 characters",
	} {
		if got := wrong(t, `{"prompt":"a boat","webhook":`+written+`}`); !maps.Equal(got, map[string]string{"webhook": want}) {
			t.Errorf("%s: got %q", written, got)
		}
	}
}
