package authorize_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/takeup/takeup/internal/api/authorize"
	"github.com/takeup/takeup/internal/api/tokens"
	"github.com/takeup/takeup/internal/video"
)

// secret counts how often it is read. Without JSON, it is alice's token.
type secret struct {
	value, kept string
	err         error
	reads       int
}

func (s *secret) Current(context.Context) (video.Key, error) {
	if s.kept == "" {
		return s.Reread(context.Background())
	}
	return video.Key{Value: s.kept}, nil
}

func (s *secret) Reread(context.Context) (video.Key, error) {
	s.reads++
	if s.err != nil {
		return video.Key{}, s.err
	}
	s.kept = s.value
	if s.kept != "" && s.kept[0] != '{' {
		s.kept = `{"alice":"` + s.kept + `"}`
	}
	return video.Key{Value: s.kept}, nil
}

const (
	method = "arn:aws:execute-api:eu-west-1:123456789012:abc123/takeup/GET/v2/video/generations"
	token  = "TheTokenOfTheApi0123456789"
)

type clock struct{ time.Time }

func (c *clock) now() time.Time { return c.Time }

func ask(a *authorize.Authorizer, header string) (events.APIGatewayCustomAuthorizerResponse, error) {
	return a.Handle(context.Background(), events.APIGatewayCustomAuthorizerRequest{Type: "TOKEN", AuthorizationToken: header, MethodArn: method})
}

func TestHandle(t *testing.T) {
	for header, allowed := range map[string]bool{
		"Bearer " + token:                  true,
		"bearer " + token:                  true,
		"Bearer   " + token + " ":          true,
		"Bearer " + token + "x":            false,
		"Bearer " + token[1:]:              false,
		"Bearer " + token + " " + token:    false,
		"Bearer":                           false,
		"Bearer ":                          false,
		"Basic " + token:                   false,
		token:                              false,
		"":                                 false,
		"Bearer " + strings.ToLower(token): false,
	} {
		var log bytes.Buffer
		c := &clock{time.Unix(1e9, 0)}
		a := authorize.New(&secret{value: token}, time.Minute, c.now, slog.New(slog.NewJSONHandler(&log, nil)))
		response, err := ask(a, header)
		if strings.Contains(log.String(), strings.TrimPrefix(header, "Bearer ")) && len(header) > 8 {
			t.Errorf("%q: the log has the token: %s", header, &log)
		}
		if !allowed {
			if err == nil || err.Error() != "Unauthorized" || response.PrincipalID != "" {
				t.Errorf("%q: got %+v, %v", header, response, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", header, err)
			continue
		}
		got, _ := json.Marshal(response)
		const want = `{"principalId":"alice","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":["execute-api:Invoke"],"Effect":"Allow",` +
			`"Resource":["arn:aws:execute-api:eu-west-1:123456789012:abc123/takeup/*"]}]}}`
		if string(got) != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
}

// The principal is the name of the token.
func TestOwner(t *testing.T) {
	c := &clock{time.Unix(1e9, 0)}
	s := &secret{value: `{"default":"` + token + `","bob":"bobs-token-0123456789"}`}
	a := authorize.New(s, time.Minute, c.now, slog.New(slog.DiscardHandler))
	for given, want := range map[string]string{token: "default", "bobs-token-0123456789": "bob"} {
		if got, err := ask(a, "Bearer "+given); err != nil || got.PrincipalID != want {
			t.Errorf("%s: %q, %v", want, got.PrincipalID, err)
		}
	}
}

func TestRotation(t *testing.T) {
	c, s := &clock{time.Unix(1e9, 0)}, &secret{value: token}
	a := authorize.New(s, time.Minute, c.now, slog.New(slog.DiscardHandler))
	check := func(value string, allowed bool) {
		t.Helper()
		if _, err := ask(a, "Bearer "+value); (err == nil) != allowed {
			t.Errorf("got %v, want allowed %v", err, allowed)
		}
	}
	check(token, true)
	s.value = "rotated-by-her-0123456789"
	for range 100 {
		check("a guess", false)
	}
	if s.reads != 1 {
		t.Errorf("%d readings within a minute", s.reads)
	}
	check(token, true)
	c.Time = c.Add(time.Minute)
	check(s.value, true)
	check(token, false)
	if s.reads != 2 {
		t.Errorf("%d readings in two minutes", s.reads)
	}
}

func TestSecretUnavailable(t *testing.T) {
	c := &clock{time.Unix(1e9, 0)}
	trouble := &video.ServiceUnavailable{Doing: "reading", Err: errors.New("throttled")}
	s := &secret{value: token, err: trouble}
	a := authorize.New(s, time.Minute, c.now, slog.New(slog.DiscardHandler))
	if _, err := ask(a, "Bearer "+token); !errors.Is(err, trouble) || err.Error() == "Unauthorized" {
		t.Errorf("got %v", err)
	}
	s.err = nil
	if _, err := ask(a, "Bearer "+token); err != nil {
		t.Errorf("after it: got %v", err)
	}
	s.kept, s.value, c.Time = "", "{not of tokens "+token, c.Add(time.Hour)
	var malformed *tokens.Malformed
	if _, err := ask(a, "Bearer "+token); !errors.As(err, &malformed) || strings.Contains(err.Error(), token) {
		t.Errorf("a malformed secret: got %v", err)
	}
	s.kept, s.value, c.Time = "", token, c.Add(time.Hour)
	for _, arn := range []string{"", "abc", "arn:aws:execute-api:eu-west-1:1:abc", "arn:aws:execute-api:eu-west-1:1:abc//GET", "arn:aws:s3:::a/b/c"} {
		var bad *authorize.BadMethod
		_, err := a.Handle(t.Context(), events.APIGatewayCustomAuthorizerRequest{AuthorizationToken: "Bearer " + token, MethodArn: arn})
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), "TOKEN") {
			t.Errorf("%q: got %v", arn, err)
		}
	}
}
