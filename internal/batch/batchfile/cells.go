package batchfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/text"
	"github.com/takeup/takeup/internal/video"
)

// draft makes a request of a row's cells, and returns the cells that are wrong. For a row
// with too many cells that is the only fault returned, since the cells may be in the wrong
// columns.
func (s *sheet) draft(r record) (catalogue.Draft, []video.FieldError) {
	fields, pairs := map[string]any{}, map[string]any{}
	var faults []video.FieldError
	for i, cell := range r.cells {
		decoded, err := text.Decode([]byte(cell))
		name := ""
		if i < len(s.columns) {
			name = s.columns[i]
		}
		var not *text.NotUTF8
		switch {
		case errors.As(err, &not):
			faults = append(faults, video.FieldError{Field: name, Message: notUTF8(not)})
		case decoded == "" || name != "prompt" && strings.TrimSpace(decoded) == "":
		case i >= len(s.columns):
			return catalogue.Draft{}, []video.FieldError{{Message: fmt.Sprintf("has %d cells, and the header names %d columns; put quotes around a text that has %s in it", len(r.cells), len(s.columns), spelled(s.records.comma))}}
		case name == "" && i == 0 && strings.Trim(decoded, "0123456789") == "": // a row number, as pandas writes it
		case name == "":
			faults = append(faults, video.FieldError{Message: fmt.Sprintf("has a text in column %d, which has no name in the header; name the column, or empty it", i+1)})
		default:
			if key, ok := strings.CutPrefix(name, pairColumn); ok {
				pairs[key] = decoded
				continue
			}
			fields[name] = decoded
		}
	}
	model := modelOf(fields, s.fields)
	for name, written := range fields {
		p := parameter(model, name)
		value, err := p.Written(local(p, written.(string)))
		if err != nil {
			faults = append(faults, video.FieldError{Field: name, Message: err.Error()})
			delete(fields, name)
			continue
		}
		fields[name] = value
	}
	if len(pairs) > 0 {
		fields[video.Metadata] = pairs
	}
	return catalogue.Draft{Fields: fields}, faults
}

func notUTF8(not *text.NotUTF8) string {
	if not.Looks != "" {
		return not.Error()
	}
	return fmt.Sprintf("is not UTF-8 at character %d; save the file as UTF-8", not.Place.Column)
}

func spelled(comma byte) string {
	switch comma {
	case '\t':
		return "a tab"
	case 0:
		return "a line end"
	}
	return fmt.Sprintf("%q", comma)
}

// modelOf returns the model of a line; the zero Model if there is none of that name.
func modelOf(fields, whole map[string]any) catalogue.Model {
	name := catalogue.Default(all.Models())
	for _, from := range []map[string]any{whole, fields} {
		if given, ok := from["model"].(string); ok {
			name = strings.TrimSpace(given)
		}
	}
	model, _ := all.Models().Find(name)
	return model
}

// parameter returns the parameter of a column; the zero Parameter if the model has none.
func parameter(model catalogue.Model, name string) catalogue.Parameter {
	switch name {
	case copiesField:
		return catalogue.Parameter{Kind: catalogue.Integer}
	case "model":
		return catalogue.Parameter{Kind: catalogue.String, Allowed: all.Models().Names()}
	}
	p, ok := model.Takes(name)
	for _, other := range model.Parameters {
		if !ok && other.Alias == name {
			p = other
		}
	}
	return p
}

// Both are compiled on first use, to keep cold starts fast.
var (
	decimalComma = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[+-]?[0-9]*,[0-9]+$`) })
	clockTime    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^0?([0-9]+):0?([0-9]+)(?::00)?$`) })
)

// local converts a cell to the provider's notation. Spreadsheets write numbers, booleans
// and what they take for a time by the conventions of their locale.
func local(p catalogue.Parameter, cell string) string {
	trimmed := strings.TrimSpace(cell)
	switch p.Kind {
	case catalogue.Number, catalogue.Integer:
		if decimalComma().MatchString(trimmed) {
			return strings.Replace(trimmed, ",", ".", 1)
		}
	case catalogue.Boolean:
		switch strings.ToLower(trimmed) {
		case "wahr", "vrai", "verdadero", "vero", "yes", "ja", "oui":
			return "true"
		case "falsch", "faux", "falso", "no", "nein", "non":
			return "false"
		}
		return strings.ToLower(trimmed)
	case catalogue.String:
		if len(p.Allowed) == 0 {
			return cell
		}
		// Spreadsheets turn 16:9 into 16:09 or 16:09:00.
		if ratio := clockTime().ReplaceAllString(trimmed, "$1:$2"); slices.Contains(p.Allowed, ratio) {
			return ratio
		}
		return trimmed
	}
	return cell
}

// lineOf makes a line of a draft. Fields and pairs of metadata that the draft lacks are taken from
// whole, the fields of the whole file.
func lineOf(d catalogue.Draft, whole map[string]any, explain bool, line Line, faults ...video.FieldError) (Line, error) {
	copies := catalogue.Parameter{Name: copiesField, Kind: catalogue.Integer, Min: 1, Max: maxCopies}
	label := catalogue.Parameter{Name: labelField, Kind: catalogue.String, MaxLength: maxLabel}
	line.Copies = 1
	for _, p := range []catalogue.Parameter{copies, label} {
		given := d.Fields[p.Name]
		delete(d.Fields, p.Name)
		if given == nil {
			continue
		}
		if number, ok := given.(json.Number); ok && p.Kind == catalogue.String {
			given = number.String()
		}
		value, wrong := p.Value(p.Name, given)
		faults = append(faults, wrong...)
		switch value := value.(type) {
		case int:
			line.Copies = value
		case string:
			line.Label = strings.TrimSpace(value)
			if strings.ContainsAny(line.Label, "\n\r\t\u0085\u2028\u2029") {
				faults = append(faults, video.FieldError{Field: labelField, Message: "has a line end or a tab; it takes one line"})
			}
		}
	}
	for name, value := range whole {
		given := d.Fields[name]
		if name == "aspect_ratio" && given == nil {
			given = d.Fields["ratio"] // its old name
		}
		if given == nil {
			d.Fields[name] = value
		}
		own, has := given.(map[string]any)
		if others, ok := value.(map[string]any); name == video.Metadata && has && ok {
			pairs := maps.Clone(others)
			maps.Copy(pairs, own)
			d.Fields[name] = pairs
		}
	}
	request, err := d.Request(all.Models())
	var invalid *video.InvalidRequest
	switch {
	case errors.As(err, &invalid):
		for _, f := range invalid.Fields {
			if !follows(f, faults) {
				faults = append(faults, f)
			}
		}
	case err != nil:
		return Line{}, err
	}
	if len(faults) > 0 {
		return Line{}, wrong(explain, line.Number, line.Row, false, faults...)
	}
	line.Request = request
	return line, nil
}

// follows reports whether a field is wrong only because of another fault that dropped it.
func follows(f video.FieldError, faults []video.FieldError) bool {
	return slices.ContainsFunc(faults, func(fault video.FieldError) bool {
		return fault.Field == f.Field && f.Field != "" || f.Field == "prompt" && fault.Field == "multi_prompt"
	})
}
