package template

import (
	"fmt"
	"maps"
)

// withDefaults gives values, and the default of each parameter that has no value
// among them.
func (t *Template) withDefaults(values Values) Values {
	all := Values{}
	for name, parameter := range t.section("Parameters") {
		if v := at(parameter, "Default"); v != nil {
			all[name] = fmt.Sprint(v)
		}
	}
	maps.Copy(all, values)
	return all
}

// exists reports whether a resource is part of the stack: it has no condition, or
// one that holds. A parameter without a value has its default. The error is of a
// condition that is made of anything but Equals and Not.
func (t *Template) exists(id string, values Values) (bool, error) {
	name, conditional := at(t.section("Resources")[id], "Condition").(string)
	if !conditional {
		return true, nil
	}
	condition, ok := t.section("Conditions")[name]
	if !ok {
		return false, fmt.Errorf("%s: there is no condition %s", id, name)
	}
	holds, err := holds(condition, t.withDefaults(values))
	if err != nil {
		return false, fmt.Errorf("the condition %s: %w", name, err)
	}
	return holds, nil
}

// decided gives a value with every If in it replaced by what it comes to.
func (t *Template) decided(v any, values Values) (any, error) {
	v, err := t.chosen(v, values)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case map[string]any:
		all := make(map[string]any, len(v))
		for name, part := range v {
			if all[name], err = t.decided(part, values); err != nil {
				return nil, err
			}
		}
		return all, nil
	case []any:
		all := make([]any, len(v))
		for i, part := range v {
			if all[i], err = t.decided(part, values); err != nil {
				return nil, err
			}
		}
		return all, nil
	}
	return v, nil
}

// chosen gives what an If comes to, and anything else as it is.
func (t *Template) chosen(v any, values Values) (any, error) {
	f, ok := v.(Function)
	args := list(f.Args)
	if !ok || f.Name != "If" || len(args) != 3 {
		return v, nil
	}
	met, err := holds(t.section("Conditions")[fmt.Sprint(args[0])], t.withDefaults(values))
	if err != nil {
		return nil, fmt.Errorf("the condition %v: %w", args[0], err)
	}
	if met {
		return args[1], nil
	}
	return args[2], nil
}

func holds(condition any, values Values) (bool, error) {
	f, _ := condition.(Function)
	args := list(f.Args)
	switch {
	case f.Name == "Not" && len(args) == 1:
		inner, err := holds(args[0], values)
		return !inner, err
	case f.Name == "Equals" && len(args) == 2:
		var texts [2]string
		for i, arg := range args {
			if _, reference := arg.(Ref); !reference {
				texts[i] = fmt.Sprint(arg)
				continue
			}
			var err error
			if texts[i], err = resolve(arg, values); err != nil {
				return false, err
			}
		}
		return texts[0] == texts[1], nil
	}
	return false, fmt.Errorf("%v is not understood, only Equals and Not are", condition)
}
