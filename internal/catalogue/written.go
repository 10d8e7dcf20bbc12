package catalogue

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/takeup/takeup/internal/text"
)

// Written parses a value of the parameter as people write it outside of JSON, in a flag or
// a cell: a boolean as true or false, an object as JSON or as name=value pairs, a list as
// JSON. Anything else is returned as text, for Value to check. The error is a fragment that
// follows the parameter's name.
func (p Parameter) Written(s string) (any, error) {
	begins := strings.TrimSpace(text.Unmarked(s))
	switch {
	case p.Kind == Boolean:
		on, err := strconv.ParseBool(begins)
		if err != nil {
			return nil, fmt.Errorf("is %s; it takes true or false", quote(s))
		}
		return on, nil
	case p.Kind == Object && strings.HasPrefix(begins, "{"):
		return written(begins)
	case p.Kind == Object:
		return pairs(s)
	case p.Kind == List && strings.HasPrefix(begins, "["):
		return list(begins)
	}
	return s, nil
}

// written parses a JSON object as that of a request.
func written(s string) (map[string]any, error) {
	decoded, err := text.Decode([]byte(s))
	if err != nil {
		return nil, err
	}
	fields, faults, err := text.Object(decoded)
	if err != nil {
		return nil, err
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("has a field %s that %s", shown(faults[0].Path), faults[0].Message)
	}
	return fields, nil
}

// list parses a JSON list, as the only field of an object.
func list(s string) (any, error) {
	const before = `{"":`
	fields, err := written(before + s + "}")
	var bad *text.NotJSON
	switch {
	case errors.As(err, &bad) && bad.Line == 1:
		return nil, &text.NotJSON{Place: text.Place{Line: 1, Column: bad.Column - len(before)}, Cause: bad.Cause}
	case err != nil:
		return nil, err
	case len(fields) != 1:
		return nil, errors.New("has more than one list")
	}
	return fields[""], nil
}

// pairs parses name=value pairs separated by commas.
func pairs(s string) (any, error) {
	fields := map[string]any{}
	for pair := range strings.SplitSeq(s, ",") {
		name, field, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, errors.New("takes name=value pairs with commas between them, or a JSON object")
		}
		fields[strings.TrimSpace(name)] = strings.TrimSpace(field)
	}
	return fields, nil
}
