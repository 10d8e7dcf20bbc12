package gateway

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"time"
)

// Front is an S3 that takes a whole body or none, like Amazon's: it forwards a request to the
// Gateway once its whole body has arrived. The Gateway itself would store the beginning of a PUT
// that broke off. Front writes each body to a file first, so nothing is timed through it.
type Front struct {
	URL  string // the endpoint; the certificate is the Gateway's
	http *http.Server
}

// Front starts a Front. It serves until it is closed.
func (g *Gateway) Front() (*Front, error) {
	target, err := url.Parse(g.URL)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &Front{URL: "https://" + listener.Addr().String()}
	f.http = &http.Server{
		Handler: whole(g.dir, &httputil.ReverseProxy{
			Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(target)
				r.Out.Host = r.In.Host // the signature covers it
			},
			Transport: g.transport,
			ErrorLog:  silent(),
		}),
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          silent(),
	}
	go func() { _ = f.http.ServeTLS(listener, g.certificate.cert, g.certificate.key) }()
	return f, nil
}

// Close stops the server.
func (f *Front) Close() error { return f.http.Close() }

// silent discards what net/http logs about clients that go away, as most do here.
func silent() *log.Logger { return log.New(io.Discard, "", 0) }

// whole forwards a request once its body has arrived, from a file in dir.
func whole(dir string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := spool(dir, r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer body.Close()
		r.Body = body
		next.ServeHTTP(w, r)
	})
}

// spool reads a whole body into a file without a name.
func spool(dir string, body io.Reader) (_ *os.File, err error) {
	file, err := os.CreateTemp(dir, "body-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close())
		}
	}()
	if err := os.Remove(file.Name()); err != nil {
		return nil, err
	}
	if _, err := io.Copy(file, body); err != nil {
		return nil, fmt.Errorf("it broke off: %w", err)
	}
	_, err = file.Seek(0, io.SeekStart)
	return file, err
}
