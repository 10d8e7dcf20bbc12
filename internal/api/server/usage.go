package server

import (
	"net/http"
	"slices"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/server/reply"
	"github.com/takeup/takeup/internal/api/server/wire"
	"github.com/takeup/takeup/internal/api/tokens"
	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/usage"
	"github.com/takeup/takeup/internal/video"
)

// usage sums up the attempts of a month.
func (a *API) usage(r *http.Request) reply.Response {
	query, now := r.URL.Query(), a.Now()
	month, today := usage.MonthOf(now), now.UTC().Format(time.DateOnly)
	var wrong []video.FieldError
	if query.Has(api.ParamMonth) {
		var err error
		if month, err = usage.ParseMonth(query.Get(api.ParamMonth)); err != nil {
			wrong = append(wrong, video.FieldError{Field: api.ParamMonth, Message: "takes a month of UTC, such as " + string(usage.MonthOf(now))})
		}
	}
	model, ok := all.Models().Find(query.Get(api.ParamModel))
	if query.Has(api.ParamModel) && !ok {
		wrong = append(wrong, video.FieldError{Field: api.ParamModel, Message: unknownModel})
	}
	owner := query.Get(api.ParamOwner)
	if query.Has(api.ParamOwner) && !tokens.ValidName(owner) {
		wrong = append(wrong, video.FieldError{Field: api.ParamOwner, Message: unknownOwner})
	}
	if len(wrong) > 0 {
		return reply.RefuseFields(wrong)
	}
	all, err := a.Usage.Usage(r.Context(), string(month))
	var balance budget.Balance
	if err == nil {
		balance, _, err = a.Usage.Balance(r.Context())
	}
	if err != nil {
		return reply.Unavailable("", err, "could not read the usage; try again")
	}
	all = slices.DeleteFunc(all, func(u budget.Usage) bool {
		return query.Has(api.ParamModel) && u.Model != model.Name || query.Has(api.ParamOwner) && u.Owner != owner
	})
	report := usage.Summarize(month, all, now)
	return reply.Response{Status: http.StatusOK, Body: wire.Usage(report, today, balance)}
}
