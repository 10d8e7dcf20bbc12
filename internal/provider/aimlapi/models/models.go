// Package models holds what AI/ML API's models take and cost, as data: models.jsonl has
// a model a line, and parameters.json what a parameter is in all of them. A model's
// line says what is its own: limits, allowed values, defaults and rules. The facts are
// the provider's API reference, https://docs.aimlapi.com, as of 2026-08-21, but for this:
// media fields are left out, since every request here is one of texts, and so are the
// values that need one. A length is filled in where the reference has no default: 5
// seconds, or else the shortest. Values that only the reference's prose excludes are
// excluded by the allowed values or by a rule.
//
// "default" is filled in by Takeup, for what decides the length and the shape of the
// video. "left_out" is what the provider takes where the field isn't sent.
//
// Prices are what the simulator charges. They have the shape and the order of magnitude
// of the provider's list, which is read from the provider when one is needed.
//
// A model is read when it is first asked for, and the others are not.
package models

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/takeup/takeup/internal/catalogue"
)

//go:embed models.jsonl
var lines string

//go:embed parameters.json
var dictionary string

// Model is a model of the provider's.
type Model struct {
	catalogue.Model
	// Legacy says that the legacy route takes the model; the universal route takes
	// every one.
	Legacy bool
	// VideoList says that the provider may answer with a list of videos, of one.
	VideoList bool
	Price     Price
}

// The kinds and the units of a Price, as the provider's list has them.
const (
	Fixed    = "fixed"    // one rate
	Variants = "variants" // a rate for each value of a parameter
	Variable = "variable" // the list names no rate
	Second   = "second"   // of video
	Video    = "video"
)

// Price is what the simulator charges for a model.
type Price struct {
	Kind string `json:"kind"` // Fixed, Variants or Variable
	Unit string `json:"unit"` // Second or Video
	Per  int64  `json:"per"`  // of how many units it is the price
	By   string `json:"by"`   // of variants: the parameter that decides; empty: none
	// USD is the price, or of variants that for each value of By.
	USD Rates `json:"usd"`
}

// Rate is a price in USD for a value of a parameter.
type Rate struct {
	Value string
	USD   json.Number
}

// Rates are one rate without a value, or one for each value.
type Rates []Rate

// UnmarshalJSON reads a number, or an object of numbers.
func (r *Rates) UnmarshalJSON(data []byte) error {
	var one json.Number
	if err := json.Unmarshal(data, &one); err == nil {
		*r = Rates{{USD: one}}
		return nil
	}
	return members(data, func(value string, usd json.RawMessage) error {
		*r = append(*r, Rate{Value: value, USD: json.Number(usd)})
		return nil
	})
}

// Catalogue is the models as a catalogue has them.
type Catalogue struct{}

// Names lists the models, the default first.
func (Catalogue) Names() []string {
	var names []string
	for line := range strings.Lines(lines) {
		name, _, _ := strings.Cut(strings.TrimPrefix(line, prefix), `"`)
		names = append(names, name)
	}
	return names
}

// Find gives the model of that name.
func (Catalogue) Find(name string) (catalogue.Model, bool) {
	m, ok := Find(name)
	return m.Model, ok
}

// prefix begins each line, and the model's name follows.
const prefix = `{"name": "`

// known has the models that were read, by name: a line never changes.
var known sync.Map

// Find gives the model of that name, which must not be changed.
func Find(name string) (Model, bool) {
	if model, ok := known.Load(name); ok {
		return model.(Model), true
	}
	begins := prefix + name + `", `
	for line := range strings.Lines(lines) {
		if strings.HasPrefix(line, begins) {
			model, err := read([]byte(line))
			if err != nil {
				panic("models: " + name + ": " + err.Error()) // the tests read every line
			}
			known.Store(name, model)
			return model, true
		}
	}
	return Model{}, false
}

// read reads one line.
func read(line []byte) (Model, error) {
	var written struct {
		Name       string
		Maker      string
		Legacy     bool
		VideoList  bool `json:"video_list"`
		Price      Price
		OneOf      []string `json:"one_of"`
		Rules      []struct{ If, Then map[string]values }
		Parameters json.RawMessage
	}
	if err := strict(line, &written); err != nil {
		return Model{}, err
	}
	m := Model{Legacy: written.Legacy, VideoList: written.VideoList, Price: written.Price}
	m.Price.Per = max(m.Price.Per, 1)
	m.Name, m.Maker, m.OneOf = written.Name, written.Maker, written.OneOf
	for _, rule := range written.Rules {
		m.Rules = append(m.Rules, catalogue.Rule{If: texts(rule.If), Then: texts(rule.Then)})
	}
	var err error
	m.Parameters, err = list(written.Parameters, entry)
	return m, err
}

