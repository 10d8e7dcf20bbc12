package api

import (
	"encoding/json"
	"net/url"
	"time"
)

// Usage is what the attempts of a month have come to. Each counts for the day of its
// submission.
type Usage struct {
	Month string    `json:"month"` // of UTC, as 2026-08
	Total UsageSum  `json:"total"`
	Today *UsageDay `json:"today"` // nil where today isn't in the month
	// Days are those of the month until today, in their order. Models and Owners begin
	// with what costs the most.
	Days    []UsageDay   `json:"days"`
	Models  []UsageModel `json:"models"`
	Owners  []UsageOwner `json:"owners"`
	Balance *Balance     `json:"balance"` // nil where it isn't known
}

// Balance is the balance of the account at the provider.
type Balance struct {
	USD json.Number `json:"usd"` // negative where the account owes
	At  time.Time   `json:"at"`  // when the provider said so
}

// UsageSum is what some attempts have come to.
type UsageSum struct {
	Videos    int64       `json:"videos"`   // attempts that were charged, or count as charged
	Failed    int64       `json:"failed"`   // attempts that ended their job and cost nothing
	InDoubt   int64       `json:"in_doubt"` // attempts that may have been charged
	Spent     json.Number `json:"spent_usd"`
	Reserved  json.Number `json:"reserved_usd"`
	Uncertain json.Number `json:"uncertain_usd"`
}

// UsageDay is the usage of a day of UTC.
type UsageDay struct {
	Day string `json:"day"` // as 2026-08-21
	UsageSum
}

// UsageModel is the usage of a model.
type UsageModel struct {
	Model string `json:"model"`
	UsageSum
}

// UsageOwner is the usage of an owner.
type UsageOwner struct {
	Owner *string `json:"owner"` // nil for prompt files and executions by hand
	UsageSum
}

// UsageQuery says whose usage is asked for. An empty field leaves out nothing; an
// empty month is the current one.
type UsageQuery struct{ Month, Model, Owner string }

// Values returns the query's parameters.
func (q UsageQuery) Values() url.Values {
	return given(map[string]string{ParamMonth: q.Month, ParamModel: q.Model, ParamOwner: q.Owner})
}
