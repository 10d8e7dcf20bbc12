// Package models has what AI/ML API's models accept and cost, as data. models.jsonl has one
// model per line, and parameters.json has what a parameter is in every model. A model's line
// has what is specific to it: limits, allowed values, defaults and rules. The facts are from
// the provider's API reference, https://docs.aimlapi.com, as of 2026-08-21, with these
// exceptions. Media fields, and values that need one, are left out, since requests here have
// text only. A length is filled in where the reference has no default: 5 seconds, or else
// the shortest. Values that only the reference's prose excludes are excluded by the allowed
// values or by a rule.
//
// "default" is filled in by Takeup, for what determines the video's length and shape.
// "left_out" is what the provider assumes if the field isn't sent.
//
// Prices are what the simulator charges. They have the shape and order of magnitude of the
// provider's list. The real list is read from the provider when it is needed.
//
// A model's line is parsed when the model is first looked up.
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

// Model is one of the provider's models.
type Model struct {
	catalogue.Model
	// Legacy says that the legacy route takes the model. The universal route takes every
	// model.
	Legacy bool
	// VideoList says that the provider may answer with a list of one video.
	VideoList bool
	Price     Price
}

// The kinds and units of a Price, as in the provider's list.
const (
	Fixed    = "fixed"    // one rate
	Variants = "variants" // one rate per value of a parameter
	Variable = "variable" // the list has no rate
	Second   = "second"   // of video
	Video    = "video"
)

// Price is what the simulator charges for a model.
type Price struct {
	Kind string `json:"kind"` // Fixed, Variants or Variable
	Unit string `json:"unit"` // Second or Video
	Per  int64  `json:"per"`  // number of units that the price is for
	By   string `json:"by"`   // parameter that selects the variant; empty if there is none
	// USD is the price, or with variants the price for each value of By.
	USD Rates `json:"usd"`
}

// Rate is a price in USD, for one value of a parameter.
type Rate struct {
	Value string
	USD   json.Number
}

// Rates are one rate without a value, or one rate per value.
type Rates []Rate

// UnmarshalJSON accepts a number, or an object of numbers.
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

// Catalogue implements catalogue.Models.
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

// Find returns the model with the name.
func (Catalogue) Find(name string) (catalogue.Model, bool) {
	m, ok := Find(name)
	return m.Model, ok
}

// prefix starts each line, followed by the model's name.
const prefix = `{"name": "`

// known caches the parsed models by name.
var known sync.Map

// Find returns the model with the name. The caller must not change it.
func Find(name string) (Model, bool) {
	if model, ok := known.Load(name); ok {
		return model.(Model), true
	}
	begins := prefix + name + `", `
	for line := range strings.Lines(lines) {
		if strings.HasPrefix(line, begins) {
			model, err := read([]byte(line))
			if err != nil {
				panic("models: " + name + ": " + err.Error()) // unreachable: the tests parse every line
			}
			known.Store(name, model)
			return model, true
		}
	}
	return Model{}, false
}

// read parses one line.
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

// entry returns the dictionary's entry for a parameter, which is on one line. It is empty
// if there is none.
func entry(name string) json.RawMessage {
	_, after, _ := strings.Cut(dictionary, "\n  \""+name+"\": ")
	line, _, _ := strings.Cut(after, "\n")
	return json.RawMessage(strings.TrimSuffix(line, ","))
}

// parameter is the JSON form of a parameter.
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

// list parses parameters by name, in order. What a parameter's own entry doesn't set is
// taken from common.
func list(data []byte, common func(name string) json.RawMessage) ([]catalogue.Parameter, error) {
	var all []catalogue.Parameter
	err := members(data, func(name string, own json.RawMessage) error {
		p, err := one(name, common(name), own)
		all = append(all, p)
		return err
	})
	return all, err
}

// unknown is the common function for an object's fields, which are always complete.
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

// limits returns the explicit limits, or those of the allowed values.
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

// typed converts decoded JSON numbers to int for integer parameters, as in a request.
func typed(kind catalogue.Kind, value any) any {
	if n, ok := value.(float64); ok && kind == catalogue.Integer {
		return int(n)
	}
	return value
}

// values are strings, numbers and booleans, as strings.
type values []string

// UnmarshalJSON accepts a list of scalars.
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

// strict decodes JSON and rejects unknown fields.
func strict(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// members calls each for every member of an object, in order.
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
