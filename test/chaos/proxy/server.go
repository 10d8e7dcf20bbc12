package proxy

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/takeup/takeup/test/chaos/faults"
)

// refusal is how long a server refuses connections: longer than a series of retries, so that
// some calls fail for it.
const refusal = 700 * time.Millisecond

// Server is a server on loopback that closes its listener for a moment now and then, so that
// connections are refused.
type Server struct {
	address string
	server  *http.Server
	plan    *faults.Plan

	mu       sync.Mutex
	listener net.Listener
	ended    chan struct{} // closed by Close
	done     chan struct{} // closed when serve has returned
}

// Listen starts a server. By its plan, it refuses connections for a moment after some number of
// them. Without a plan it never does.
func Listen(handler http.Handler, p *faults.Plan) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &Server{
		address: l.Addr().String(), plan: p, listener: l, ended: make(chan struct{}), done: make(chan struct{}),
		server: &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute},
	}
	go f.serve()
	return f, nil
}

// URL returns the server's address.
func (f *Server) URL() string { return "http://" + f.address }

// serve serves until Close, with a new listener after each refusal.
func (f *Server) serve() {
	defer close(f.done)
	for n := 0; ; n++ {
		f.mu.Lock()
		l := f.listener
		f.mu.Unlock()
		if f.plan != nil {
			l = &counted{Listener: l, left: 60 + int(200*f.plan.Roll("front", n))}
		}
		_ = f.server.Serve(l) // returns when the listener is closed, by its count or by Close
		if f.plan != nil {
			f.plan.Note("connection", "refused for a moment", "")
			f.pause(refusal)
		}
		if !f.reopen() {
			return
		}
	}
}

// reopen listens at the same address again, unless the server was closed.
func (f *Server) reopen() bool {
	for range 100 {
		if f.listen() {
			return true
		}
		if !f.pause(20 * time.Millisecond) {
			return false
		}
	}
	return false
}

// listen tries once. A closed server stays closed.
func (f *Server) listen() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.ended:
		return false
	default:
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", f.address)
	if err == nil {
		f.listener = l
	}
	return err == nil
}

// pause waits, unless the server is closed before.
func (f *Server) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-f.ended:
		return false
	case <-timer.C:
		return true
	}
}

// Close closes the server and all its connections.
func (f *Server) Close() error {
	f.mu.Lock()
	close(f.ended)
	err := f.listener.Close()
	f.mu.Unlock()
	err = errors.Join(err, f.server.Close())
	<-f.done
	if errors.Is(err, net.ErrClosed) {
		return nil // it is refusing connections
	}
	return err
}

// counted is a listener that closes itself after a number of connections.
type counted struct {
	net.Listener
	left int
}

// Accept implements net.Listener.
func (c *counted) Accept() (net.Conn, error) {
	if c.left--; c.left < 0 {
		return nil, errors.Join(net.ErrClosed, c.Listener.Close())
	}
	return c.Listener.Accept()
}
