package video

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
	"unicode"
	"unicode/utf8"

	"github.com/takeup/takeup/internal/text"
)

// maxFields is the most wrong fields that are named: a refusal is stored, sent
// and shown, and a body of nothing but unknown fields must not make it large.
const maxFields = 50

// validate checks a request object against its model, and gives its values with
// their JSON types and defaults, or every wrong field.
func validate(given map[string]any) (map[string]any, []FieldError) {
	name := DefaultModel
	switch v := given["model"].(type) {
	case nil:
	case string:
		name = text.Unmarked(v)
	default:
		return nil, []FieldError{{"model", fmt.Sprintf("takes a model's name as a string, such as %q", DefaultModel)}}
	}
	model, ok := FindModel(name)
	if !ok {
		var names []string
		for _, m := range Catalogue() {
			names = append(names, m.Name)
		}
		return nil, []FieldError{{"model", fmt.Sprintf("%s is not a model here%s; it takes one of %s", quote(name), Suggest(name, names), strings.Join(names, ", "))}}
	}

	fields := maps.Clone(given)
	delete(fields, "model")
	var wrong []FieldError
	if ratio, ok := fields["ratio"]; ok { // a deprecated alias that the provider still takes
		delete(fields, "ratio")
		if aspect, both := fields["aspect_ratio"]; both && aspect != nil && ratio != nil && !reflect.DeepEqual(aspect, ratio) {
			wrong = append(wrong, FieldError{"ratio", "says another thing than aspect_ratio; leave it out, it is the old name of aspect_ratio"})
		} else if ratio != nil {
			fields["aspect_ratio"] = ratio
		}
	}
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
	if id, ok := taken[externalID]; ok {
		values[externalID] = id
	}
	values["model"] = name
	return values, append(wrong, promptOrShots(model, values, wrong)...)
}

// limited sorts wrong fields, and counts those that are too many to be named.
func limited(wrong []FieldError) []FieldError {
	slices.SortStableFunc(wrong, func(a, b FieldError) int { return strings.Compare(a.Field, b.Field) })
	if more := len(wrong) - maxFields; more > 0 {
		wrong = append(wrong[:maxFields:maxFields], FieldError{"", fmt.Sprintf("%d more fields are wrong", more)})
	}
	return wrong
}

// externalID is a field that is kept with the job and not sent to the provider.
const externalID = "external_task_id"

// clientFields are what the provider's clients send for any model, though no model's
// description has it. Each model here makes videos of texts, so that type says
// nothing; an external_task_id is the client's own name for the job.
func clientFields() []Parameter {
	return []Parameter{{Name: "type", Kind: String, Allowed: []string{"text-to-video"}}, {Name: externalID, Kind: String, MaxLength: 255}}
}

// promptOrShots holds the rule of the models that have multi_prompt: that or
// prompt, not both.
func promptOrShots(model Model, values map[string]any, wrong []FieldError) []FieldError {
	if _, has := model.Takes("multi_prompt"); !has {
		return nil
	}
	_, prompt := values["prompt"]
	_, shots := values["multi_prompt"]
	switch {
	case prompt && shots:
		return []FieldError{{"multi_prompt", "goes without prompt: give the one or the other"}}
	case !prompt && !shots && !slices.ContainsFunc(wrong, func(f FieldError) bool {
		return f.Field == "prompt" || strings.HasPrefix(f.Field, "multi_prompt")
	}):
		return []FieldError{{"prompt", "is missing: say what the video shows, here or in multi_prompt"}}
	}
	return nil
}

// object checks the fields of an object, at prefix within the request.
func object(prefix string, parameters []Parameter, given map[string]any) (map[string]any, []FieldError) {
	values := map[string]any{}
	var wrong []FieldError
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
			wrong = append(wrong, FieldError{prefix + shown(name), fmt.Sprintf("is not a field that this model takes%s; it takes %s", Suggest(name, names), strings.Join(names, ", "))})
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
			wrong = append(wrong, FieldError{prefix + p.Name, "is missing; it takes " + p.takes()})
		case p.Default != nil:
			values[p.Name] = p.Default
		}
	}
	return values, wrong
}

