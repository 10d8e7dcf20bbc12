package template

import (
	"fmt"
	"strings"
)

// setting resolves values of the template for a stack with given parameters. It
// knows what depends on parameters alone: no resource has a name here.
type setting struct {
	parameters map[string]string
	conditions map[string]any
}

// newSetting takes the defaults of what isn't given.
func newSetting(t *Template, given map[string]string) setting {
	s := setting{parameters: map[string]string{}, conditions: t.section("Conditions")}
	for name, parameter := range t.section("Parameters") {
		if value := at(parameter, "Default"); value != nil {
			s.parameters[name] = fmt.Sprint(value)
		}
	}
	for name, value := range given {
		s.parameters[name] = value
	}
	return s
}

// value gives a text. It isn't there where it is AWS::NoValue.
func (s setting) value(v any) (text string, there bool, err error) {
	switch v := v.(type) {
	case string, int, float64, bool:
		return fmt.Sprint(v), true, nil
	case Ref:
		if v == "AWS::NoValue" {
			return "", false, nil
		}
		return s.parameter(string(v))
	case Sub:
		text := string(v)
		for _, name := range placeholders(text) {
			found, _, err := s.parameter(name)
			if err != nil {
				return "", false, err
			}
			text = strings.ReplaceAll(text, "${"+name+"}", found)
		}
		return text, true, nil
	case Function:
		if args := list(v.Args); v.Name == "If" && len(args) == 3 {
			holds, err := s.condition(Function{Name: "Condition", Args: args[0]})
			if err != nil {
				return "", false, err
			}
			if holds {
				return s.value(args[1])
			}
			return s.value(args[2])
		}
	}
	return "", false, fmt.Errorf("%v does not depend on parameters alone", v)
}

func (s setting) parameter(name string) (text string, there bool, err error) {
	value, ok := s.parameters[name]
	if !ok {
		return "", false, fmt.Errorf("there is no value for %s", name)
	}
	return value, true, nil
}

// condition says whether a condition function holds.
func (s setting) condition(v any) (bool, error) {
	f, ok := v.(Function)
	if !ok {
		return false, fmt.Errorf("%v is not a condition", v)
	}
	args := list(f.Args)
	switch f.Name {
	case "Condition":
		name := fmt.Sprint(f.Args)
		if s.conditions[name] == nil {
			return false, fmt.Errorf("there is no condition %s", name)
		}
		return s.condition(s.conditions[name])
	case "Equals":
		if len(args) != 2 {
			break
		}
		one, _, err := s.value(args[0])
		if err != nil {
			return false, err
		}
		other, _, err := s.value(args[1])
		return one == other, err
	case "Not", "And", "Or":
		holding := 0
		for _, arg := range args {
			holds, err := s.condition(arg)
			if err != nil {
				return false, err
			}
			if holds {
				holding++
			}
		}
		switch f.Name {
		case "Not":
			return holding == 0, nil
		case "And":
			return holding == len(args), nil
		}
		return holding > 0, nil
	}
	return false, fmt.Errorf("the condition %s is not understood", f.Name)
}
