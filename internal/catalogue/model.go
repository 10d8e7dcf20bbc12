// Package catalogue says what models take, and makes requests of what people and
// programs write. It knows no model and no provider: the models are data, which a
// provider's folder holds and package all joins.
package catalogue

import (
	"math"
	"slices"
	"strconv"
)

// Models are the models that a request can name.
type Models interface {
	// Names lists them. The first is the model of a request that names none.
	Names() []string
	// Find gives the model of that name, which must not be changed; false where there
	// is none.
	Find(name string) (Model, bool)
}

// Default is the name of the model of a request that names none.
func Default(models Models) string { return models.Names()[0] }

// Model is a model, and what it takes.
type Model struct {
	Name       string
	Maker      string // who made it, as people know them
	Parameters []Parameter
	// OneOf names parameters of which a request has exactly one; empty: there are
	// none.
	OneOf []string
	Rules []Rule
}

// Rule holds parameters together: of a request that has the values of If, each
// parameter of Then is left out or has one of the values there. Values are written as
// Parameter.Allowed has them.
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

// Unbounded is the largest whole number that each JSON reader takes as it is. An
// integer without a limit of its own has it, and its negative, as its limits.
const Unbounded = 1<<53 - 1

// Parameter is one field of a model's request and its limits.
type Parameter struct {
	Name      string
	Title     string // a word or two for people
	About     string // what it is for, as "what the video shows"
	Kind      Kind
	Required  bool
	Allowed   []string    // of a string or an integer; empty: any
	Min, Max  float64     // of a number or integer, both inclusive
	MaxLength int         // of a string, in characters; 0: no limit of its own
	MaxItems  int         // of a list; 0: no limit of its own
	Default   any         // filled in where the request leaves it out; nil: left to the provider
	LeftOut   any         // what the provider takes where it isn't sent; nil: not known
	Alias     string      // another name that is taken for it; empty: none
	Fields    []Parameter // of an object
	Item      *Parameter  // of a list
}

// Takes gives the model's parameter of that name.
func (m Model) Takes(name string) (Parameter, bool) { return find(m.Parameters, name) }

// Lengths lists the seconds of video that can be asked for, the shortest first; none
// where a request has no say in it.
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

// All gives each of the models.
func All(models Models) []Model {
	var all []Model
	for _, name := range models.Names() {
		if model, ok := models.Find(name); ok {
			all = append(all, model)
		}
	}
	return all
}
