package catalogue_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
)

// Metadata is kept with the request of any model, as a part of its identity, and the provider is
// sent nothing of it.
func TestMetadata(t *testing.T) {
	for _, m := range catalogue.All(all.Models()) {
		parse := func(more string) string { return fmt.Sprintf(`{"model":%q,"prompt":"a boat"%s}`, m.Name, more) }
		plain, err := catalogue.Parse(all.Models(), []byte(parse("")))
		if err != nil {
			t.Fatal(err)
		}
		r, err := catalogue.Parse(all.Models(), []byte(parse(`,"metadata":{"project":"boats","scene.no_2-a":"","none":null}`)))
		if err != nil {
			t.Fatal(err)
		}
		if want := map[string]string{"project": "boats", "scene.no_2-a": ""}; !maps.Equal(r.Metadata(), want) {
			t.Errorf("%s: got %v, want %v", m.Name, r.Metadata(), want)
		}
		if string(r.Body()) != string(plain.Body()) || r.Hash() == plain.Hash() {
			t.Errorf("%s: the provider is sent %s", m.Name, r.Body())
		}
		for _, none := range []string{`,"metadata":null`, `,"metadata":{}`, `,"metadata":{"a":null}`} {
			if r, err := catalogue.Parse(all.Models(), []byte(parse(none))); err != nil || r.Hash() != plain.Hash() || r.Metadata() != nil {
				t.Errorf("%s: with %s it is another request: %v, %v", m.Name, none, r.Metadata(), err)
			}
		}
	}
}

func TestMetadataRefused(t *testing.T) {
	many := func(n int) string {
		var pairs []string
		for i := range n {
			pairs = append(pairs, fmt.Sprintf(`"k%d":"v"`, i))
		}
		return "{" + strings.Join(pairs, ",") + "}"
	}
	const key = "can't be a key; a key is 1 to 64 of A-Z a-z 0-9 _ . and -"
	for written, want := range map[string]map[string]string{
		many(16): nil,
		many(17): {"metadata": "has 17 pairs; it takes at most 16"},
		`{"` + strings.Repeat("k", 64) + `":"` + strings.Repeat("é", 512) + `"}`: nil,
		`{"` + strings.Repeat("k", 65) + `":"v"}`:                                {"metadata." + strings.Repeat("k", 60-len("")) + "…": key},
		`{"k":"` + strings.Repeat("é", 513) + `"}`:                               {"metadata.k": "has 513 characters; it takes at most 512"},
		`{"":"v","a b":"v","größe":"v","a=b":"v"}`:                               {"metadata.": key, "metadata.a b": key, "metadata.größe": key, "metadata.a=b": key},
		`{"k":7}`:                   {"metadata.k": "is 7; it takes a text of at most 512 characters"},
		`{"k":{"a":"b"}}`:           {"metadata.k": "is an object; it takes a text of at most 512 characters"},
		`{"k":"a\u0000"}`:           {"metadata.k": "has the control character U+0000 (NUL) at character 2; take it out"},
		`{"k":"a","k":"b"}`:         {"metadata.k": "is given twice, the second time at line 1, column 40; give it once"},
		`"a=b"`:                     {"metadata": "is a text; it takes an object of at most 16 members, each a text of at most 512 characters"},
		`["a"]`:                     {"metadata": "is a list of 1; it takes an object of at most 16 members, each a text of at most 512 characters"},
		`{"prompt":"` + "ok" + `"}`: nil,
	} {
		body := `{"prompt":"a boat","metadata":` + written + `}`
		if want == nil {
			if _, err := catalogue.Parse(all.Models(), []byte(body)); err != nil {
				t.Errorf("%s: %v", written, err)
			}
			continue
		}
		if got := wrong(t, body); !maps.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", written, got, want)
		}
	}
}
