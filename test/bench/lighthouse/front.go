package lighthouse

import (
	"compress/gzip"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
)

// compress starts a proxy in front of the API that compresses what it answers, as API Gateway
// does and MiniStack doesn't.
func compress(target string) (address string, stop func(), err error) {
	to, err := url.Parse(target)
	if err != nil {
		return "", nil, err
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Header.Del("Accept-Encoding")
	}, ErrorLog: log.New(io.Discard, "", 0)} // a browser leaves while the page polls
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") || r.Method != http.MethodGet {
			proxy.ServeHTTP(w, r)
			return
		}
		packed := &packed{ResponseWriter: w}
		proxy.ServeHTTP(packed, r)
		packed.close()
	}))
	return server.URL, server.Close, nil
}

// packed compresses the body of an answer.
type packed struct {
	http.ResponseWriter
	zip *gzip.Writer
}

func (p *packed) WriteHeader(status int) {
	if status == http.StatusOK {
		p.Header().Del("Content-Length")
		p.Header().Set("Content-Encoding", "gzip")
		p.zip = gzip.NewWriter(p.ResponseWriter)
	}
	p.ResponseWriter.WriteHeader(status)
}

func (p *packed) Write(content []byte) (int, error) {
	if p.zip == nil {
		return p.ResponseWriter.Write(content)
	}
	return p.zip.Write(content)
}

func (p *packed) close() {
	if p.zip != nil {
		_ = p.zip.Close() // the browser may be gone
	}
}
