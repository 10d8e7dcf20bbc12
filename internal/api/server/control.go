package server

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/takeup/takeup/internal/caps"
	"github.com/takeup/takeup/internal/price"
)

// controlBody is what the operator decided for all jobs, and what is held below the
// caps.
type controlBody struct {
	Paused *pausedBody `json:"paused"`
	Caps   capsBody    `json:"caps"`
}

type pausedBody struct {
	By     *string    `json:"by"`
	Since  *time.Time `json:"since"`
	Reason *string    `json:"reason"`
	CopyOf *string    `json:"copy_of"`
}

type capsBody struct {
	Day      stackCap  `json:"day"`
	Month    stackCap  `json:"month"`
	InFlight placesCap `json:"in_flight"`
	// Override says who set limits in the place of the parameters.
	Override *overrideBody `json:"override"`
	Owners   []ownerCap    `json:"owners"`
}

// stackCap is a cap on money that a parameter sets.
type stackCap struct {
	Limit     *json.Number `json:"limit_usd"`
	Parameter *json.Number `json:"parameter_usd"`
	heldBody
}

// ownerCap is the cap on an owner's day.
type ownerCap struct {
	Owner string       `json:"owner"`
	Limit *json.Number `json:"limit_usd"`
	heldBody
}

type heldBody struct {
	Spent     json.Number `json:"spent_usd"`
	Reserved  json.Number `json:"reserved_usd"`
	Uncertain json.Number `json:"uncertain_usd"`
	ResetsAt  time.Time   `json:"resets_at"`
}

type placesCap struct {
	Limit     *int64 `json:"limit"`
	Parameter *int64 `json:"parameter"`
	Held      int64  `json:"held"`
}

type overrideBody struct {
	By    string     `json:"by"`
	At    time.Time  `json:"at"`
	Until *time.Time `json:"until"`
}

// control says whether jobs are submitted now, and how the caps stand.
func (a *API) control(r *http.Request) answer {
	standing, err := a.Caps.Standing(r.Context())
	if err != nil {
		return unavailable("", err, "whether jobs are submitted can't be told at the moment; ask again")
	}
	body := controlBody{Caps: capsOf(standing)}
	if paused := standing.Paused; paused != nil {
		body.Paused = &pausedBody{
			By: unlessEmpty(paused.By), Since: known(paused.Since), Reason: unlessEmpty(paused.Reason), CopyOf: unlessEmpty(paused.CopyOf),
		}
	}
	return answer{status: http.StatusOK, body: body}
}

func capsOf(s caps.Standing) capsBody {
	of := func(a caps.Amount) stackCap {
		return stackCap{Limit: limitOf(a.Limit), Parameter: limitOf(a.Parameter), heldBody: heldOf(a)}
	}
	body := capsBody{
		Day: of(s.Day), Month: of(s.Month),
		InFlight: placesCap{Held: s.InFlight.Held},
		Owners:   []ownerCap{},
	}
	if limit := s.InFlight.Limit; limit > 0 {
		body.InFlight.Limit = &limit
	}
	if parameter := s.InFlight.Parameter; parameter > 0 {
		body.InFlight.Parameter = &parameter
	}
	if set := s.Caps; set != nil {
		body.Override = &overrideBody{By: set.By, At: set.At, Until: known(set.Until)}
	}
	for _, owner := range s.Owners {
		body.Owners = append(body.Owners, ownerCap{Owner: owner.Name, Limit: limitOf(owner.Limit), heldBody: heldOf(owner.Amount)})
	}
	return body
}

func heldOf(a caps.Amount) heldBody {
	return heldBody{
		Spent: price.Micros(a.Spent).USD(), Reserved: price.Micros(a.Reserved).USD(), Uncertain: price.Micros(a.Uncertain).USD(),
		ResetsAt: a.ResetsAt,
	}
}

// limitOf gives nil for no limit.
func limitOf(micros int64) *json.Number { return usdOf(price.Micros(micros)) }
