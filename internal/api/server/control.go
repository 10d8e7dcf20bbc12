package server

import (
	"net/http"

	"github.com/takeup/takeup/internal/api/server/wire"
)

// control says whether jobs are submitted, and what counts against the caps.
func (a *API) control(r *http.Request) response {
	standing, err := a.Caps.Standing(r.Context())
	if err != nil {
		return unavailable("", err, "could not read whether jobs are submitted; try again")
	}
	return response{status: http.StatusOK, body: wire.Control(standing)}
}
