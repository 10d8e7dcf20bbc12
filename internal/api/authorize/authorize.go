// Package authorize lets the callers of the API in who have one of its tokens, and
// says who they are: the principal is the token's name. It is a
// Lambda authorizer of the TOKEN kind: API Gateway asks it before anything else,
// and keeps its answer for a while.
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

// Secret gives what the secret of the API's tokens holds.
type Secret interface {
	// Current gives it as it was last read.
	Current(context.Context) (video.Key, error)
	// Reread reads it anew.
	Reread(context.Context) (video.Key, error)
}

// Unauthorized refuses a caller. API Gateway answers 401 to an error of exactly
// this text, and 500 to every other.
type Unauthorized struct{}

func (*Unauthorized) Error() string { return "Unauthorized" }

// BadMethod says that an event names no method of an API.
type BadMethod struct{ ARN string }

func (e *BadMethod) Error() string {
	return fmt.Sprintf("%.200q is not the ARN of an API's method; this function answers API Gateway's TOKEN authorizer events", e.ARN)
}

// Authorizer knows the tokens. It is safe for concurrent use.
type Authorizer struct {
	secret Secret
	every  time.Duration
	now    func() time.Time
	log    *slog.Logger

	mu   sync.Mutex
	read time.Time
}

// New makes an Authorizer. It reads the secret anew once its reading is older than
// every: within that time a new token works and a revoked one stops working.
// It never reads more often, so that a guesser can't use up Secrets Manager's
// rate.
func New(secret Secret, every time.Duration, now func() time.Time, log *slog.Logger) *Authorizer {
	return &Authorizer{secret: secret, every: every, now: now, log: log}
}

// Handle is the Lambda handler. It gives a policy that allows the whole stage, so
// that API Gateway can keep the answer for all routes, or *Unauthorized. An error
// of Secrets Manager stays one, since it says nothing of the caller; so does a
// *tokens.Malformed.
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

// owner gives whose token a header has.
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

// held gives what the secret holds, by a reading that is younger than every.
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

// wholeStage makes of the ARN of a method,
// arn:aws:execute-api:region:account:api/stage/METHOD/path, that of all methods
// of its stage.
func wholeStage(method string) (string, error) {
	parts := strings.SplitN(method, "/", 3)
	if len(parts) < 3 || !strings.Contains(parts[0], ":execute-api:") || parts[1] == "" {
		return "", &BadMethod{ARN: method}
	}
	return parts[0] + "/" + parts[1] + "/*", nil
}
