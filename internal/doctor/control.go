package doctor

import (
	"context"
	"time"

	"github.com/takeup/takeup/internal/client"
)

// Controller is Takeup's API: it says whether jobs are submitted.
type Controller interface {
	Control(ctx context.Context) (client.Control, error)
}

// Control looks whether jobs are submitted to the provider.
func Control(ctx context.Context, api Controller) Line {
	const check = "submissions"
	control, err := api.Control(ctx)
	p := control.Paused
	switch {
	case err != nil:
		return fix(check, "whether they are paused can't be told", "see the logs of ApiFunction").because(err)
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
