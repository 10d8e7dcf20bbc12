package settings

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// read sets the fields of a struct that have an env tag, also those of embedded structs, to the
// environment variables that the tags name. A tag is the variable's name, followed by ",required"
// if the variable must be set. A variable that is empty counts as not set, and leaves its field as
// it is. The error names every variable that is missing or invalid.
//
// A field with a tag is an encoding.TextUnmarshaler, a string or a bool.
func read(into reflect.Value, lookup func(string) (string, bool)) error {
	var problems []error
	for i := range into.NumField() {
		tag, tagged := into.Type().Field(i).Tag.Lookup("env")
		if !tagged {
			problems = append(problems, read(into.Field(i), lookup))
			continue
		}
		name, option, _ := strings.Cut(tag, ",")
		value, _ := lookup(name)
		if value == "" {
			if option == "required" {
				problems = append(problems, fmt.Errorf("the environment variable %s is not set", name))
			}
			continue
		}
		if err := parse(into.Field(i), value); err != nil {
			problems = append(problems, fmt.Errorf("the environment variable %s: %w", name, err))
		}
	}
	return errors.Join(problems...)
}

// parse sets a field to the value of its variable.
func parse(field reflect.Value, value string) error {
	switch f := field.Addr().Interface().(type) {
	case encoding.TextUnmarshaler:
		return f.UnmarshalText([]byte(value))
	case *string:
		*f = value
		return nil
	case *bool:
		b, err := strconv.ParseBool(value)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", value)
		}
		*f = b
		return nil
	}
	return fmt.Errorf("no %s is read from the environment", field.Type()) // unreachable: the tests load all settings
}
