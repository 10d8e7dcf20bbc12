package catalogue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// Schema is a JSON Schema (2020-12) of a request to a model, or of a part of one. It has
// only those keywords of the standard that the models need.
type Schema struct {
	Schema               string      `json:"$schema,omitempty"`
	Title                string      `json:"title,omitempty"`
	Description          string      `json:"description,omitempty"`
	Maker                string      `json:"x-maker,omitempty"` // of the model
	Type                 Kind        `json:"type,omitempty"`
	Properties           Properties  `json:"properties,omitempty"`
	Required             []string    `json:"required,omitempty"`
	AdditionalProperties *Additional `json:"additionalProperties,omitempty"`
	PropertyNames        *Schema     `json:"propertyNames,omitempty"`
	MaxProperties        int         `json:"maxProperties,omitempty"`
	Const                any         `json:"const,omitempty"`
	Enum                 []any       `json:"enum,omitempty"`
	Minimum              *float64    `json:"minimum,omitempty"`
	Maximum              *float64    `json:"maximum,omitempty"`
	MaxLength            int         `json:"maxLength,omitempty"`
	Pattern              string      `json:"pattern,omitempty"`
	MinItems             int         `json:"minItems,omitempty"`
	MaxItems             int         `json:"maxItems,omitempty"`
	Items                *Schema     `json:"items,omitempty"`
	// Default is filled in if the field is omitted.
	Default any `json:"default,omitempty"`
	// LeftOut is the provider's default if the field is omitted.
	LeftOut any `json:"x-left-out,omitempty"`
	// AnyModel marks a field that is accepted with every model, and doesn't belong to one.
	AnyModel bool     `json:"x-any-model,omitempty"`
	OneOf    []Schema `json:"oneOf,omitempty"`
	AllOf    []Schema `json:"allOf,omitempty"`
	If       *Schema  `json:"if,omitempty"`
	Then     *Schema  `json:"then,omitempty"`
}

// Additional says what an object has besides its Properties.
type Additional struct {
	Members *Schema // members that the client names; nil: nothing
}

// MarshalJSON writes a schema or false.
func (a Additional) MarshalJSON() ([]byte, error) {
	if a.Members == nil {
		return []byte("false"), nil
	}
	return json.Marshal(a.Members)
}

// UnmarshalJSON parses a schema or false.
func (a *Additional) UnmarshalJSON(data []byte) error {
	if a.Members = nil; string(data) == "false" {
		return nil
	}
	return json.Unmarshal(data, &a.Members)
}

// Property is a field and its schema.
type Property struct {
	Name   string
	Schema Schema
}

// Properties are an object's fields, in the order in which to show them to people.
type Properties []Property

// MarshalJSON writes an object with its members in order.
func (p Properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, property := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(property.Name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(property.Schema)
		if err != nil {
			return nil, err
		}
		b.Write(append(append(name, ':'), value...))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON parses an object, and keeps the order of its members.
func (p *Properties) UnmarshalJSON(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if opening, err := decoder.Token(); err != nil || opening != json.Delim('{') {
		return fmt.Errorf("the properties of a schema are not an object: %w", err)
	}
	*p = nil
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		property := Property{Name: fmt.Sprint(name)}
		if err := decoder.Decode(&property.Schema); err != nil {
			return err
		}
		*p = append(*p, property)
	}
	return nil
}

// visible matches a text with a visible character.
const visible = `\S`

// Schema describes requests to the model in their preferred form: numbers as numbers, and
// each field by its own name. It omits what Parse accepts beyond that, and the control
// characters that no text may have.
func (m Model) Schema() Schema {
	s := fields(slices.Concat([]Parameter{{Name: "model", Kind: String, Title: "Model", Required: true}}, m.Parameters, clientFields()))
	s.Schema, s.Title, s.Maker = "https://json-schema.org/draft/2020-12/schema", m.Name, m.Maker
	for i := range s.Properties {
		_, own := m.Takes(s.Properties[i].Name)
		s.Properties[i].Schema.AnyModel = !own
	}
	s.Properties[0].Schema.Const = m.Name
	for _, name := range m.OneOf {
		s.OneOf = append(s.OneOf, Schema{Required: []string{name}})
	}
	for _, rule := range m.Rules {
		condition, consequence := m.among(rule.If, false), m.among(rule.Then, true)
		s.AllOf = append(s.AllOf, Schema{If: &condition, Then: &consequence})
	}
	return s
}

// among describes requests in which each of some parameters has one of some values. A
// parameter may be omitted only if its default is known to be among them; with unknown, as
// for a consequence, also if its default isn't known.
func (m Model) among(values map[string][]string, unknown bool) Schema {
	var s Schema
	for _, p := range m.Parameters {
		allowed, ok := values[p.Name]
		if !ok {
			continue
		}
		s.Properties = append(s.Properties, Property{p.Name, Schema{Enum: p.typed(allowed)}})
		left := p.Default
		if left == nil {
			left = p.LeftOut
		}
		if left == nil && !unknown || left != nil && !slices.Contains(allowed, fmt.Sprint(left)) {
			s.Required = append(s.Required, p.Name)
		}
	}
	return s
}

// fields describes an object.
func fields(parameters []Parameter) Schema {
	s := Schema{Type: Object, AdditionalProperties: &Additional{}}
	for _, p := range parameters {
		s.Properties = append(s.Properties, Property{p.Name, p.schema()})
		if p.Required {
			s.Required = append(s.Required, p.Name)
		}
	}
	return s
}

func (p Parameter) schema() Schema {
	s := Schema{}
	switch {
	case p.Member != nil:
		member := p.Member.schema()
		s.AdditionalProperties, s.PropertyNames, s.MaxProperties = &Additional{Members: &member}, &Schema{Pattern: keyPattern}, p.MaxItems
	case p.Kind == Object:
		s = fields(p.Fields)
	}
	s.Type, s.Title, s.Description, s.MaxLength = p.Kind, p.Title, p.About, p.MaxLength
	s.Default, s.LeftOut, s.Enum = p.Default, p.LeftOut, p.typed(p.Allowed)
	switch p.Kind {
	case String:
		if p.Name != "model" && (p.Required || p.Name == "prompt") {
			s.Pattern = visible
		}
	case Integer, Number:
		if len(p.Allowed) == 0 {
			s.Minimum, s.Maximum = &p.Min, &p.Max
		}
	case List:
		item := p.Item.schema()
		s.Items, s.MinItems, s.MaxItems = &item, 1, p.MaxItems
	case Boolean, Object:
	}
	return s
}

// typed converts allowed values to the parameter's JSON type.
func (p Parameter) typed(allowed []string) []any {
	var values []any
	for _, word := range allowed {
		switch p.Kind {
		case Integer:
			n, err := strconv.Atoi(word)
			if err == nil {
				values = append(values, n)
				continue
			}
		case Boolean:
			values = append(values, word == "true")
			continue
		case String, Number, Object, List:
		}
		values = append(values, word)
	}
	return values
}
