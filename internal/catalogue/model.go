// Package catalogue describes what models accept, and makes requests of what people and
// programs write. It knows no model and no provider: the models are data from the
// providers' packages, which package all joins.
package catalogue

import (
	"math"
	"slices"
	"strconv"
)

// Models is the set of models that a request can name.
type Models interface {
	// Names returns the names of the models. The first is the default model.
	Names() []string
	// Find returns the model with that name, which must not be changed; false if there is
	// none.
	Find(name string) (Model, bool)
}

// Default returns the name of the model of a request that names none.
func Default(models Models) string { return models.Names()[0] }

// Model is a model, and what it accepts.
type Model struct {
	Name       string
	Maker      string // who made it, as people know them
	Parameters []Parameter
	// OneOf names parameters of which a request has exactly one. It may be empty.
	OneOf []string
	Rules []Rule
}

// Rule is a dependency between parameters: if a request has the values of If, each
// parameter in Then must be omitted or have one of its values there. Values are written as
// in Parameter.Allowed.
type Rule struct {
	If   map[string][]string
	Then map[string][]string
}

// Kind is the JSON type of a parameter.
type Kind string

// The kinds of parameters that models have.
const (
	String  Kind = "string"
	Integer Kind = "integer"
	Number  Kind = "number"
	Boolean Kind = "boolean"
	Object  Kind = "object"
	List    Kind = "array"
)

// Unbounded is the largest integer that all JSON parsers preserve. An integer without
// limits of its own has it and its negative as limits.
const Unbounded = 1<<53 - 1

// Parameter is one field of a model's request, and its limits.
type Parameter struct {
	Name      string
	Title     string // a word or two for people
	About     string // what it is for, such as "what the video shows"
	Kind      Kind
	Required  bool
	Allowed   []string    // of a string or an integer; empty: any
	Min, Max  float64     // of a number or integer, both inclusive
	MaxLength int         // of a string, in characters; 0: no limit of its own
	MaxItems  int         // of a list, or of an object's members; 0: no limit of its own
	Default   any         // filled in if the request omits it; nil: left to the provider
	LeftOut   any         // the provider's default if it isn't sent; nil: not known
	Alias     string      // another name accepted for it; empty: none
	Fields    []Parameter // of an object
	Member    *Parameter  // of an object whose members the client names; nil: it has Fields
	Item      *Parameter  // of a list
}

// Takes returns the model's parameter with that name.
func (m Model) Takes(name string) (Parameter, bool) { return find(m.Parameters, name) }

// Lengths returns the lengths of video that can be requested, in seconds, shortest first.
// It is empty if a request can't choose the length.
func (m Model) Lengths() []int {
	p, ok := m.Takes("duration")
	if !ok {
		return nil
	}
	var lengths []int
	for n := int(p.Min); n <= int(p.Max); n++ {
		if len(p.Allowed) == 0 || slices.Contains(p.Allowed, strconv.Itoa(n)) {
			lengths = append(lengths, n)
		}
	}
	return lengths
}

// bounded reports whether a number has limits of its own.
func (p Parameter) bounded() bool { return math.Abs(p.Min) < Unbounded || math.Abs(p.Max) < Unbounded }

func find(parameters []Parameter, name string) (Parameter, bool) {
	i := slices.IndexFunc(parameters, func(p Parameter) bool { return p.Name == name })
	if i < 0 {
		return Parameter{}, false
	}
	return parameters[i], true
}

// All returns all models.
func All(models Models) []Model {
	var all []Model
	for _, name := range models.Names() {
		if model, ok := models.Find(name); ok {
			all = append(all, model)
		}
	}
	return all
}
