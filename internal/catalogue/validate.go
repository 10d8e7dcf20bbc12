package catalogue

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/takeup/takeup/internal/text"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/hookurl"
)

// maxFields is the most wrong fields that are listed. A refusal is stored, sent and shown,
// and a body of nothing but unknown fields must not make it large.
const maxFields = 50

// validate checks a request object against its model. It returns the values with their JSON
// types and defaults, and the faults.
func validate(models Models, given map[string]any) (map[string]any, []video.FieldError) {
	model, wrong := named(models, given["model"])
	if wrong != nil {
		return nil, wrong
	}
	fields := maps.Clone(given)
	delete(fields, "model")
	wrong = aliases(model, fields)
	clients := map[string]any{}
	for _, p := range clientFields() {
		if value, ok := fields[p.Name]; ok {
			clients[p.Name] = value
			delete(fields, p.Name)
		}
	}
	values, more := object("", model.Parameters, fields)
	wrong = append(wrong, more...)
	taken, more := object("", clientFields(), clients)
	wrong = append(wrong, more...)
	if address, _ := taken[video.Webhook].(string); address != "" {
		if fault := hookurl.Fault(address); fault != "" {
			wrong = append(wrong, video.FieldError{Field: video.Webhook, Message: fault})
		}
	}
	for _, name := range []string{video.ExternalID, video.Metadata, video.Webhook} {
		if value, ok := taken[name]; ok {
			values[name] = value
		}
	}
	if pairs, _ := values[video.Metadata].(map[string]any); len(pairs) == 0 {
		delete(values, video.Metadata) // no pairs are the same as none
	}
	if values[video.Webhook] == "" {
		delete(values, video.Webhook) // nor is an empty URL another request
	}
	values["model"] = model.Name
	wrong = append(wrong, oneOf(model, values, wrong)...)
	return values, append(wrong, rules(model, values)...)
}

// named finds the model of a request.
func named(models Models, given any) (Model, []video.FieldError) {
	name := Default(models)
	switch v := given.(type) {
	case nil:
	case string:
		name = text.Unmarked(v)
	default:
		return Model{}, []video.FieldError{{Field: "model", Message: fmt.Sprintf("takes a model's name as a string, such as %q", name)}}
	}
	model, ok := models.Find(name)
	if !ok {
		return Model{}, []video.FieldError{{Field: "model", Message: fmt.Sprintf("%s is not a model here%s; GET /models and takeup models list those that are", quote(name), Suggest(name, models.Names()))}}
	}
	return model, nil
}

// aliases moves values given under a parameter's alias to its own name.
func aliases(model Model, fields map[string]any) []video.FieldError {
	var wrong []video.FieldError
	for _, p := range model.Parameters {
		alias, ok := fields[p.Alias]
		if p.Alias == "" || !ok {
			continue
		}
		delete(fields, p.Alias)
		if own := fields[p.Name]; own != nil && alias != nil && !reflect.DeepEqual(own, alias) {
			wrong = append(wrong, video.FieldError{Field: p.Alias, Message: fmt.Sprintf("says another thing than %s; leave it out, it is the old name of %s", p.Name, p.Name)})
		} else if alias != nil {
			fields[p.Name] = alias
		}
	}
	return wrong
}

// limited sorts wrong fields, and replaces those beyond the limit with their number. It sorts by
// insertion: most come in order, and slices.SortStableFunc would be five kilobytes of Submit.
func limited(wrong []video.FieldError) []video.FieldError {
	for i := range wrong {
		for at := i; at > 0 && wrong[at-1].Field > wrong[at].Field; at-- {
			wrong[at-1], wrong[at] = wrong[at], wrong[at-1]
		}
	}
	if more := len(wrong) - maxFields; more > 0 {
		wrong = append(wrong[:maxFields:maxFields], video.FieldError{Message: fmt.Sprintf("%d more fields are wrong", more)})
	}
	return wrong
}

