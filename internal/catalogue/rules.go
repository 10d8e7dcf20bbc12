package catalogue

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/takeup/takeup/internal/video"
)

// oneOf checks that a request has exactly one of the parameters that Model.OneOf names. If
// none is valid, but one of them was given and is wrong already, it adds no fault.
func oneOf(model Model, values map[string]any, wrong []video.FieldError) []video.FieldError {
	var given []string
	for _, name := range model.OneOf {
		if _, ok := values[name]; ok {
			given = append(given, name)
		}
	}
	refused := slices.ContainsFunc(wrong, func(f video.FieldError) bool {
		name, _, _ := strings.Cut(f.Field, "[")
		return slices.Contains(model.OneOf, name)
	})
	switch {
	case len(model.OneOf) == 0 || len(given) == 1:
		return nil
	case len(given) > 1:
		return []video.FieldError{{Field: given[1], Message: fmt.Sprintf("can't be combined with %s; give only one of them", given[0])}}
	case refused:
		return nil
	}
	return []video.FieldError{{Field: model.OneOf[0], Message: "is missing: say what the video shows, here or in " + strings.Join(model.OneOf[1:], " or ")}}
}

// rules checks a request against the model's Rules.
func rules(model Model, values map[string]any) []video.FieldError {
	var wrong []video.FieldError
	for _, rule := range model.Rules {
		if !rule.applies(model, values) {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(rule.Then)) {
			allowed := rule.Then[name]
			if value, known := model.value(name, values); known && !slices.Contains(allowed, value) {
				message := fmt.Sprintf("is %s; with %s it takes %s", value, rule.condition(), alternatives(allowed))
				wrong = append(wrong, video.FieldError{Field: name, Message: message})
			}
		}
	}
	return wrong
}

func (r Rule) applies(model Model, values map[string]any) bool {
	for name, of := range r.If {
		if value, known := model.value(name, values); !known || !slices.Contains(of, value) {
			return false
		}
	}
	return true
}

// condition formats If in words.
func (r Rule) condition() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(r.If)) {
		parts = append(parts, name+" "+alternatives(r.If[name]))
	}
	return strings.Join(parts, " and ")
}

// value returns the value of a scalar parameter in a request, or the provider's default if
// the request omits it; false if that isn't known.
func (m Model) value(name string, values map[string]any) (string, bool) {
	value, given := values[name]
	if !given {
		p, _ := m.Takes(name)
		value = p.LeftOut
	}
	if value == nil {
		return "", false
	}
	return fmt.Sprint(value), true
}