// Value checks one value at a path within the request, and gives it in its
// parameter's JSON type. The value is decoded JSON, with numbers as json.Number or in
// texts.
func (p Parameter) Value(path string, given any) (any, []FieldError) {
	refuse := func() (any, []FieldError) {
		return nil, []FieldError{{path, fmt.Sprintf("is %s; it takes %s", p.show(given), p.takes())}}
	}
	switch p.Kind {
	case String:
		written, ok := given.(string)
		if !ok {
			return refuse()
		}
		s, err := text.Decode([]byte(written))
		if err != nil {
			return nil, []FieldError{{path, err.Error()}}
		}
		if len(p.Allowed) > 0 && !slices.Contains(p.Allowed, s) {
			return nil, []FieldError{{path, fmt.Sprintf("is %s%s; it takes %s", quote(s), Suggest(s, p.Allowed), p.takes())}}
		}
		if message := p.unsaid(s); message != "" {
			return nil, []FieldError{{path, message}}
		}
		if n := utf8.RuneCountInString(s); p.MaxLength > 0 && n > p.MaxLength {
			return nil, []FieldError{{path, fmt.Sprintf("has %d characters; it takes at most %d", n, p.MaxLength)}}
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
		if fields, ok := given.(map[string]any); ok {
			return object(path+".", p.Fields, fields)
		}
		return refuse()
	case List:
		items, ok := given.([]any)
		if !ok || len(items) == 0 || p.MaxItems > 0 && len(items) > p.MaxItems {
			return refuse()
		}
		var wrong []FieldError
		values := make([]any, len(items))
		for i, item := range items {
			value, more := p.Item.Value(fmt.Sprintf("%s[%d]", path, i), item)
			values[i], wrong = value, append(wrong, more...)
		}
		return values, wrong
	}
	return refuse()
}

// unsaid says why a text is not one that somebody meant to send.
func (p Parameter) unsaid(s string) string {
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

// number takes a JSON number, and one that is written as a string, as the
// provider does: its own sample sends a duration of "5".
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
	f += 0 // makes 0 of -0, which is the same request
	return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

// takes says in words what a parameter takes.
func (p Parameter) takes() string {
	switch {
	case len(p.Allowed) == 1:
		return p.Allowed[0] + " alone"
	case len(p.Allowed) > 0:
		return strings.Join(p.Allowed[:len(p.Allowed)-1], ", ") + " or " + p.Allowed[len(p.Allowed)-1]
	case p.Kind == Integer:
		return fmt.Sprintf("a whole number from %g to %g", p.Min, p.Max)
	case p.Kind == Number:
		return fmt.Sprintf("a number from %g to %g", p.Min, p.Max)
	case p.Kind == Boolean:
		return "true or false"
	case p.Kind == Object:
		var names []string
		for _, f := range p.Fields {
			names = append(names, f.Name)
		}
		return "an object with " + strings.Join(names, " and ")
	case p.Kind == List && p.MaxItems > 0:
		return fmt.Sprintf("a list of 1 to %d, each %s", p.MaxItems, p.Item.takes())
	case p.Kind == List:
		return "a list of at least one, each " + p.Item.takes()
	case p.MaxLength > 0:
		return fmt.Sprintf("a text of at most %d characters", p.MaxLength)
	}
	return "a text"
}

// show gives a wrong value for a message: scalars as they are, the rest by type.
// A text where a list or an object belongs is most likely a prompt, which no
// message repeats.
func (p Parameter) show(given any) string {
	switch v := given.(type) {
	case string:
		if p.Kind == List || p.Kind == Object {
			return "a text"
		}
		return quote(v)
	case json.Number:
		return clip(v.String())
	case bool:
		return strconv.FormatBool(v)
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	}
	return "an object"
}

// shown gives a name that a stranger chose for a field.
func shown(name string) string { return clip(text.Printable(name)) }

func quote(s string) string { return strconv.Quote(clip(s)) }

// clip keeps what a stranger wrote from filling a message.
func clip(s string) string {
	if utf8.RuneCountInString(s) <= 60 {
		return s
	}
	return string([]rune(s)[:60]) + "…"
}

// Suggest names the word that was most likely meant, as " (did you mean prompt?)";
// empty where none is near enough.
func Suggest(given string, words []string) string {
	best, least := "", len(given)/3+1
	if len(given) > 100 || strings.IndexFunc(given, unicode.IsLetter) < 0 {
		return "" // a number that is near another is not meant for it
	}
	for _, w := range words {
		if d := distance(strings.ToLower(given), w); d <= least {
			best, least = w, d-1
		}
	}
	if best == "" {
		return ""
	}
	return " (did you mean " + best + "?)"
}

// distance counts the single-byte edits between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
