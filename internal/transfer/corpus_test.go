package transfer_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/takeup/takeup/internal/bucket/s3test"
	"github.com/takeup/takeup/internal/transfer"
)

// spellings writes an IPv4 address in all forms that a URL parser or a resolver may accept.
func spellings(address string) []string {
	b := netip.MustParseAddr(address).As4()
	n := binary.BigEndian.Uint32(b[:])
	return []string{
		address,
		address + ".",
		fmt.Sprint(n),
		fmt.Sprintf("0x%08x", n),
		fmt.Sprintf("0%o", n),
		fmt.Sprintf("0x%x.0x%x.0x%x.0x%x", b[0], b[1], b[2], b[3]),
		fmt.Sprintf("0%o.0%o.0%o.0%o", b[0], b[1], b[2], b[3]),
		fmt.Sprintf("%d.%d", b[0], n&0xffffff),
		fmt.Sprintf("%d.%d.%d", b[0], b[1], n&0xffff),
		fmt.Sprintf("[::ffff:%s]", address),
		fmt.Sprintf("[::ffff:%x:%x]", n>>16, n&0xffff),
		fmt.Sprintf("[0:0:0:0:0:ffff:%s]", address),
		fmt.Sprintf("[::%s]", address),
		fmt.Sprintf("[::ffff:0:%x:%x]", n>>16, n&0xffff),
		fmt.Sprintf("[64:ff9b::%s]", address),
		fmt.Sprintf("[64:ff9b:1::%s]", address),
		fmt.Sprintf("[2002:%x:%x::1]", n>>16, n&0xffff),
		fmt.Sprintf("[2001:0:0:0:0:0:%x:%x]", ^n>>16, ^n&0xffff), // Teredo
		strings.ReplaceAll(address, ".", "%2e"),
		strings.ReplaceAll(address, ".", "\u3002"),
		strings.NewReplacer("0", "\uff10", "1", "\uff11", "2", "\uff12", "6", "\uff16", "9", "\uff19").Replace(address),
	}
}

// forbidden lists URLs from which no video may be fetched. PORT stands for a port on which this
// machine listens.
func forbidden() []string {
	var urls []string
	add := func(hosts ...string) {
		for _, host := range hosts {
			urls = append(urls, "https://"+host+"/x", "https://"+host+":PORT/x")
		}
	}
	for _, address := range []string{"127.0.0.1", "169.254.169.254", "10.0.0.1", "192.168.1.1", "172.16.0.1", "0.0.0.0"} {
		add(spellings(address)...)
	}
	add(
		"127.1.2.3", "127.255.255.254", "100.64.0.1", "169.254.170.2", "169.254.169.253", "192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
		"224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "0.1.2.3", "172.31.255.254",
		"[::1]", "[::]", "[fe80::1]", "[fe80::1%25lo]", "[fc00::1]", "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]", "[3fff::1]", "[100::1]", "[5f00::1]",
		// Names that resolve to a forbidden address in the test.
		"localhost", "LOCALHOST", "localhost.", "localhost.localdomain", "ip6-localhost", "cdn.example", "cdn.example.", "metadata.google.internal", "instance-data.ec2.internal",
		"127.0.0.1.cdn.example", "xn--cdn-9na.example", "_cdn.example", "user@127.0.0.1", "user:word@cdn.example", "@cdn.example", "cdn.example@127.0.0.1",
	)
	return append(urls,
		"http://127.0.0.1:PORT/x", "http://8.8.8.8/x", "http://cdn.example/x", "HTTP://cdn.example/x", "ftp://cdn.example/x", "ws://cdn.example/x", "wss://cdn.example/x",
		"file:///etc/passwd", "file://127.0.0.1/etc/passwd", "gopher://127.0.0.1:PORT/x", "unix:///var/run/docker.sock", "data:video/mp4;base64,AAAA", "javascript:alert(1)", "s3://videos/x",
		"//127.0.0.1:PORT/x", "/x", "x", "", "://", "https:", "https://", "https:///x", "https://:PORT/x", "https:127.0.0.1", "https:/127.0.0.1/x", `https:\\127.0.0.1\x`,
		"https://[::1", "https://::1/x", "https://cdn.example:port/x", "https://cdn.example:99999/x", "https://cdn exa.example/x", "https://127.0.0.1\n/x", "https://%zz/x", "https://[127.0.0.1]/x", "https://[v1.x]/x",
	)
}

// listen listens on a port of this machine, and counts the connections.
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

