package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// Usage is what the attempts of a month have come to.
type Usage struct {
	Month string    `json:"month"` // of UTC, as 2026-08
	Total UsageSum  `json:"total"`
	Today *UsageDay `json:"today"` // nil where today is not in the month
	// Days are those of the month until today, in their order; Models and Owners begin
	// with what costs the most.
	Days   []UsageDay   `json:"days"`
	Models []UsageModel `json:"models"`
	Owners []UsageOwner `json:"owners"`
	// Balance is the account's at the provider; nil where it isn't known.
	Balance *Balance `json:"balance"`
}

// Balance is the balance of an account.
type Balance struct {
	USD json.Number `json:"usd"`
	At  time.Time   `json:"at"` // when the provider said so
}

// UsageSum is what some attempts have come to.
type UsageSum struct {
	Videos    int64       `json:"videos"`   // attempts that were charged, or count as charged
	Failed    int64       `json:"failed"`   // attempts that ended their job and cost nothing
	InDoubt   int64       `json:"in_doubt"` // attempts of which it isn't known whether they were charged
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

// UsageQuery says whose usage is asked for. What is empty leaves out nothing; an empty
// month is this one.
type UsageQuery struct{ Month, Model, Owner string }

// Usage says what the attempts of a month have come to.
func (c *Client) Usage(ctx context.Context, q UsageQuery) (Usage, error) {
	query := url.Values{}
	for name, value := range map[string]string{"month": q.Month, "model": q.Model, "owner": q.Owner} {
		if value != "" {
			query.Set(name, value)
		}
	}
	path := "/usage"
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	var got Usage
	_, err := c.insist(ctx, call{method: http.MethodGet, path: path}, &got)
	return got, err
}
