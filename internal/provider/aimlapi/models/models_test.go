package models_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/aimlapi/models"
)

// Each line of the file parses, and describes a valid model.
func TestEveryModel(t *testing.T) {
	names := models.Catalogue{}.Names()
	lines, err := os.ReadFile("models.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if want := bytes.Count(lines, []byte("\n")); len(names) != want || names[0] != "kling-video/v1/pro/text-to-video" {
		t.Errorf("%d models, the first %s; want %d, and the default model first", len(names), names[0], want)
	}
	if sorted := slices.Sorted(slices.Values(names)); len(slices.Compact(sorted)) != len(names) {
		t.Error("a name occurs twice")
	}
	kinds, legacy := map[string]int{}, 0
	for _, name := range names {
		m, ok := models.Find(name)
		if !ok || m.Name != name || m.Maker == "" {
			t.Fatalf("%s: got %+v, %v", name, m, ok)
		}
		kinds[m.Price.Kind]++
		if m.Legacy {
			legacy++
		}
		if by, ok := m.Takes(m.Price.By); (m.Price.Kind == models.Variants) != ok || ok && by.Default == nil && by.LeftOut == nil {
			t.Errorf("%s: its price is %+v, and its parameter %+v", name, m.Price, by)
		}
		if _, ok := m.Takes("prompt"); !ok {
			t.Errorf("%s takes no prompt", name)
		}
		for _, p := range m.Parameters {
			checkParameter(t, name, p)
		}
		if lengths := m.Lengths(); len(lengths) > 0 {
			if p, _ := m.Takes("duration"); !slices.Contains(lengths, p.Default.(int)) {
				t.Errorf("%s: its default length is %v, of %v", name, p.Default, lengths)
			}
		}
	}
	if legacy != 3 || len(kinds) != 3 || kinds[models.Fixed] == 0 || kinds[models.Variants] == 0 || kinds[models.Variable] == 0 {
		t.Errorf("%d models are on the legacy route, and the kinds of prices are %v", legacy, kinds)
	}
	for _, name := range []string{"", "sora", names[0] + "/", strings.ToUpper(names[0]), `veo2", "maker`} {
		if m, ok := models.Find(name); ok {
			t.Errorf("%q is %+v", name, m)
		}
	}
}

func checkParameter(t *testing.T, model string, p catalogue.Parameter) {
	t.Helper()
	if p.Title == "" || p.About == "" {
		t.Errorf("%s: %s has no words", model, p.Name)
	}
	for _, value := range []any{p.Default, p.LeftOut} {
		if value == nil {
			continue
		}
		given := value
		if n, ok := value.(int); ok {
			text, err := json.Marshal(n)
			if err != nil {
				t.Fatal(err)
			}
			given = json.Number(text)
		}
		if got, wrong := p.Value(p.Name, given); len(wrong) > 0 || got != value {
			t.Errorf("%s: %s does not take %v itself: %v", model, p.Name, value, wrong)
		}
	}
}

// The dictionary is JSON, and each of its parameters is used by a model.
func TestDictionary(t *testing.T) {
	text, err := os.ReadFile("parameters.json")
	if err != nil {
		t.Fatal(err)
	}
	var known map[string]any
	if err := json.Unmarshal(text, &known); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, m := range catalogue.All(models.Catalogue{}) {
		for _, p := range m.Parameters {
			used[p.Name] = true
		}
	}
	if unused := slices.DeleteFunc(slices.Sorted(maps.Keys(known)), func(name string) bool { return used[name] }); len(unused) > 0 {
		t.Errorf("no model has %q", unused)
	}
}

