package reply

import (
	"net/http"
	"strings"

	"github.com/takeup/takeup/internal/api"
)

// allowOrigin lets the pages of Origin read a response. The token is in a header that
// a page sets itself, not in a cookie: a page without it gets nothing to read.
func (a Replier) allowOrigin(h http.Header) {
	if a.Origin == "" {
		return
	}
	h.Set("Access-Control-Allow-Origin", a.Origin)
	h.Set("Access-Control-Expose-Headers", strings.Join([]string{api.RequestIDHeader, api.JobHeader, api.ExecutionHeader, "Retry-After"}, ", "))
	if a.Origin != "*" {
		h.Set("Vary", "Origin")
	}
}

// Options answers OPTIONS with the methods that a path takes, and a preflight of a
// page of Origin with leave to use them.
func (a Replier) Options(allowed []string) func(*http.Request) Response {
	return func(r *http.Request) Response {
		header := map[string]string{"Allow": strings.Join(allowed, ", ")}
		if a.Origin != "" && r.Header.Get("Access-Control-Request-Method") != "" {
			header["Access-Control-Allow-Methods"] = strings.Join(allowed, ", ")
			header["Access-Control-Allow-Headers"] = "Authorization, Content-Type, " + api.IdempotencyKeyHeader
			header["Access-Control-Max-Age"] = "600"
		}
		return Response{Status: http.StatusNoContent, Header: header}
	}
}
