package server

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/takeup/takeup/internal/api/tokens"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/usage"
	"github.com/takeup/takeup/internal/video"
)

// Usage knows what the attempts of a month have come to.
type Usage interface {
	// Usage gives an element for each day, owner and model of a month such as 2026-08.
	// The error is a *video.ServiceUnavailable.
	Usage(ctx context.Context, month string) ([]video.Usage, error)
	// Balance gives the balance of the account at the provider as it was last kept, and
	// a version. The error is a *video.ServiceUnavailable.
	Balance(context.Context) (video.Balance, string, error)
}

// usageBody is the usage of a month, as docs/openapi.yaml describes it.
type usageBody struct {
	Month  usage.Month  `json:"month"`
	Total  usageSum     `json:"total"`
	Today  *usageDay    `json:"today"`
	Days   []usageDay   `json:"days"`
	Models []usageModel `json:"models"`
	Owners []usageOwner `json:"owners"`
	// Balance is the account's at the provider; nil where it isn't known.
	Balance *balanceBody `json:"balance"`
}

type balanceBody struct {
	USD json.Number `json:"usd"`
	At  time.Time   `json:"at"`
}

type usageSum struct {
	Videos    int64       `json:"videos"`
	Failed    int64       `json:"failed"`
	InDoubt   int64       `json:"in_doubt"`
	Spent     json.Number `json:"spent_usd"`
	Reserved  json.Number `json:"reserved_usd"`
	Uncertain json.Number `json:"uncertain_usd"`
}

type usageDay struct {
	Day string `json:"day"`
	usageSum
}

type usageModel struct {
	Model string `json:"model"`
	usageSum
}

type usageOwner struct {
	Owner *string `json:"owner"`
	usageSum
}

// usage sums up a month.
func (a *API) usage(r *http.Request) answer {
	query, now := r.URL.Query(), a.Now()
	month, today := usage.MonthOf(now), now.UTC().Format(time.DateOnly)
	var wrong []video.FieldError
	if query.Has("month") {
		var err error
		if month, err = usage.ParseMonth(query.Get("month")); err != nil {
			wrong = append(wrong, video.FieldError{Field: "month", Message: "takes a month of UTC, such as " + string(usage.MonthOf(now))})
		}
	}
	model, ok := video.FindModel(query.Get("model"))
	if query.Has("model") && !ok {
		wrong = append(wrong, video.FieldError{Field: "model", Message: unknownModel})
	}
	owner := query.Get("owner")
	if query.Has("owner") && !tokens.ValidName(owner) {
		wrong = append(wrong, video.FieldError{Field: "owner", Message: unknownOwner})
	}
	if len(wrong) > 0 {
		return refuseFields(wrong)
	}
	all, err := a.Usage.Usage(r.Context(), string(month))
	var balance video.Balance
	if err == nil {
		balance, _, err = a.Usage.Balance(r.Context())
	}
	if err != nil {
		return unavailable("", err, "what was used can't be told at the moment; ask again")
	}
	all = slices.DeleteFunc(all, func(u video.Usage) bool {
		return query.Has("model") && u.Model != model.Name || query.Has("owner") && u.Owner != owner
	})
	body := describeUsage(usage.Summarize(month, all, now), today)
	body.Balance = describeBalance(balance)
	return answer{status: http.StatusOK, body: body}
}

// describeUsage gives a report as the API has it.
func describeUsage(report usage.Report, today string) usageBody {
	body := usageBody{Month: report.Month, Total: sumOf(report.Sum), Days: []usageDay{}, Models: []usageModel{}, Owners: []usageOwner{}}
	if sum, ok := report.Day(today); ok {
		body.Today = &usageDay{today, sumOf(sum)}
	}
	for _, g := range report.Days {
		body.Days = append(body.Days, usageDay{g.Name, sumOf(g.Sum)})
	}
	for _, g := range report.Models {
		body.Models = append(body.Models, usageModel{g.Name, sumOf(g.Sum)})
	}
	for _, g := range report.Owners {
		body.Owners = append(body.Owners, usageOwner{unlessEmpty(g.Name), sumOf(g.Sum)})
	}
	return body
}

func describeBalance(b video.Balance) *balanceBody {
	if b.At.IsZero() {
		return nil
	}
	usd := price.Micros(max(b.Micros, -b.Micros)).USD()
	if b.Micros < 0 {
		usd = "-" + usd
	}
	return &balanceBody{USD: usd, At: b.At}
}

func sumOf(s usage.Sum) usageSum {
	return usageSum{s.Videos, s.Failed, s.InDoubt, s.Spent.USD(), s.Reserved.USD(), s.Uncertain.USD()}
}
