package sim

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

	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
)

// catalogue is the contract's models with their schemas ready for use. It does not change after it is made.
type catalogue struct {
	models  []contract.Model
	schemas map[string]*jsonschema.Schema
}

func newCatalogue() (catalogue, error) {
	models, err := contract.Models()
	if err != nil {
		return catalogue{}, err
	}
	c := catalogue{models: models, schemas: map[string]*jsonschema.Schema{}}
	compiler := jsonschema.NewCompiler()
	for _, m := range models {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(m.Schema))
		if err != nil {
			return catalogue{}, fmt.Errorf("simulator: schema of %s: %w", m.Name, err)
		}
		name := "https://contract.invalid/" + m.Name
		if err := compiler.AddResource(name, doc); err != nil {
			return catalogue{}, fmt.Errorf("simulator: schema of %s: %w", m.Name, err)
		}
		if c.schemas[m.Name], err = compiler.Compile(name); err != nil {
			return catalogue{}, fmt.Errorf("simulator: schema of %s: %w", m.Name, err)
		}
	}
	return c, nil
}

// order is a create request that was found right.
type order struct {
	model   contract.Model
	seconds int
	aspect  string
	credits int64 // what it costs if it completes
}

// badRequest is what is wrong with a body: a string where it is no JSON, a list where it is.
type badRequest struct{ message any }

func (e badRequest) Error() string { return fmt.Sprint(e.message) }

// read checks a create's body as the route's provider does, and takes out what the stand-in needs of it. Unknown
// fields are let through, since no description file forbids them.
func (c catalogue) read(route string, body []byte) (order, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return order{}, badRequest{"Unexpected token in JSON: send one JSON object"}
	}
	fields, ok := doc.(map[string]any)
	if !ok {
		return order{}, badRequest{[]string{"body must be an object"}}
	}
	normalize(fields)
	name, _ := fields["model"].(string)
	i := slices.IndexFunc(c.models, func(m contract.Model) bool {
		return (m.Name == name || m.ID == name) && slices.Contains(m.Routes, route)
	})
	if i < 0 {
		return order{}, badRequest{[]string{"model must be one of the following values: " + strings.Join(c.names(route), ", ")}}
	}
	model := c.models[i]
	fields["model"] = model.Name
	if err := c.schemas[model.Name].Validate(doc); err != nil {
		var invalid *jsonschema.ValidationError
		if !errors.As(err, &invalid) {
			return order{}, err
		}
		return order{}, badRequest{problems(invalid)}
	}
	o := order{model: model, seconds: 5, aspect: "16:9"}
	if n, ok := fields["duration"].(json.Number); ok {
		// The schema has found it to be one of a few whole numbers; "5.0" is one too.
		f, err := n.Float64()
		if err != nil {
			return order{}, err
		}
		o.seconds = int(f)
	}
	if a, ok := fields["aspect_ratio"].(string); ok {
		o.aspect = a
	}
	if o.credits, err = charge(model, fields, o.seconds); err != nil {
		return order{}, err
	}
	return o, nil
}

func (c catalogue) names(route string) []string {
	var names []string
	for _, m := range c.models {
		if slices.Contains(m.Routes, route) {
			names = append(names, m.Name)
		}
	}
	return names
}

// normalize takes what the provider takes for the real thing: the deprecated ratio for aspect_ratio, and a duration in
// digits ("5", as its own sample script sends) for a number.
func normalize(fields map[string]any) {
	if ratio, ok := fields["ratio"]; ok {
		if _, both := fields["aspect_ratio"]; !both {
			fields["aspect_ratio"] = ratio
		}
		delete(fields, "ratio")
	}
	if s, ok := fields["duration"].(string); ok {
		if n, err := strconv.ParseUint(s, 10, 16); err == nil {
			fields["duration"] = json.Number(strconv.FormatUint(n, 10))
		}
	}
}

// problems gives a sentence for each thing that is wrong, in the manner of the provider's framework.
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