// No connection is made to a forbidden URL, whatever the form of its host, and whatever the host
// resolves to.
func TestForbiddenURLs(t *testing.T) {
	urls := forbidden()
	if len(urls) < 200 {
		t.Fatalf("%d URLs are too few", len(urls))
	}
	port, connections := listen(t)
	for _, to := range []string{"127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "fd00:ec2::254", "::ffff:127.0.0.1", "64:ff9b::7f00:1"} {
		resolve(t, netip.MustParseAddr(to))
		fake := s3test.New(t)
		copier := transfer.New(fake.Client(), transfer.Config{Bucket: bucket, MaxBytes: 1 << 30, Timeouts: quick(oneRequest)})
		copier.OnConnect(func(conn net.Conn) {
			connections.Add(1)
			t.Errorf("connected to %s", conn.RemoteAddr())
		})
		for _, url := range urls {
			url = strings.ReplaceAll(url, "PORT", port)
			_, err := copier.Copy(t.Context(), at(url+"?"+secret), key)
			if !rejected(err) {
				t.Fatalf("%q isn't rejected: %v", url, err)
			}
			if strings.Contains(err.Error(), "ks") {
				t.Errorf("the error shows the address: %v", err)
			}
		}
		if len(fake.Keys(bucket)) != 0 {
			t.Errorf("it stored %v", fake.Keys(bucket))
		}
	}
	if n := connections.Load(); n != 0 {
		t.Errorf("%d connections were made", n)
	}
	t.Logf("%d URLs", len(urls))
}

func TestRedirectsToForbiddenURLs(t *testing.T) {
	resolve(t, netip.MustParseAddr("127.0.0.1"))
	port, connections := listen(t)
	fake := s3test.New(t)
	for _, url := range forbidden() {
		url = strings.ReplaceAll(url, "PORT", port)
		copier := transfer.New(fake.Client(), transfer.Config{Bucket: bucket, MaxBytes: 1 << 30, Timeouts: quick(oneRequest)})
		copier.OnConnect(func(conn net.Conn) { connections.Add(1) })
		copier.AnswerHost("first.example", redirecting(url))
		_, err := copier.Copy(t.Context(), at("https://first.example/v.mp4?"+secret), key)
		setup{fake: fake}.nothing(t, err)
	}
	if n := connections.Load(); n != 0 {
		t.Errorf("%d connections were made", n)
	}
}

// redirecting answers each request with a redirect.
type redirecting string

// RoundTrip implements http.RoundTripper.
func (to redirecting) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	w.Header().Set("Location", string(to)+"?"+r.URL.RawQuery)
	w.WriteHeader(http.StatusTemporaryRedirect)
	return w.Result(), nil
}

// Loopback allows no other addresses.
func TestLoopbackAllowed(t *testing.T) {
	resolve(t, netip.MustParseAddr("10.0.0.1"))
	fake := s3test.New(t)
	copier := transfer.New(fake.Client(), transfer.Config{Bucket: bucket, MaxBytes: 1 << 30, Loopback: true, Timeouts: quick(oneRequest)})
	for _, address := range []string{
		"http://localhost/x", "http://cdn.example/x", "http://10.0.0.1/x", "http://127.0.0.1.example/x", "http://user@127.0.0.1/x", "http://8.8.8.8/x",
		"https://10.0.0.1/x", "https://169.254.169.254/x", "https://cdn.example./x",
	} {
		if _, err := copier.Copy(t.Context(), at(address+"?"+secret), key); !rejected(err) {
			t.Errorf("%s isn't rejected: %v", address, err)
		}
	}
}

// resolve makes every name resolve to one address. It replaces the DNS server of Go's resolver.
func resolve(t *testing.T, to netip.Addr) {
	t.Helper()
	before := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = before })
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go answerDNS(server, to)
		return client, nil
	}}
}

// answerDNS answers DNS queries over TCP (RFC 1035, 4.2.2) until the client closes the
// connection. It answers a query for an A or an AAAA record (RFC 3596) with the address if it is
// of that kind.
func answerDNS(conn net.Conn, to netip.Addr) {
	defer conn.Close()
	kind := uint16(1)
	if to.Is6() {
		kind = 28
	}
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
		if binary.BigEndian.Uint16(query[end+1:]) == kind {
			answers = 1
		}
		reply := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, answers, 0, 0, 0, 0}, question...)
		if answers == 1 {
			reply = append(reply, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(to.AsSlice())))
			reply = append(reply, to.AsSlice()...)
		}
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
			return
		}
	}
}
