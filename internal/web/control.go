package web

import (
	"net/http"
	"time"
)

// controlBody is what the operator decided for all jobs.
type controlBody struct {
	Paused *pausedBody `json:"paused"`
}

type pausedBody struct {
	By     *string    `json:"by"`
	Since  *time.Time `json:"since"`
	Reason *string    `json:"reason"`
	CopyOf *string    `json:"copy_of"`
}

// control says whether jobs are submitted now.
func (a *API) control(r *http.Request) answer {
	paused, err := a.Jobs.Paused(r.Context())
	if err != nil {
		return unavailable("", err, "whether jobs are submitted can't be told at the moment; ask again")
	}
	var body controlBody
	if paused != nil {
		body.Paused = &pausedBody{
			By: unlessEmpty(paused.By), Since: known(paused.Since), Reason: unlessEmpty(paused.Reason), CopyOf: unlessEmpty(paused.CopyOf),
		}
	}
	return answer{status: http.StatusOK, body: body}
}
