package doctor

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/takeup/takeup/internal/api/client"
)

// skew is how far off this machine's clock may be. AWS refuses requests whose signature is five
// minutes off. The difference allows for the network.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
const skew = time.Minute

// Clock returns the time of Takeup's API, or zero if it is unknown.
type Clock interface {
	Clock(ctx context.Context) (time.Time, error)
}

// Service is Takeup's API.
type Service interface {
	Clock
	Controller
}

// API checks that the API answers and accepts the token, that its clock agrees with this
// machine's, whether it submits jobs, and under which caps.
func API(ctx context.Context, api Service, address string, now func() time.Time) []Line {
	const check, clock = "API", "clock"
	at, err := api.Clock(ctx)
	var refused *client.Refused
	switch {
	case errors.As(err, &refused) && (refused.Status == http.StatusUnauthorized || refused.Status == http.StatusForbidden):
		return []Line{fix(check, address+" does not accept the token", "set TAKEUP_TOKEN to a valid one; create one with takeup token add").because(err)}
	case err != nil:
		return []Line{fix(check, address+" does not answer as expected", "check that the address is right and can be reached from here, and read the logs of ApiFunction").because(err)}
	}
	lines := append([]Line{ok(check, "%s answers, and accepts the token", address)}, Control(ctx, api)...)
	if at.IsZero() {
		return lines
	}
	if off := now().Sub(at).Round(time.Second); off > skew || off < -skew {
		return append(lines, fix(clock, "this machine's clock is off by "+off.String(), "set it, for instance with NTP; AWS refuses signatures of a wrong time"))
	}
	return append(lines, ok(clock, "agrees with the API's"))
}

// NoStack is the line for a stack that was not found.
func NoStack(err error) Line {
	return Line{Check: "stack", Found: "it was not found", ToDo: err.Error()}
}

// NoToken is the line for a token that can't be read.
func NoToken(err error) Line {
	return fix("API", "its token can't be read", "give your AWS credentials secretsmanager:GetSecretValue for the output ApiTokenSecret").because(err)
}
