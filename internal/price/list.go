package price

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// The bounds of a list. An answer that exceeds them isn't a list of models' prices.
const (
	maxModels     = 20_000
	maxRates      = 500 // of a model
	maxDimensions = 20
	maxName       = 200 // bytes
)

// videoType is the type of models that make videos.
const videoType = "internal/video-generations/submit"

// List is the provider's price list. It is stored as JSON.
type List struct {
	Source string    `json:"source"`         // its address
	AsOf   time.Time `json:"as_of"`          // when it was last known to be current
	ETag   string    `json:"etag,omitempty"` // of the provider's answer
	Models []Model   `json:"models"`
}

// Model is a model and its price. The price's Source and AsOf are those of the list.
type Model struct {
	ID      string   `json:"id"`
	Aliases []string `json:"aliases,omitempty"` // other names that requests may use
	Type    string   `json:"type,omitempty"`    // the endpoint, as the provider names it
	Price   Price    `json:"price"`
}

// Parse parses the provider's answer, which was read from source at asOf. A price that
// can't be read is Unknown, and a model whose id can't be read is left out. Only an answer
// that isn't a list at all is an error.
func Parse(data []byte, source string, asOf time.Time) (List, error) {
	var answer struct {
		Data []json.RawMessage `json:"data"`
	}
	switch err := json.Unmarshal(data, &answer); {
	case err != nil:
		return List{}, fmt.Errorf("the price list is not a JSON object with a list of data")
	case answer.Data == nil:
		return List{}, fmt.Errorf("the price list has no data")
	case len(answer.Data) > maxModels:
		return List{}, fmt.Errorf("the price list has %d models; at most %d are read", len(answer.Data), maxModels)
	}
	list := List{Source: source, AsOf: asOf, Models: make([]Model, 0, len(answer.Data))}
	for _, entry := range answer.Data {
		var parts struct{ ID, Aliases, Type, Pricing json.RawMessage }
		if json.Unmarshal(entry, &parts) != nil {
			continue
		}
		model := Model{ID: readText(parts.ID), Type: readText(parts.Type), Price: readPricing(parts.Pricing)}
		if model.ID == "" {
			continue
		}
		for _, alias := range elements(parts.Aliases) {
			if name := readText(alias); name != "" {
				model.Aliases = append(model.Aliases, name)
			}
		}
		list.Models = append(list.Models, model)
	}
	return list, nil
}

// Find returns the price of the model with the given id or, if no id matches, alias,
// ignoring case; false if there is none. If several models match, those that make videos
// take precedence. If their prices differ, the price is Unknown.
func (l List) Find(name string) (Price, bool) {
	// found has the best matches so far, and best their rank.
	var found []Model
	best := 0
	for _, m := range l.Models {
		fits := 0
		if strings.EqualFold(m.ID, name) {
			fits = 3
		}
		for _, alias := range m.Aliases {
			if fits == 0 && strings.EqualFold(alias, name) {
				fits = 1
			}
		}
		if fits > 0 && m.Type == videoType {
			fits++
		}
		if fits > best {
			found, best = found[:0], fits
		}
		if fits > 0 && fits == best {
			found = append(found, m)
		}
	}
	if len(found) == 0 {
		return Price{}, false
	}
	price := found[0].Price
	for _, other := range found[1:] {
		if !reflect.DeepEqual(other.Price, price) {
			price = Price{}
			break
		}
	}
	price.Source, price.AsOf = l.Source, l.AsOf
	return price, true
}

// Only returns the list reduced to the models that one of the names matches, by id or alias
// as in Find.
func (l List) Only(names []string) List {
	l.Models = l.models(func(m Model) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			return strings.EqualFold(m.ID, name) || slices.ContainsFunc(m.Aliases, func(alias string) bool { return strings.EqualFold(alias, name) })
		})
	})
	return l
}

