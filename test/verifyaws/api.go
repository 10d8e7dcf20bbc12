package verifyaws

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/takeup/takeup/internal/api"
)

func apiSteps() []step {
	return []step{
		{name: "page", checks: "the page is served with and without a slash, and HEAD has no body", run: (*stack).page},
		{name: "gzip", checks: "API Gateway compresses the page for who takes gzip", run: (*stack).gzip,
			elsewhere: "the local engine doesn't compress"},
		{name: "304", checks: "a page that is known is answered with 304", run: (*stack).unchanged},
		{name: "no token", checks: "no token, a wrong one and what is no token are 401 in the API's shape", run: (*stack).tokens, elsewhere: "the local engine doesn't play the template's gateway responses"},
		{name: "refusals", checks: "a wrong path and a wrong method are 404 and 405 in the API's shape", run: (*stack).refusals},
		{name: "odd paths", checks: "a path with %22 and one with %2F are 404 with a body that is JSON", run: (*stack).paths},
		{name: "large body", checks: "a body of 10 MB is refused with 413 in the API's shape", run: (*stack).large},
		{name: "CORS", checks: "OPTIONS and a 401 name the origin of ApiCorsOrigin, or none", run: (*stack).cors},
	}
}

// reply is a response of the API.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// ask sends a request with the token, unless a header overrides it.
func (s *stack) ask(ctx context.Context, method, path string, body []byte, headers ...string) (reply, error) {
	r, err := http.NewRequestWithContext(ctx, method, s.api+path, bytes.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	r.Header.Set("Accept-Encoding", "identity")
	if len(body) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Del(name)
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	return s.send(r)
}

func (s *stack) send(r *http.Request) (reply, error) {
	response, err := s.http.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 8<<20))
	return reply{response.StatusCode, response.Header, text}, err
}

// refusal returns an error unless a response has that status and the API's shape.
func (r reply) refusal(want int) error {
	var shape api.Error
	if err := json.Unmarshal(r.body, &shape); err != nil || r.status != want || shape.StatusCode != want || shape.Message.String() == "" || shape.RequestID == "" {
		return otherwise("%d, %.300q", r.status, r.body)
	}
	return nil
}

func (s *stack) page(ctx context.Context) (string, error) {
	for _, path := range []string{"/", ""} {
		got, err := s.ask(ctx, http.MethodGet, path, nil, "Authorization: ")
		if err != nil {
			return "", err
		}
		if got.status != http.StatusOK || !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
			return "", otherwise("the page at %q: %d, %s", path, got.status, got.header.Get("Content-Type"))
		}
	}
	got, err := s.ask(ctx, http.MethodHead, "/", nil, "Authorization: ")
	if err == nil && (got.status != http.StatusOK || len(got.body) > 0) {
		err = otherwise("HEAD: %d, %d bytes", got.status, len(got.body))
	}
	return "200, three times", err
}

func (s *stack) gzip(ctx context.Context) (string, error) {
	got, err := s.ask(ctx, http.MethodGet, "/", nil, "Authorization: ", "Accept-Encoding: gzip")
	if err == nil && got.header.Get("Content-Encoding") != "gzip" {
		err = otherwise("%d, Content-Encoding %q", got.status, got.header.Get("Content-Encoding"))
	}
	return fmt.Sprintf("%d bytes of gzip", len(got.body)), err
}

func (s *stack) unchanged(ctx context.Context) (string, error) {
	got, err := s.ask(ctx, http.MethodGet, "/", nil, "Authorization: ")
	if err != nil {
		return "", err
	}
	tag := got.header.Get("ETag")
	if tag == "" {
		return "", otherwise("the page has no ETag")
	}
	got, err = s.ask(ctx, http.MethodGet, "/", nil, "Authorization: ", "If-None-Match: "+tag)
	if err == nil && got.status != http.StatusNotModified {
		err = otherwise("%d", got.status)
	}
	return "304 for " + tag, err
}

func (s *stack) tokens(ctx context.Context) (string, error) {
	for _, header := range []string{"Authorization: ", "Authorization: Bearer wrong" + s.token, "Authorization: Basic abc"} {
		got, err := s.ask(ctx, http.MethodGet, "/videos", nil, header)
		if err != nil {
			return "", err
		}
		if err := got.refusal(http.StatusUnauthorized); err != nil {
			return "", err
		}
	}
	return "401, three times", nil
}

func (s *stack) refusals(ctx context.Context) (string, error) {
	for _, test := range []struct {
		method, path string
		want         int
	}{
		{http.MethodGet, "/v9/videos", http.StatusNotFound},
		{http.MethodPut, api.GenerationsPath, http.StatusMethodNotAllowed},
		{http.MethodPatch, "/videos", http.StatusMethodNotAllowed},
	} {
		got, err := s.ask(ctx, test.method, test.path, nil)
		if err != nil {
			return "", err
		}
		if err := got.refusal(test.want); err != nil {
			return "", fmt.Errorf("%s %s: %w", test.method, test.path, err)
		}
	}
	return "404, 405, 405", nil
}

func (s *stack) paths(ctx context.Context) (string, error) {
	for _, path := range []string{"/videos/a%22b", "/videos/a%2Fb"} {
		got, err := s.ask(ctx, http.MethodGet, path, nil)
		if err != nil {
			return "", err
		}
		if err := got.refusal(http.StatusNotFound); err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
	}
	return "404, twice", nil
}

func (s *stack) large(ctx context.Context) (string, error) {
	body := []byte(`{"prompt":"` + strings.Repeat("a", 10<<20+1) + `"}`)
	got, err := s.ask(ctx, http.MethodPost, api.GenerationsPath, body)
	if err == nil {
		err = got.refusal(http.StatusRequestEntityTooLarge)
	}
	return "413", err
}

func (s *stack) cors(ctx context.Context) (string, error) {
	return s.originIs(ctx, s.parameters["ApiCorsOrigin"])
}

// originIs checks what the function and API Gateway itself answer to a page of another origin.
func (s *stack) originIs(ctx context.Context, want string) (string, error) {
	origin := want
	if want == "" || want == "*" {
		origin = "https://verify-aws.example"
	}
	for _, test := range []struct {
		method string
		header string
	}{{http.MethodOptions, "Access-Control-Request-Method: GET"}, {http.MethodGet, "X-Verify: 1"}} {
		got, err := s.ask(ctx, test.method, "/videos", nil, "Authorization: ", "Origin: "+origin, test.header)
		if err != nil {
			return "", err
		}
		if told := got.header.Get("Access-Control-Allow-Origin"); told != want {
			return "", otherwise("%s: %d, Access-Control-Allow-Origin is %q and not %q", test.method, got.status, told, want)
		}
	}
	return fmt.Sprintf("Access-Control-Allow-Origin is %q", want), nil
}
