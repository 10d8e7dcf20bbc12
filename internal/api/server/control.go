package server

import (
	"net/http"

	"github.com/takeup/takeup/internal/api/server/reply"
	"github.com/takeup/takeup/internal/api/server/wire"
)

// control says whether jobs are submitted, and what counts against the caps.
func (a *API) control(r *http.Request) reply.Response {
	standing, err := a.Caps.Standing(r.Context())
	if err != nil {
		return reply.Unavailable("", err, "could not read whether jobs are submitted; try again")
	}
	body := wire.Control(standing)
	body.Simulated = a.Simulated
	return reply.Response{Status: http.StatusOK, Body: body}
}
