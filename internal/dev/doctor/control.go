package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/api"
)

// Controller reads from Takeup's API whether jobs are submitted, and under which caps.
type Controller interface {
	Control(ctx context.Context) (api.Control, error)
}

// Control checks whether jobs are submitted, and lists the caps.
func Control(ctx context.Context, api Controller) []Line {
	control, err := api.Control(ctx)
	if err != nil {
		return []Line{fix("submissions", "it is unknown whether they are paused", "read the logs of ApiFunction").because(err)}
	}
	return []Line{submissions(control.Paused), caps(control.Caps)}
}

func submissions(p *api.Paused) Line {
	const check = "submissions"
	switch {
	case p == nil:
		return ok(check, "not paused")
	case p.CopyOf != nil:
		return fix(check, "paused, since the table is a copy of "+*p.CopyOf, "restore what it lacks with `takeup reconcile --repair`, then run `takeup resume`")
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
	return fix(check, "paused "+since+" by "+by+why, "run `takeup resume` once the reason is gone")
}

// caps lists the caps, and the stack's parameters where an operator overrides them.
func caps(c api.Caps) Line {
	all := func(day, month *json.Number, inFlight *int64) string {
		return limit(day, " USD a day") + ", " + limit(month, " USD a month") + ", " + limit(inFlight, " videos in flight")
	}
	stack := all(c.Day.Parameter, c.Month.Parameter, c.InFlight.Parameter)
	if c.Override == nil {
		return ok("caps", "%s", stack)
	}
	until := "until they are reset"
	if c.Override.Until != nil {
		until = "until " + c.Override.Until.UTC().Format(time.RFC3339)
	}
	return ok("caps", "%s, set by %s at %s, %s; the stack's parameters are %s",
		all(c.Day.Limit, c.Month.Limit, c.InFlight.Limit), c.Override.By, c.Override.At.UTC().Format(time.RFC3339), until, stack)
}

// limit formats a cap with its unit.
func limit[T any](of *T, unit string) string {
	if of == nil {
		return "no cap on" + strings.ReplaceAll(unit, " USD", "")
	}
	return fmt.Sprint(*of) + unit
}
