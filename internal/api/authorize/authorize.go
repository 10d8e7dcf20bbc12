// Package authorize is the API's Lambda authorizer, of the TOKEN kind. It allows a
// request that has one of the API's tokens, and makes the token's name its principal.
// API Gateway calls it before anything else, and caches its answer for a while.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
package authorize

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/takeup/takeup/internal/api/tokens"
	"github.com/takeup/takeup/internal/video"
)

// Secret is the secret of the API's tokens.
type Secret interface {
	// Current returns its value as it was last read.
	Current(context.Context) (video.Key, error)
	// Reread reads its value again.
	Reread(context.Context) (video.Key, error)
}

// Unauthorized refuses a request. API Gateway answers 401 to an error with exactly
// this text, and 500 to every other.
type Unauthorized struct{}

func (*Unauthorized) Error() string { return "Unauthorized" }

// BadMethod says that an event doesn't name a method of an API.
type BadMethod struct{ ARN string }

func (e *BadMethod) Error() string {
	return fmt.Sprintf("%.200q is not the ARN of an API's method; this function answers API Gateway's TOKEN authorizer events", e.ARN)
}

// Authorizer decides who may call the API. It is safe for concurrent use.
type Authorizer struct {
	secret Secret
	every  time.Duration
	now    func() time.Time
	log    *slog.Logger

	mu   sync.Mutex
	read time.Time
}

// New returns an Authorizer that reads the secret at most once in every. So a new token
// works, and a revoked one stops working, within that time. It never reads more often,
// so that nobody can exhaust Secrets Manager's rate by guessing tokens.
func New(secret Secret, every time.Duration, now func() time.Time, log *slog.Logger) *Authorizer {
	return &Authorizer{secret: secret, every: every, now: now, log: log}
}

// Handle is the Lambda handler. Its policy allows the whole stage, so that API Gateway
// can cache it for all routes. The error is an *Unauthorized, a *BadMethod, a
// *tokens.Malformed, or one of Secrets Manager: only the first says anything about the
// caller.
func (a *Authorizer) Handle(ctx context.Context, event events.APIGatewayCustomAuthorizerRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
	owner := ""
	stage, err := wholeStage(event.MethodArn)
	if err == nil {
		owner, err = a.owner(ctx, event.AuthorizationToken)
	}
	if err != nil {
		a.log.WarnContext(ctx, "authorize", "allowed", false, "error", err.Error())
		return events.APIGatewayCustomAuthorizerResponse{}, err
	}
	a.log.InfoContext(ctx, "authorize", "allowed", true, "owner", owner)
	return events.APIGatewayCustomAuthorizerResponse{
		PrincipalID: owner,
		PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{
			Version: "2012-10-17",
			Statement: []events.IAMPolicyStatement{
				{Action: []string{"execute-api:Invoke"}, Effect: "Allow", Resource: []string{stage}},
			},
		},
	}, nil
}

// owner returns the name of the token in a header.
func (a *Authorizer) owner(ctx context.Context, header string) (string, error) {
	scheme, token, _ := strings.Cut(header, " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", &Unauthorized{}
	}
	held, err := a.held(ctx)
	if err != nil {
		return "", err
	}
	known, err := tokens.Parse(held.Value)
	if err != nil {
		return "", err
	}
	owner, ok := known.Owner(token)
	if !ok {
		return "", &Unauthorized{}
	}
	return owner, nil
}

// held returns the secret's value, read no longer ago than every.
func (a *Authorizer) held(ctx context.Context) (video.Key, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.now().Sub(a.read) < a.every {
		return a.secret.Current(ctx)
	}
	key, err := a.secret.Reread(ctx)
	if err == nil {
		a.read = a.now()
	}
	return key, err
}

// wholeStage returns the ARN of all methods of a stage, given that of one:
// arn:aws:execute-api:region:account:api/stage/METHOD/path.
func wholeStage(method string) (string, error) {
	parts := strings.SplitN(method, "/", 3)
	if len(parts) < 3 || !strings.Contains(parts[0], ":execute-api:") || parts[1] == "" {
		return "", &BadMethod{ARN: method}
	}
	return parts[0] + "/" + parts[1] + "/*", nil
}
