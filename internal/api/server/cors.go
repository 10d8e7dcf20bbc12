package server

import (
	"net/http"
	"strings"
)

// allowOrigin lets the pages of another origin read a reply, where the operator
// chose so. The token is in a header that they send themselves, and not in a
// cookie: to read a reply a page must have the token.
func (a *API) allowOrigin(h http.Header) {
	if a.Origin == "" {
		return
	}
	h.Set("Access-Control-Allow-Origin", a.Origin)
	h.Set("Access-Control-Expose-Headers", "X-Request-Id, X-Inference-Id, X-Execution-Name, Retry-After")
	if a.Origin != "*" {
		h.Set("Vary", "Origin")
	}
}

// options says which methods a path takes; and to the browser of another origin,
// that its page may use them.
func (a *API) options(allowed []string) func(*http.Request) answer {
	return func(r *http.Request) answer {
		header := map[string]string{"Allow": strings.Join(allowed, ", ")}
		if a.Origin != "" && r.Header.Get("Access-Control-Request-Method") != "" {
			header["Access-Control-Allow-Methods"] = strings.Join(allowed, ", ")
			header["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Idempotency-Key"
			header["Access-Control-Max-Age"] = "600"
		}
		return answer{status: http.StatusNoContent, header: header}
	}
}
