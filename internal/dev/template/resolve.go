package template

import (
	"fmt"
	"maps"
	"strings"
)

// Values maps a template's references to their values in a deployed stack. A key is the name of
// a parameter or resource, as in !Ref, or Resource.Attribute.
type Values map[string]string

// Resolver replaces the references and decides the conditions of a template.
type Resolver struct {
	template *Template
	values   Values
}

// With returns a Resolver with these values. A parameter that is not among them has its default.
func (t *Template) With(values Values) Resolver {
	all := Values{}
	for name, parameter := range t.Section("Parameters") {
		if v := At(parameter, "Default"); v != nil {
			all[name] = fmt.Sprint(v)
		}
	}
	maps.Copy(all, values)
	return Resolver{template: t, values: all}
}

// Text returns the text of a value: a scalar, a !Ref, a !GetAtt, a !Sub, or an !If of them.
// there is false for AWS::NoValue.
func (r Resolver) Text(v any) (text string, there bool, err error) {
	switch v := v.(type) {
	case string, int, float64, bool:
		return fmt.Sprint(v), true, nil
	case Ref:
		if v == NoValue {
			return "", false, nil
		}
		text, err := r.value(string(v))
		return text, err == nil, err
	case GetAtt:
		text, err := r.value(string(v))
		return text, err == nil, err
	case Sub:
		text := string(v)
		for _, name := range Placeholders(text) {
			value, err := r.value(name)
			if err != nil {
				return "", false, err
			}
			text = strings.ReplaceAll(text, "${"+name+"}", value)
		}
		return text, true, nil
	case Function:
		if args := List(v.Args); v.Name == "If" && len(args) == 3 {
			chosen, err := r.choose(args)
			if err != nil {
				return "", false, err
			}
			return r.Text(chosen)
		}
	}
	return "", false, fmt.Errorf("%v is not a text that can be resolved", v)
}

func (r Resolver) value(name string) (string, error) {
	value, ok := r.values[name]
	if !ok {
		return "", fmt.Errorf("there is no value for %s", name)
	}
	return value, nil
}

// Decide returns a value with every !If in it replaced by the branch that is taken. Other
// references stay.
func (r Resolver) Decide(v any) (any, error) {
	switch v := v.(type) {
	case Function:
		args := List(v.Args)
		if v.Name != "If" || len(args) != 3 {
			return v, nil
		}
		chosen, err := r.choose(args)
		if err != nil {
			return nil, err
		}
		return r.Decide(chosen)
	case map[string]any:
		decided := make(map[string]any, len(v))
		for name, part := range v {
			var err error
			if decided[name], err = r.Decide(part); err != nil {
				return nil, err
			}
		}
		return decided, nil
	case []any:
		decided := make([]any, len(v))
		for i, part := range v {
			var err error
			if decided[i], err = r.Decide(part); err != nil {
				return nil, err
			}
		}
		return decided, nil
	}
	return v, nil
}

// choose returns the branch of an !If that is taken, by its three arguments.
func (r Resolver) choose(args []any) (any, error) {
	holds, err := r.named(fmt.Sprint(args[0]))
	if err != nil {
		return nil, err
	}
	if holds {
		return args[1], nil
	}
	return args[2], nil
}

// Exists reports whether a resource is part of the stack: it has no condition, or one that
// holds.
func (r Resolver) Exists(id string) (bool, error) {
	name, conditional := At(r.template.Section("Resources")[id], "Condition").(string)
	if !conditional {
		return true, nil
	}
	return r.named(name)
}

// named reports whether the condition of that name holds.
func (r Resolver) named(name string) (bool, error) {
	condition, ok := r.template.Section("Conditions")[name]
	if !ok {
		return false, fmt.Errorf("there is no condition %s", name)
	}
	holds, err := r.holds(condition)
	if err != nil {
		return false, fmt.Errorf("the condition %s: %w", name, err)
	}
	return holds, nil
}

// holds reports whether a condition function holds.
func (r Resolver) holds(condition any) (bool, error) {
	f, ok := condition.(Function)
	if !ok {
		return false, fmt.Errorf("%v is not a condition", condition)
	}
	args := List(f.Args)
	switch {
	case f.Name == "Condition":
		return r.named(fmt.Sprint(f.Args))
	case f.Name == "Equals" && len(args) == 2:
		one, _, err := r.Text(args[0])
		if err != nil {
			return false, err
		}
		other, _, err := r.Text(args[1])
		return one == other, err
	case f.Name == "Not" && len(args) == 1, f.Name == "And", f.Name == "Or":
		held := 0
		for _, arg := range args {
			holds, err := r.holds(arg)
			if err != nil {
				return false, err
			}
			if holds {
				held++
			}
		}
		switch f.Name {
		case "Not":
			return held == 0, nil
		case "And":
			return held == len(args), nil
		}
		return held > 0, nil
	}
	return false, fmt.Errorf("the condition function %s is not supported", f.Name)
}
