// Package forward is a proxy between a stack's functions and AWS, which shows each call to the
// bench that counts it.
package forward

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Proxy forwards calls. It is safe for concurrent use.
type Proxy struct {
	// Address is where the functions send their calls to.
	Address string

	server *http.Server
	ended  chan error

	mu sync.Mutex
	to *url.URL
}

// New starts a Proxy on loopback, which calls see with each call before it forwards it. After an
// error of see it answers 400 instead. see may be called from many goroutines, and leaves the
// body to be read again.
func New(see func(*http.Request) error) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{Address: "http://" + listener.Addr().String(), ended: make(chan error, 1)}
	proxy := &httputil.ReverseProxy{
		Transport: &http.Transport{MaxIdleConnsPerHost: 256},
		Rewrite: func(r *httputil.ProxyRequest) {
			p.mu.Lock()
			defer p.mu.Unlock()
			r.SetURL(p.to)
			r.Out.Host = r.In.Host // the signature covers it
		},
		// A function that is stopped closes its connections.
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	p.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := see(r); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		proxy.ServeHTTP(w, r)
	})}
	go func() { p.ended <- p.server.Serve(listener) }()
	return p, nil
}

// SendTo sets where calls go. It must be called before the first one.
func (p *Proxy) SendTo(address string) error {
	to, err := url.Parse(address)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.to = to
	return err
}

// Close ends the proxy once no call is in progress.
func (p *Proxy) Close() error {
	err := p.server.Shutdown(context.Background())
	if ended := <-p.ended; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// Operation returns the operation that a call names, such as Query or StartExecution. S3's calls
// name none.
func Operation(r *http.Request) (string, bool) {
	_, name, ok := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return name, ok
}
