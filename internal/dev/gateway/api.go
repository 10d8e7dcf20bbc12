package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/dev/template"
)

// API Gateway's quotas for REST APIs.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
const (
	maxPayload         = 10 << 20
	integrationTimeout = 29 * time.Second
)

// API is an http.Handler that serves the stage of a REST API at the root.
type API struct {
	stage     *url.URL
	responses map[string]template.GatewayResponse
	now       func() time.Time
	transport http.RoundTripper
}

// NewAPI returns the API for the stage at a URL of MiniStack, with these gateway responses by
// type.
func NewAPI(stage *url.URL, responses map[string]template.GatewayResponse, now func() time.Time) *API {
	return &API{stage: stage, responses: responses, now: now, transport: newTransport()}
}

// newTransport keeps as many connections to MiniStack as there are clients.
func newTransport() *http.Transport {
	return &http.Transport{MaxIdleConnsPerHost: 100, IdleConnTimeout: time.Minute}
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength > maxPayload {
		a.answer(w, r, "REQUEST_TOO_LARGE", http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), integrationTimeout)
	defer cancel()
	in := r.WithContext(ctx)
	in.Body = http.MaxBytesReader(w, r.Body, maxPayload)
	proxy := httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(a.stage)
			p.Out.URL.RawQuery = p.In.URL.RawQuery // unchanged, even if it is malformed
		},
		Transport:      a.transport,
		ModifyResponse: func(response *http.Response) error { return a.translate(r, response) },
		ErrorHandler:   a.failed,
	}
	proxy.ServeHTTP(w, in)
}

// translate replaces replies of MiniStack itself. They have a header with an error type, which
// the API's own replies lack. 502 is MiniStack's reply for a function that failed.
func (a *API) translate(r *http.Request, response *http.Response) error {
	kind := response.Header.Get("X-Amzn-ErrorType")
	if kind == "" && response.StatusCode != http.StatusBadGateway {
		return nil
	}
	said, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	var given struct{ Message string }
	_ = json.Unmarshal(said, &given) // without a message it is empty
	id := response.Header.Get("X-Amzn-Requestid")
	status, header, body := a.render(r, id, responseType(kind), response.StatusCode, given.Message)
	response.StatusCode, response.Status = status, ""
	for name, value := range header {
		response.Header.Set(name, value)
	}
	response.Header.Set("Content-Length", strconv.Itoa(len(body)))
	response.ContentLength = int64(len(body))
	response.Body = io.NopCloser(strings.NewReader(body))
	return nil
}

// responseType returns the gateway response for an error type of MiniStack. Other types have the
// default of their status.
func responseType(errorType string) string {
	switch errorType {
	case "MissingAuthenticationTokenException":
		return "MISSING_AUTHENTICATION_TOKEN"
	case "UnauthorizedException":
		return "UNAUTHORIZED"
	case "AccessDeniedException":
		return "ACCESS_DENIED"
	case "TooManyRequestsException":
		return "THROTTLED"
	}
	return ""
}

// failed answers if MiniStack did not.
func (a *API) failed(w http.ResponseWriter, r *http.Request, err error) {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		a.answer(w, r, "REQUEST_TOO_LARGE", http.StatusRequestEntityTooLarge, "Request Entity Too Large")
	case errors.Is(err, context.DeadlineExceeded):
		a.answer(w, r, "INTEGRATION_TIMEOUT", http.StatusGatewayTimeout, "Endpoint request timed out")
	default:
		a.answer(w, r, "INTEGRATION_FAILURE", http.StatusGatewayTimeout, "Internal server error")
	}
}

func (a *API) answer(w http.ResponseWriter, r *http.Request, kind string, status int, message string) {
	status, header, body := a.render(r, "none", kind, status, message)
	for name, value := range header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, body) // the client may be gone
	}
}

// render returns the gateway response of a type, else the default of its status, or, if the
// template has neither, API Gateway's own.
func (a *API) render(r *http.Request, id, kind string, status int, message string) (int, map[string]string, string) {
	family := "DEFAULT_4XX"
	if status >= 500 {
		family = "DEFAULT_5XX"
	}
	response, ok := a.responses[kind]
	if !ok {
		response, ok = a.responses[family]
	}
	if !ok {
		response = template.GatewayResponse{Status: status, Template: `{"message":$context.error.messageString}`}
	}
	header := map[string]string{"Content-Type": "application/json"}
	for name, value := range response.Headers {
		header[name] = value
	}
	return response.Status, header, response.Body(template.GatewayContext{
		Path: r.URL.EscapedPath(), RequestID: id, Message: message, Time: a.now().UTC().Format("02/Jan/2006:15:04:05 +0000"),
	})
}
