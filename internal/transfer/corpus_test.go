package transfer_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/takeup/takeup/internal/s3fake"
	"github.com/takeup/takeup/internal/transfer"
)

// listen counts the connections to a port of this machine.
func listen(t *testing.T) (string, *atomic.Int64) {
	t.Helper()
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port, &connections
}

func TestForbiddenAddresses(t *testing.T) {
	// Every name resolves to this machine, as it would for an attacker's own
	// name, and for the spellings of 127.0.0.1 that a resolver takes.
	resolve(t, [4]byte{127, 0, 0, 1})
	port, connections := listen(t)
	fake := s3fake.New(t)
	copier := transfer.New(fake.Client(), transfer.Config{Bucket: bucket, MaxBytes: 1 << 30})
	for _, address := range []string{
		"https://127.0.0.1:PORT/x", "https://127.1.2.3:PORT/x", "https://[::ffff:127.0.0.1]:PORT/x", "https://[::ffff:7f00:1]:PORT/x",
		"https://2130706433:PORT/x", "https://0x7f000001:PORT/x", "https://0x7f.1:PORT/x", "https://127.1:PORT/x", "https://017700000001:PORT/x", "https://127.0.0.1.:PORT/x",
		"https://cdn.example.:PORT/x", "https://localtest.example.:PORT/x", "https://localhost:PORT/x", "HTTPS://127.0.0.1:PORT/x",
		"https://10.0.0.1/x", "https://172.16.0.1/x", "https://192.168.0.1/x", "https://100.64.0.1/x", "https://169.254.169.254/x", "https://169.254.170.2/x", "https://0.0.0.0:PORT/x",
		"https://[::ffff:169.254.169.254]/x", "https://224.0.0.1/x", "https://255.255.255.255/x",
		"http://127.0.0.1:PORT/x", "http://8.8.8.8/x", "http://cdn.example/x", "ftp://cdn.example/x", "file:///etc/passwd", "/x", "x", "", "://", "https://[::1", "https://cdn.example:port/x",
		"https://user@127.0.0.1:PORT/x", "https://user:word@cdn.example/x", "https://@cdn.example/x",
	} {
		_, err := copier.Copy(t.Context(), at(strings.ReplaceAll(address, "PORT", port)+"?"+secret), key)
		if !rejected(err) {
			t.Errorf("%s isn't rejected: %v", address, err)
		}
		if err != nil && strings.Contains(err.Error(), "ks") {
			t.Errorf("the error shows the address: %v", err)
		}
	}
	if n := connections.Load(); n != 0 || len(fake.Keys(bucket)) != 0 {
		t.Errorf("%d connections were made, and there is %v", n, fake.Keys(bucket))
	}
}

// With loopback allowed, nothing else is.
func TestLoopbackAllowed(t *testing.T) {
	resolve(t, [4]byte{10, 0, 0, 1})
	fake := s3fake.New(t)
	copier := transfer.New(fake.Client(), transfer.Config{Bucket: bucket, MaxBytes: 1 << 30, Loopback: true})
	for _, address := range []string{
		"http://localhost/x", "http://cdn.example/x", "http://10.0.0.1/x", "http://127.0.0.1.example/x", "http://user@127.0.0.1/x", "http://8.8.8.8/x",
		"https://10.0.0.1/x", "https://169.254.169.254/x", "https://cdn.example./x",
	} {
		if _, err := copier.Copy(t.Context(), at(address+"?"+secret), key); !rejected(err) {
			t.Errorf("%s isn't rejected: %v", address, err)
		}
	}
}

// resolve has every name resolve to one address, without a network: it stands in
// for the DNS server that Go's resolver asks.
func resolve(t *testing.T, to [4]byte) {
	t.Helper()
	before := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = before })
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go answerDNS(server, to)
		return client, nil
	}}
}

// answerDNS answers questions in DNS over TCP's form (RFC 1035, 4.2.2) until the
// asker is gone: an A record for a question for one, none for others.
func answerDNS(conn net.Conn, to [4]byte) {
	defer conn.Close()
	for {
		var length [2]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(conn, query); err != nil {
			return
		}
		end := 12
		for query[end] != 0 {
			end += int(query[end]) + 1
		}
		question := query[12 : end+5]
		answers := byte(0)
		if kind := binary.BigEndian.Uint16(query[end+1:]); kind == 1 {
			answers = 1
		}
		reply := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, answers, 0, 0, 0, 0}, question...)
		if answers == 1 {
			reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
			reply = append(reply, to[:]...)
		}
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
			return
		}
	}
}
