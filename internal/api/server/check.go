package server

import (
	"context"
	"net/http"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/server/reply"
	"github.com/takeup/takeup/internal/api/server/wire"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/video"
)

// check judges a request as a POST of a generation does, says what it would cost, and
// starts nothing.
func (a *API) check(r *http.Request) reply.Response {
	request, refused := reply.ReadRequest(r, a.Local)
	if refused != nil {
		return *refused
	}
	return reply.Response{Status: http.StatusOK, Body: api.Checked{Request: request, Price: a.quote(r.Context(), request)}}
}

// quote returns what a request will cost, and nil where nothing is known.
func (a *API) quote(ctx context.Context, request video.Request) *api.Quote {
	list := a.Prices.List(ctx)
	micros, _ := a.Estimator.Charged(ctx, request.Model(), request.Duration())
	return wire.Quote(list.Estimate(request, price.Micros(micros)), list)
}
