package server

import (
	"errors"
	"net/http"
	"time"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/video"
)

// forgottenBody is a video that was forgotten, and what still has its texts.
type forgottenBody struct {
	Video videoBody `json:"video"`
	Stays []remnant `json:"stays"`
}

type remnant struct {
	What  string     `json:"what"`
	Where string     `json:"where"`
	Until *time.Time `json:"until"`
	Todo  *string    `json:"todo"`
}

// forget clears the texts of a video.
func (a *API) forget(r *http.Request) answer {
	id := r.PathValue("id")
	if !video.ValidID(id) {
		return notFound("")
	}
	forgotten, err := a.Jobs.Forget(r.Context(), id)
	var absent *video.NoEntry
	var not *jobs.NotForgotten
	switch {
	case errors.As(err, &absent):
		return notFound(id)
	case errors.As(err, &not):
		return conflict(id, not.Reason, not.RetryAfter)
	case err != nil:
		return unavailable(id, err, "whether all of its texts were cleared is not known; ask again")
	}
	shown := a.show(r, http.StatusOK, forgotten.View)
	if body, ok := shown.body.(videoBody); ok {
		all := forgottenBody{body, make([]remnant, len(forgotten.Stays))}
		for i, stays := range forgotten.Stays {
			all.Stays[i] = remnant{stays.What, stays.Where, known(stays.Until), unlessEmpty(stays.Todo)}
		}
		shown.body = all
	}
	return shown
}
