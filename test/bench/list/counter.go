package list

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"
)

// counter is a proxy between a stack's functions and AWS. It counts the calls of one function,
// which the SDK names in the User-Agent.
type counter struct {
	address string
	server  *http.Server
	ended   chan error

	mu       sync.Mutex
	to       *url.URL
	function string
	calls    map[string]int // by operation
}

func newCounter() (*counter, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &counter{address: "http://" + listener.Addr().String(), ended: make(chan error, 1), calls: map[string]int{}}
	proxy := &httputil.ReverseProxy{
		Transport: &http.Transport{MaxIdleConnsPerHost: 64},
		Rewrite: func(r *httputil.ProxyRequest) {
			c.mu.Lock()
			defer c.mu.Unlock()
			r.SetURL(c.to)
			r.Out.Host = r.In.Host
		},
		// A function that is stopped closes its connections.
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	c.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.count(r)
		proxy.ServeHTTP(w, r)
	})}
	go func() { c.ended <- c.server.Serve(listener) }()
	return c, nil
}

// sendTo sets where calls go, and whose are counted, by AWS's name of the function. It must be
// called before the first call.
func (c *counter) sendTo(address, function string) error {
	to, err := url.Parse(address)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.to, c.function = to, function
	return err
}

func (c *counter) count(r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.function != "" && strings.Contains(r.UserAgent(), "app/"+c.function) {
		c.calls[operation(r)]++
	}
}

// operation names a call, such as Query or StartExecution. S3's requests don't name theirs.
func operation(r *http.Request) string {
	if _, name, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		return name
	}
	return r.Method + " of S3"
}

// take returns the calls since the last take.
func (c *counter) take() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := maps.Clone(c.calls)
	clear(c.calls)
	return taken
}

func (c *counter) close() error {
	err := c.server.Shutdown(context.Background())
	if ended := <-c.ended; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

func sum(calls map[string]int) int {
	n := 0
	for _, count := range calls {
		n += count
	}
	return n
}
