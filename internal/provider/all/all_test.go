package all

import (
	"slices"
	"testing"

	"github.com/takeup/takeup/internal/catalogue"
)

// made is a catalogue for the test.
type made []string

func (m made) Names() []string { return m }

func (m made) Find(name string) (catalogue.Model, bool) {
	return catalogue.Model{Name: name, Maker: m[0]}, slices.Contains(m, name)
}

// The models of several catalogues form one list, and each is found in its own.
func TestJoined(t *testing.T) {
	all := joined{made{"a", "b"}, made{"c"}}
	if names := all.Names(); !slices.Equal(names, []string{"a", "b", "c"}) || catalogue.Default(all) != "a" {
		t.Errorf("got %q", names)
	}
	for name, maker := range map[string]string{"a": "a", "b": "a", "c": "c"} {
		if m, ok := all.Find(name); !ok || m.Name != name || m.Maker != maker {
			t.Errorf("%s: got %+v, %v", name, m, ok)
		}
	}
	if m, ok := all.Find("d"); ok || m.Name != "" {
		t.Errorf("got %+v, %v", m, ok)
	}
	if len(catalogue.All(all)) != 3 {
		t.Errorf("got %+v", catalogue.All(all))
	}
}