func (l List) models(is func(Model) bool) []Model {
	var found []Model
	for _, m := range l.Models {
		if is(m) {
			found = append(found, m)
		}
	}
	return found
}

func readPricing(value json.RawMessage) Price {
	var parts struct{ Kind, Currency, Units, Dimensions, Variants json.RawMessage }
	if json.Unmarshal(value, &parts) != nil {
		return Price{}
	}
	// USD is the documented currency if none is named.
	if named := len(parts.Currency) > 0 && string(parts.Currency) != "null"; named && !strings.EqualFold(readText(parts.Currency), "USD") {
		return Price{}
	}
	price := Price{Kind: Kind(strings.ToLower(readText(parts.Kind)))}
	units, variants, dimensions := elements(parts.Units), elements(parts.Variants), elements(parts.Dimensions)
	if len(units)+len(variants) > maxRates || len(dimensions) > maxDimensions {
		return Price{}
	}
	switch price.Kind {
	case Fixed:
		variants, dimensions = nil, nil
	case Variants:
		units = nil
	case Variable:
	default:
		return Price{}
	}
	for _, dimension := range dimensions {
		// A name that can't be read is empty, and matches no parameter.
		price.Dimensions = append(price.Dimensions, readText(dimension))
	}
	for _, unit := range units {
		price.Rates = append(price.Rates, readRate(unit))
	}
	unread := map[string]string{}
	for _, dimension := range price.Dimensions {
		unread[dimension] = ""
	}
	for _, variant := range variants {
		rate, known := readRate(variant), false
		if rate.When, known = readWhen(variant); !known {
			rate.When = unread // shared: a short answer must not become a large list
		}
		price.Rates = append(price.Rates, rate)
	}
	return price
}

// readRate parses a rate of either kind. A rate that can't be read is Uncounted.
func readRate(value json.RawMessage) Rate {
	var parts struct{ Name, Measure, Unit, Price, Per json.RawMessage }
	if json.Unmarshal(value, &parts) != nil {
		return Rate{}
	}
	usd, err := readDecimal(parts.Price)
	if err != nil {
		return Rate{}
	}
	number, err := readDecimal(parts.Per)
	per, ok := number.whole()
	if err != nil || !ok {
		return Rate{}
	}
	for _, word := range []json.RawMessage{parts.Unit, parts.Measure, parts.Name} {
		if text := readText(word); text != "" {
			return Rate{USD: usd, Unit: readUnit(text), Per: per}
		}
	}
	return Rate{USD: usd, Per: per}
}

func readUnit(word string) Unit {
	switch strings.ToLower(word) {
	case "second", "seconds", "sec", "s":
		return Second
	case "video", "videos", "generation", "generations", "request", "requests":
		return Video
	}
	return Uncounted
}

// readWhen parses the parameter values that a variant applies to.
func readWhen(variant json.RawMessage) (map[string]string, bool) {
	var parts struct{ When map[string]json.RawMessage }
	if json.Unmarshal(variant, &parts) != nil || parts.When == nil || len(parts.When) > maxDimensions {
		return nil, false
	}
	when := map[string]string{}
	for name, value := range parts.When {
		if len(name) > maxName {
			return nil, false
		}
		when[name] = readScalar(value)
	}
	return when, true
}

// readScalar returns a string, number or boolean as text, and "" for any other value.
func readScalar(value json.RawMessage) string {
	if text := readText(value); text != "" {
		return text
	}
	if number, err := ParseDecimal(string(value)); err == nil {
		return number.String()
	}
	if text := string(value); text == "true" || text == "false" {
		return text
	}
	return ""
}

// readText returns a string of at most maxName bytes, with surrounding spaces trimmed, and
// "" for any other value.
func readText(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) != nil || len(text) > maxName {
		return ""
	}
	return strings.TrimSpace(text)
}

// elements returns the elements of a list, and nil for any other value.
func elements(value json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(value, &list) != nil {
		return nil
	}
	return list
}
