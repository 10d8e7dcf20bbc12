// Package relay lets programs in a container reach ports of the host's loopback under the same
// addresses. The host listens on a Unix socket for each port, in a directory that the container
// mounts. The container listens on 127.0.0.1 for each socket that it finds there. So an address
// such as http://127.0.0.1:4566 means the same on both sides, no port of the host is opened to a
// network, and neither the container's network nor a firewall matters.
package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

const extension = ".sock"

// Relay forwards connections until it is closed.
type Relay struct {
	listeners []net.Listener
	ctx       context.Context
	cancel    context.CancelFunc
	all       sync.WaitGroup
}

// Host forwards from the sockets <port>.sock, which it creates in dir, to the ports of
// 127.0.0.1. Any user may connect to the sockets, unless the permissions of the directory above
// dir prevent it.
func Host(dir string, ports []int) (*Relay, error) {
	r := newRelay()
	for _, port := range ports {
		path := shorter(filepath.Join(dir, strconv.Itoa(port)+extension))
		// A killed process may have left a socket.
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, errors.Join(err, r.Close())
		}
		if err := r.forward("unix", path, "tcp", loopback(port)); err != nil {
			return nil, errors.Join(err, r.Close())
		}
		if err := os.Chmod(path, 0o666); err != nil {
			return nil, errors.Join(err, r.Close())
		}
	}
	return r, nil
}

// Container forwards from ports of 127.0.0.1 to the sockets that Host created in dir.
func Container(dir string) (*Relay, error) {
	sockets, err := filepath.Glob(filepath.Join(dir, "*"+extension))
	if err != nil {
		return nil, err
	}
	r := newRelay()
	for _, socket := range sockets {
		port, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(socket), extension))
		if err != nil {
			continue
		}
		if err := r.forward("tcp", loopback(port), "unix", socket); err != nil {
			return nil, errors.Join(fmt.Errorf("port %d is in use in the container: %w", port, err), r.Close())
		}
	}
	return r, nil
}

func newRelay() *Relay {
	r := &Relay{}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// Close closes the relay and its connections, and removes its sockets.
func (r *Relay) Close() error {
	r.cancel()
	var errs []error
	for _, listener := range r.listeners {
		errs = append(errs, listener.Close())
	}
	r.all.Wait()
	return errors.Join(errs...)
}

// forward listens on one address and connects each connection to another.
func (r *Relay) forward(network, address, toNetwork, to string) error {
	listener, err := net.Listen(network, address)
	if err != nil {
		return fmt.Errorf("relay: %w", err)
	}
	r.listeners = append(r.listeners, listener)
	r.all.Go(func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return // closed
			}
			r.all.Go(func() { r.join(from, toNetwork, to) })
		}
	})
	return nil
}

// join copies in both directions until both have ended. If nothing listens on the other side, it
// closes the connection.
func (r *Relay) join(from net.Conn, network, address string) {
	defer from.Close()
	to, err := new(net.Dialer).DialContext(r.ctx, network, address)
	if err != nil {
		return
	}
	defer to.Close()
	stop := context.AfterFunc(r.ctx, func() { _, _ = from.Close(), to.Close() })
	defer stop()
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
		both.Go(func() {
			_, _ = io.Copy(way[1], way[0]) // the other end sees the connection close
			if half, ok := way[1].(interface{ CloseWrite() error }); ok {
				_ = half.CloseWrite()
			}
		})
	}
	both.Wait()
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// shorter returns the relative path if that is shorter, since the path of a Unix socket is
// limited to 107 bytes.
func shorter(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if relative, err := filepath.Rel(here, path); err == nil && len(relative) < len(path) {
		return relative
	}
	return path
}