// entry finds what the dictionary says of a parameter: it has one a line. It is empty
// where there is none.
func entry(name string) json.RawMessage {
	_, after, _ := strings.Cut(dictionary, "\n  \""+name+"\": ")
	line, _, _ := strings.Cut(after, "\n")
	return json.RawMessage(strings.TrimSuffix(line, ","))
}

// parameter is how a parameter is written.
type parameter struct {
	Type      catalogue.Kind
	Title     string
	About     string
	Alias     string
	Required  bool
	Enum      values
	Minimum   *float64
	Maximum   *float64
	MaxLength int `json:"max_length"`
	MaxItems  int `json:"max_items"`
	Default   any
	LeftOut   any             `json:"left_out"`
	Fields    json.RawMessage // of an object, by name
	Item      json.RawMessage // of a list
}

// list reads parameters by their names, in their order. What a parameter's own entry
// doesn't say is as common has it.
func list(data []byte, common func(name string) json.RawMessage) ([]catalogue.Parameter, error) {
	var all []catalogue.Parameter
	err := members(data, func(name string, own json.RawMessage) error {
		p, err := one(name, common(name), own)
		all = append(all, p)
		return err
	})
	return all, err
}

// unknown is for the fields of an object, which say all there is themselves.
func unknown(string) json.RawMessage { return nil }

func one(name string, entries ...json.RawMessage) (catalogue.Parameter, error) {
	var w parameter
	for _, entry := range entries {
		if len(entry) == 0 {
			continue
		}
		if err := strict(entry, &w); err != nil {
			return catalogue.Parameter{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	p := catalogue.Parameter{
		Name: name, Kind: w.Type, Title: w.Title, About: w.About, Alias: w.Alias, Required: w.Required, Allowed: w.Enum,
		MaxLength: w.MaxLength, MaxItems: w.MaxItems, Default: typed(w.Type, w.Default), LeftOut: typed(w.Type, w.LeftOut),
	}
	switch w.Type {
	case catalogue.Integer, catalogue.Number:
		p.Min, p.Max = limits(w)
	case catalogue.Object:
		var err error
		if p.Fields, err = list(w.Fields, unknown); err != nil {
			return p, err
		}
	case catalogue.List:
		item, err := one(name, w.Item)
		if err != nil {
			return p, err
		}
		item.Name, item.Required = "", true
		p.Item = &item
	case catalogue.String, catalogue.Boolean:
	default:
		return p, fmt.Errorf("%s is of type %q", name, w.Type)
	}
	return p, nil
}

// limits are those that are written, or those of the allowed values.
func limits(w parameter) (least, most float64) {
	least, most = -catalogue.Unbounded, catalogue.Unbounded
	if w.Minimum != nil {
		least = *w.Minimum
	}
	if w.Maximum != nil {
		most = *w.Maximum
	}
	var numbers []float64
	for _, value := range w.Enum {
		if n, err := strconv.ParseFloat(value, 64); err == nil {
			numbers = append(numbers, n)
		}
	}
	if len(numbers) > 0 {
		least, most = slices.Min(numbers), slices.Max(numbers)
	}
	return least, most
}

// typed makes the whole numbers of decoded JSON ints, as a request has them.
func typed(kind catalogue.Kind, value any) any {
	if n, ok := value.(float64); ok && kind == catalogue.Integer {
		return int(n)
	}
	return value
}

// values are strings, numbers and switches, as texts.
type values []string

// UnmarshalJSON reads a list of scalars.
func (v *values) UnmarshalJSON(data []byte) error {
	var scalars []any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&scalars); err != nil {
		return err
	}
	*v = nil
	for _, scalar := range scalars {
		*v = append(*v, fmt.Sprint(scalar))
	}
	return nil
}

func texts(given map[string]values) map[string][]string {
	all := map[string][]string{}
	for name, allowed := range given {
		all[name] = allowed
	}
	return all
}

// strict refuses fields that there are not.
func strict(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// members gives the members of an object in their order.
func members(data []byte, each func(name string, value json.RawMessage) error) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if _, err := decoder.Token(); err != nil {
		return err
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return err
		}
		if err := each(fmt.Sprint(name), value); err != nil {
			return err
		}
	}
	return nil
}
