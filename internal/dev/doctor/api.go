package doctor

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/takeup/takeup/internal/api/client"
)

// skew is how wrong this machine's clock may be. AWS refuses requests that are
// signed five minutes off; the rest of that is left for the way there.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
const skew = time.Minute

// Clock is Takeup's API: it gives the time that it is there, or the zero time
// where it doesn't say.
type Clock interface {
	Clock(ctx context.Context) (time.Time, error)
}

// Service is Takeup's API as it is looked at.
type Service interface {
	Clock
	Controller
}

// API looks whether the API answers and takes the token, whether its clock and this
// machine's agree, whether it submits jobs, and up to which caps.
func API(ctx context.Context, api Service, address string, now func() time.Time) []Line {
	const check, clock = "API", "clock"
	at, err := api.Clock(ctx)
	var refused *client.Refused
	switch {
	case errors.As(err, &refused) && (refused.Status == http.StatusUnauthorized || refused.Status == http.StatusForbidden):
		return []Line{fix(check, address+" does not accept the token", "give the right one in TAKEUP_TOKEN; takeup token add makes one").because(err)}
	case err != nil:
		return []Line{fix(check, address+" does not answer as it should", "see that the address is right and reached from here, and the logs of ApiFunction").because(err)}
	}
	lines := append([]Line{ok(check, "%s answers, and accepts the token", address)}, Control(ctx, api)...)
	if at.IsZero() {
		return lines
	}
	if off := now().Sub(at).Round(time.Second); off > skew || off < -skew {
		return append(lines, fix(clock, "this machine's clock is off by "+off.String(), "set it, as by turning on NTP: AWS refuses what is signed at the wrong time"))
	}
	return append(lines, ok(clock, "agrees with the API's"))
}

// NoStack is the line about a stack that was not found.
func NoStack(err error) Line {
	return Line{Check: "stack", Found: "it was not found", ToDo: err.Error()}
}

// NoToken is the line about a stack whose API's token can't be read.
func NoToken(err error) Line {
	return fix("API", "its token can't be read", "give your AWS credentials secretsmanager:GetSecretValue for the output ApiTokenSecret").because(err)
}
