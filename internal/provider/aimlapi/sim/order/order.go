// Package order reads the requests for a video that the simulator gets: it validates each against the provider's schema of its
// model, and prices it.
package order

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/aimlapi/models"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/modellist"
)

// Reader reads requests. It has the provider's models, and the schemas compiled so far. It is not safe for concurrent use.
type Reader struct {
	all     []models.Model
	schemas map[string]*jsonschema.Schema
}

// NewReader returns a Reader of requests for these models.
func NewReader(all []models.Model) Reader {
	return Reader{all: all, schemas: map[string]*jsonschema.Schema{}}
}

// schema returns the provider's schema of a model's requests. It compiles each schema once.
func (c Reader) schema(m models.Model) (*jsonschema.Schema, error) {
	if compiled := c.schemas[m.Name]; compiled != nil {
		return compiled, nil
	}
	text, err := json.Marshal(lenient(m.Schema()))
	if err != nil {
		return nil, fmt.Errorf("simulator: schema of %s: %w", m.Name, err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("simulator: schema of %s: %w", m.Name, err)
	}
	compiler, name := jsonschema.NewCompiler(), "https://simulator.invalid/"+m.Name
	if err := compiler.AddResource(name, doc); err != nil {
		return nil, fmt.Errorf("simulator: schema of %s: %w", m.Name, err)
	}
	if c.schemas[m.Name], err = compiler.Compile(name); err != nil {
		return nil, fmt.Errorf("simulator: schema of %s: %w", m.Name, err)
	}
	return c.schemas[m.Name], nil
}

// lenient removes from a schema what only Takeup requires: none of the provider's descriptions forbids unknown fields or
// blank texts.
func lenient(s catalogue.Schema) catalogue.Schema {
	s.AdditionalProperties, s.Pattern = nil, ""
	var own catalogue.Properties
	for _, property := range s.Properties {
		if !property.Schema.AnyModel || property.Name == "model" {
			own = append(own, catalogue.Property{Name: property.Name, Schema: lenient(property.Schema)})
		}
	}
	s.Properties = own
	if s.Items != nil {
		item := lenient(*s.Items)
		s.Items = &item
	}
	return s
}

// Order is a valid request.
type Order struct {
	Model   models.Model
	Seconds int
	Aspect  string
	Credits int64 // charged if it completes
}

// Refused says what is wrong with a body: as a string if it is not JSON, as a list if it is.
type Refused struct{ Message any }

func (e Refused) Error() string { return fmt.Sprint(e.Message) }

// Read validates a request's body as the route's provider does, and extracts what the simulator needs. It lets unknown
// fields through, since no description forbids them. The error is a Refused unless a schema is broken.
func (c Reader) Read(route string, body []byte) (Order, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return Order{}, Refused{"Unexpected token in JSON: send one JSON object"}
	}
	fields, ok := doc.(map[string]any)
	if !ok {
		return Order{}, Refused{[]string{"body must be an object"}}
	}
	name, _ := fields["model"].(string)
	i := slices.IndexFunc(c.all, func(m models.Model) bool {
		return (m.Name == name || modellist.ID(m.Name) == name) && takes(m, route)
	})
	if i < 0 {
		return Order{}, Refused{[]string{"model must be one of the following values: " + strings.Join(c.names(route), ", ")}}
	}
	model := c.all[i]
	fields["model"] = model.Name
	normalize(model, fields)
	schema, err := c.schema(model)
	if err != nil {
		return Order{}, err
	}
	if err := schema.Validate(doc); err != nil {
		var invalid *jsonschema.ValidationError
		if !errors.As(err, &invalid) {
			return Order{}, err
		}
		return Order{}, Refused{problems(invalid)}
	}
	o := Order{Model: model, Seconds: 5, Aspect: "16:9"}
	if length, err := strconv.ParseFloat(fmt.Sprint(fieldOf(model, fields, "duration")), 64); err == nil {
		o.Seconds = int(length) // the schema accepts whole numbers only, "5.0" among them
	}
	for _, name := range []string{"aspect_ratio", "ratio"} {
		if shape, ok := fieldOf(model, fields, name).(string); ok {
			o.Aspect = shape
		}
	}
	if o.Credits, err = charge(model, fields, o.Seconds); err != nil {
		return Order{}, err
	}
	return o, nil
}

func (c Reader) names(route string) []string {
	var names []string
	for _, m := range c.all {
		if takes(m, route) {
			names = append(names, m.Name)
		}
	}
	return names
}

// takes reports whether a route takes a model.
func takes(m models.Model, route string) bool { return route == contract.Universal || m.Legacy }

// normalize resolves what the provider accepts as equivalent: a parameter's alias, and a duration as a string of digits
// ("5", as in the provider's own sample script).
func normalize(m models.Model, fields map[string]any) {
	for _, p := range m.Parameters {
		given, ok := fields[p.Alias]
		if p.Alias == "" || !ok {
			continue
		}
		if _, both := fields[p.Name]; !both {
			fields[p.Name] = given
		}
		delete(fields, p.Alias)
	}
	if s, ok := fields["duration"].(string); ok {
		if n, err := strconv.ParseUint(s, 10, 16); err == nil {
			fields["duration"] = json.Number(strconv.FormatUint(n, 10))
		}
	}
}

// problems returns one sentence per error, in the style of the provider's framework.
func problems(e *jsonschema.ValidationError) []string {
	var out []string
	var walk func(*jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		field := strings.Join(e.InstanceLocation, ".")
		switch k := e.ErrorKind.(type) {
		case *kind.OneOf:
			out = append(out, "either prompt or multi_prompt must be provided, but not both")
			return
		case *kind.Required:
			for _, missing := range k.Missing {
				out = append(out, strings.TrimPrefix(field+"."+missing, ".")+" should not be empty")
			}
		case *kind.Type:
			out = append(out, fmt.Sprintf("%s must be of type %s", field, strings.Join(k.Want, " or ")))
		case *kind.Enum:
			out = append(out, fmt.Sprintf("%s must be one of the following values: %s", field, list(k.Want)))
		case *kind.Minimum:
			out = append(out, fmt.Sprintf("%s must not be less than %s", field, k.Want.RatString()))
		case *kind.Maximum:
			out = append(out, fmt.Sprintf("%s must not be greater than %s", field, k.Want.RatString()))
		case *kind.MaxLength:
			out = append(out, fmt.Sprintf("%s must be shorter than or equal to %d characters", field, k.Want))
		case *kind.MinItems:
			out = append(out, fmt.Sprintf("%s must contain at least %d elements", field, k.Want))
		case *kind.MaxItems:
			out = append(out, fmt.Sprintf("%s must contain no more than %d elements", field, k.Want))
		}
		for _, cause := range e.Causes {
			walk(cause)
		}
	}
	walk(e)
	slices.Sort(out)
	return out
}

func list(values []any) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}
