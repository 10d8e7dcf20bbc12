package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/api"
)

// Controller is Takeup's API: it says whether jobs are submitted, and up to which caps.
type Controller interface {
	Control(ctx context.Context) (api.Control, error)
}

// Control looks whether jobs are submitted to the provider, and says the caps.
func Control(ctx context.Context, api Controller) []Line {
	control, err := api.Control(ctx)
	if err != nil {
		return []Line{fix("submissions", "whether they are paused can't be told", "see the logs of ApiFunction").because(err)}
	}
	return []Line{submissions(control.Paused), caps(control.Caps)}
}

func submissions(p *api.Paused) Line {
	const check = "submissions"
	switch {
	case p == nil:
		return ok(check, "not paused")
	case p.CopyOf != nil:
		return fix(check, "paused, since the table is a copy of "+*p.CopyOf, "write back what it lacks with `takeup reconcile --repair`, then `takeup resume`")
	}
	by, since, why := "somebody", "some time ago", ""
	if p.By != nil {
		by = *p.By
	}
	if p.Since != nil {
		since = "since " + p.Since.UTC().Format(time.RFC3339)
	}
	if p.Reason != nil {
		why = ": " + *p.Reason
	}
	return fix(check, "paused "+since+" by "+by+why, "`takeup resume` when the reason is gone")
}

// caps says the stack's parameters, and what is set in their place.
func caps(c api.Caps) Line {
	all := func(day, month *json.Number, inFlight *int64) string {
		return limit(day, " USD a day") + ", " + limit(month, " USD a month") + ", " + limit(inFlight, " videos under way")
	}
	stack := all(c.Day.Parameter, c.Month.Parameter, c.InFlight.Parameter)
	if c.Override == nil {
		return ok("caps", "%s", stack)
	}
	until := "until they are reset"
	if c.Override.Until != nil {
		until = "until " + c.Override.Until.UTC().Format(time.RFC3339)
	}
	return ok("caps", "%s, set by %s at %s, %s; the stack's own are %s",
		all(c.Day.Limit, c.Month.Limit, c.InFlight.Limit), c.Override.By, c.Override.At.UTC().Format(time.RFC3339), until, stack)
}

// limit says a cap with its unit.
func limit[T any](of *T, unit string) string {
	if of == nil {
		return "no cap on" + strings.ReplaceAll(unit, " USD", "")
	}
	return fmt.Sprint(*of) + unit
}