// object checks the fields of an object, at prefix within the request.
func object(prefix string, parameters []Parameter, given map[string]any) (map[string]any, []video.FieldError) {
	values := map[string]any{}
	var wrong []video.FieldError
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if given[name] == nil {
			continue
		}
		p, ok := find(parameters, name)
		if !ok {
			var names []string
			for _, p := range parameters {
				names = append(names, p.Name)
			}
			wrong = append(wrong, video.FieldError{Field: prefix + shown(name), Message: fmt.Sprintf("is not a field that this model takes%s; it takes %s", Suggest(name, names), strings.Join(names, ", "))})
			continue
		}
		value, more := p.Value(prefix+name, given[name])
		wrong = append(wrong, more...)
		values[name] = value
	}
	for _, p := range parameters {
		if _, given := values[p.Name]; given {
			continue
		}
		switch {
		case p.Required:
			wrong = append(wrong, video.FieldError{Field: prefix + p.Name, Message: "is missing; it takes " + p.takes()})
		case p.Default != nil:
			values[p.Name] = p.Default
		}
	}
	return values, wrong
}

// Value checks one value at a path within the request, and returns it in its parameter's
// JSON type. The value is decoded JSON, with numbers as json.Number or as strings.
func (p Parameter) Value(path string, given any) (any, []video.FieldError) {
	refuse := func() (any, []video.FieldError) {
		return nil, []video.FieldError{{Field: path, Message: fmt.Sprintf("is %s; it takes %s", p.describe(given), p.takes())}}
	}
	switch p.Kind {
	case String:
		written, ok := given.(string)
		if !ok {
			return refuse()
		}
		s, err := text.Decode([]byte(written))
		if err != nil {
			return nil, []video.FieldError{{Field: path, Message: err.Error()}}
		}
		if len(p.Allowed) > 0 && !slices.Contains(p.Allowed, s) {
			return nil, []video.FieldError{{Field: path, Message: fmt.Sprintf("is %s%s; it takes %s", quote(s), Suggest(s, p.Allowed), p.takes())}}
		}
		if message := p.textProblem(s); message != "" {
			return nil, []video.FieldError{{Field: path, Message: message}}
		}
		if n := utf8.RuneCountInString(s); p.MaxLength > 0 && n > p.MaxLength {
			return nil, []video.FieldError{{Field: path, Message: fmt.Sprintf("has %d characters; it takes at most %d", n, p.MaxLength)}}
		}
		return s, nil
	case Integer, Number:
		f, ok := number(given)
		if !ok || f < p.Min || f > p.Max || p.Kind == Integer && f != math.Trunc(f) {
			return refuse()
		}
		if p.Kind == Number {
			return f, nil
		}
		if n := int(f); len(p.Allowed) == 0 || slices.Contains(p.Allowed, strconv.Itoa(n)) {
			return n, nil
		}
		return refuse()
	case Boolean:
		if b, ok := given.(bool); ok {
			return b, nil
		}
		return refuse()
	case Object:
		fields, ok := given.(map[string]any)
		switch {
		case !ok:
			return refuse()
		case p.Member != nil:
			return p.members(path, fields)
		}
		return object(path+".", p.Fields, fields)
	case List:
		items, ok := given.([]any)
		if !ok || len(items) == 0 || p.MaxItems > 0 && len(items) > p.MaxItems {
			return refuse()
		}
		var wrong []video.FieldError
		values := make([]any, len(items))
		for i, item := range items {
			value, more := p.Item.Value(fmt.Sprintf("%s[%d]", path, i), item)
			values[i], wrong = value, append(wrong, more...)
		}
		return values, wrong
	}
	return refuse()
}

// textProblem says why a text can't be what somebody meant to send.
func (p Parameter) textProblem(s string) string {
	err := text.Check(s)
	var empty *text.Empty
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &empty):
		return err.Error()
	case p.Required || p.Name == "prompt":
		return err.Error() + "; say what the video shows"
	case empty.Blank || len(p.Allowed) > 0:
		return ""
	}
	return err.Error() + "; say something, or leave it out"
}

// number accepts a JSON number, or a string that contains one, as the provider does: its
// own sample sends a duration of "5".
func number(given any) (float64, bool) {
	digits := ""
	switch v := given.(type) {
	case json.Number:
		digits = v.String()
	case string:
		digits = strings.TrimSpace(text.Unmarked(v))
	default:
		return 0, false
	}
	f, err := strconv.ParseFloat(digits, 64)
	f += 0 // turns -0 into 0, which is the same request
	return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}
