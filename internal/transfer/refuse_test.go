package transfer_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/takeup/takeup/internal/s3fake"
	"github.com/takeup/takeup/internal/transfer"
)

func TestNotAVideo(t *testing.T) {
	head := append(box("ftyp", []byte("isom")), box("moov", nil)...)
	long := append(bytes.Clone(head), box("mdat", make([]byte, 100))...)
	binary.BigEndian.PutUint32(long[len(head):], 1000)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(mp4(mib)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		body   []byte
		header string
	}{
		"a page":                  {body: []byte("<html><body>expired</body></html>")},
		"empty":                   {body: nil},
		"no moov":                 {body: append(box("ftyp", nil), box("mdat", make([]byte, 100))...)},
		"no mdat":                 {body: head},
		"its last box is longer":  {body: long},
		"a large file of no kind": {body: bytes.Repeat([]byte("takeup!\n"), 20*mib/8)},
		"large, and a box beyond": {body: append(mp4(20*mib), 0, 0, 1, 0, 'f', 'r', 'e', 'e')},
		"packed":                  {body: packed.Bytes(), header: "gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, func(w http.ResponseWriter, r *http.Request) {
				if c.header != "" {
					w.Header().Set("Content-Encoding", c.header)
				}
				serve(c.body, false)(w, r)
			}, 1<<30)
			_, err := s.copy(t.Context())
			s.nothing(t, err)
			if !rejected(err) {
				t.Errorf("it isn't rejected: %v", err)
			}
		})
	}
}

func TestTooLarge(t *testing.T) {
	for _, size := range []int{mib, 20 * mib} {
		body := mp4(size)
		for _, chunked := range []bool{false, true} {
			s := start(t, serve(body, chunked), int64(size)-1)
			_, err := s.copy(t.Context())
			s.nothing(t, err)
			if !rejected(err) {
				t.Errorf("%d bytes, chunked %v: %v", size, chunked, err)
			}
			if !chunked && len(s.fake.Calls()) != 0 {
				t.Errorf("its length was known; calls %v", s.fake.Calls())
			}
		}
	}
	// A source without an end is given up at the limit.
	s := start(t, func(w http.ResponseWriter, _ *http.Request) {
		send(w, mp4(1000))
		for part := box("free", make([]byte, mib)); ; {
			if _, err := w.Write(part); err != nil {
				return
			}
		}
	}, 30*mib)
	_, err := s.copy(t.Context())
	s.nothing(t, err)
	if !rejected(err) {
		t.Errorf("without an end: %v", err)
	}
}

// A source that says no may say yes another time.
func TestSourceFailing(t *testing.T) {
	for _, status := range []int{201, 204, 206, 304, 400, 401, 403, 404, 410, 416, 429, 500, 502, 503, 504} {
		s := start(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }, 1<<30)
		_, err := s.copy(t.Context())
		s.nothing(t, err)
		if rejected(err) || !strings.Contains(err.Error(), strconv.Itoa(status)) {
			t.Errorf("%d: %v", status, err)
		}
	}
	for name, source := range map[string]http.HandlerFunc{
		"no answer": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"no HTTP": func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			_, _ = fmt.Fprintf(conn, "%s\r\n\r\n", r.URL)
			_ = conn.Close()
		},
		"redirect to nowhere": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "https://cdn.example/%zz?"+r.URL.RawQuery)
			w.WriteHeader(http.StatusFound)
		},
		"redirect without a place": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusFound) },
	} {
		s := start(t, source, 1<<30)
		_, err := s.copy(t.Context())
		s.nothing(t, err)
		if rejected(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRedirects(t *testing.T) {
	body := mp4(mib)
	for hops := range 6 {
		var asked atomic.Int64
		s := start(t, func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			if r.Header.Get("Referer") != "" {
				t.Errorf("it tells where it comes from: %s", r.Header.Get("Referer"))
			}
			n, _ := strconv.Atoi(r.URL.Query().Get("n")) // the first has none: 0
			if n < hops {
				http.Redirect(w, r, fmt.Sprintf("/v.mp4?n=%d&%s", n+1, secret), http.StatusFound)
				return
			}
			serve(body, false)(w, r)
		}, 1<<30)
		_, err := s.copy(t.Context())
		if hops <= 3 {
			if err != nil {
				t.Errorf("%d redirects: %v", hops, err)
			}
			continue
		}
		s.nothing(t, err)
		if !rejected(err) || asked.Load() != 4 {
			t.Errorf("%d redirects: %v, asked %d times", hops, err, asked.Load())
		}
	}
}

// A file may not redirect to where it may not come from.
func TestRedirectsToForbiddenPlaces(t *testing.T) {
	for _, place := range []string{
		"https://10.0.0.1/x", "https://169.254.169.254/latest/meta-data/", "https://[::ffff:10.0.0.1]/x", "https://192.168.1.1:8443/x", "https://0.0.0.0/x",
		"http://10.0.0.1/x", "http://cdn.example/x", "http://localhost/x", "ftp://cdn.example/x", "file:///etc/passwd", "https://user@cdn.example/x", "https://user:word@cdn.example/x",
		"//10.0.0.1/x",
	} {
		s := start(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", place+"?"+r.URL.RawQuery)
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, 1<<30)
		_, err := s.copy(t.Context())
		s.nothing(t, err)
		if !rejected(err) {
			t.Errorf("%s: %v", place, err)
		}
	}
}

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
	if n := connections.Load(); n != 0 || len(fake.Calls()) != 0 {
		t.Errorf("%d connections were made, and the calls %v", n, fake.Calls())
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