// A model's schema accepts exactly what Parse accepts: with each parameter at its limits and
// beyond, and with the other models' parameters.
func TestSchemasAreWhatIsTaken(t *testing.T) {
	taken, refused := 0, 0
	all := map[string]catalogue.Parameter{}
	for _, m := range catalogue.All(models.Catalogue{}) {
		for _, p := range m.Parameters {
			all[p.Name] = p
		}
	}
	for _, m := range catalogue.All(models.Catalogue{}) {
		schema := compile(t, m)
		check := func(request map[string]any) {
			t.Helper()
			ours, theirs := agree(t, schema, request)
			switch {
			case ours == nil && theirs == nil:
				taken++
			case ours != nil && theirs != nil:
				refused++
			default:
				t.Errorf("%.200v: it is parsed with %v, and the schema says %v", request, ours, theirs)
			}
		}
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
		check(with("external_task_id", "ours-1"))
		check(with("image_url", "https://example.com"))
		both := with("multi_prompt", []any{"a", "b"})
		both["prompt"] = "a boat"
		check(both)
		for name, other := range all {
			own, takes := m.Takes(name)
			switch {
			case takes:
				for _, value := range samples(own) {
					check(with(name, value))
				}
			case name != "ratio": // an alias for most models, which a schema doesn't show
				check(with(name, samples(other)[0]))
			}
		}
		for _, rule := range m.Rules {
			for name, values := range rule.If {
				for then := range rule.Then {
					p, _ := m.Takes(then)
					for _, value := range samples(p) {
						request := with(then, value)
						first, _ := m.Takes(name)
						request[name] = typed(first, values[0])
						check(request)
					}
				}
			}
		}
	}
	if taken < 1000 || refused < 1000 {
		t.Errorf("%d requests were taken and %d refused", taken, refused)
	}
}

func compile(t *testing.T, m catalogue.Model) *jsonschema.Schema {
	t.Helper()
	text, err := json.Marshal(m.Schema())
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("https://models.invalid/request", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("https://models.invalid/request")
	if err != nil {
		t.Fatalf("%s: %v in %s", m.Name, err, text)
	}
	return schema
}

// agree returns the errors of Parse and of a schema for a request. A request that parses
// must also be valid in its canonical form.
func agree(t *testing.T, schema *jsonschema.Schema, request map[string]any) (ours, theirs error) {
	t.Helper()
	valid := func(text []byte) error {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(value)
	}
	text, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	parsed, ours := catalogue.Parse(models.Catalogue{}, text)
	if ours == nil {
		canonical, err := json.Marshal(parsed)
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(canonical); err != nil {
			t.Errorf("%.200s is no request by the schema: %v", canonical, err)
		}
	}
	return ours, valid(text)
}

// samples returns values at a parameter's limits, beyond them, and of other types.
func samples(p catalogue.Parameter) []any {
	values := []any{0, 0.5, 1, 2, 5, 7, 16, 31, -10, -11, true, []any{}, map[string]any{}}
	switch p.Kind {
	case catalogue.String:
		values = append(values, "a text")
		if p.Required || p.Name == "prompt" {
			values = append(values, "", " ")
		}
	case catalogue.Boolean:
		values = append(values, false, "true")
	case catalogue.Object:
		values = append(values, map[string]any{"movement_type": "pan", "movement_value": 10}, map[string]any{"movement_type": "pan", "movement_value": 11},
			map[string]any{"movement_type": "pan"}, map[string]any{"movement_type": "walk", "movement_value": -1})
	case catalogue.List:
		item := any("a shot")
		if p.Item.Kind == catalogue.Object {
			item = map[string]any{"prompt": "a shot", "duration": 3}
		}
		values = append(values, []any{item}, slices.Repeat([]any{item}, 7), []any{item, 7}, []any{map[string]any{"duration": 3}})
	case catalogue.Integer, catalogue.Number:
		values = append(values, p.Min, p.Max, p.Max+1, p.Min-1)
	}
	for _, allowed := range p.Allowed {
		values = append(values, typed(p, allowed))
		if p.Kind == catalogue.String {
			values = append(values, allowed+"x")
		}
	}
	if p.MaxLength > 0 {
		values = append(values, strings.Repeat("x", p.MaxLength), strings.Repeat("x", p.MaxLength+1))
	}
	return values
}

func typed(p catalogue.Parameter, text string) any {
	if p.Kind == catalogue.String {
		return text
	}
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return text
	}
	return value
}
