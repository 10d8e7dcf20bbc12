package gateway

import (
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
)

// OneAuthentication refuses, as S3 does, a request that is authenticated by both its query and a
// header, such as a presigned URL with an Authorization header. It passes all others to next.
func OneAuthentication(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if r.Header.Get("Authorization") == "" || !query.Has("X-Amz-Algorithm") && !query.Has("Signature") {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusBadRequest)
		if r.Method != http.MethodHead {
			_, _ = io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified</Message><ArgumentName>Authorization</ArgumentName></Error>
`) // the client may be gone
		}
	})
}

// NewS3 returns a proxy to the S3 of MiniStack at that URL.
func NewS3(miniStack *url.URL) http.Handler {
	return OneAuthentication(&httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(miniStack)
			p.Out.URL.RawQuery = p.In.URL.RawQuery
			p.Out.Host = p.In.Host // the signature covers it
		},
		Transport: newTransport(),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			w.WriteHeader(http.StatusServiceUnavailable) // the client retries
		},
	})
}
