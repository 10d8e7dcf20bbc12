package fetch

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"

	"github.com/takeup/takeup/internal/video"
)

// maxRedirects limits the redirects of a source that are followed.
const maxRedirects = 3

// newHTTPClient returns an HTTP client that connects only to public addresses, and only over
// https. It checks the URL at every redirect, and the address at every dial, after the name was
// resolved. It uses no proxy from the environment and undoes no compression. Concurrent requests
// have a connection each, which they would share over HTTP/2. With loopback, for local runs, it
// also connects to 127.0.0.0/8 and ::1, over http or https.
func newHTTPClient(loopback bool) *http.Client {
	dialer := &net.Dialer{
		Timeout: 10 * time.Second,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			return checkAddress(address, loopback)
		},
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Client{
		Transport: &http.Transport{
			DialContext:         dialer.DialContext,
			Protocols:           protocols,
			DisableCompression:  true,
			TLSHandshakeTimeout: 10 * time.Second,
			MaxIdleConnsPerHost: 64,
			IdleConnTimeout:     30 * time.Second,
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return &video.VideoRejected{Reason: fmt.Sprintf("its address redirects more than %d times", maxRedirects)}
			}
			// The redirecting URL is signed, and must not be sent to another host.
			req.Header.Del("Referer")
			return checkURL(req.URL, loopback)
		},
	}
}

// checkURL returns an error for a URL that isn't https, has a user, or has no host.
func checkURL(u *url.URL, loopback bool) error {
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	switch {
	case u.Hostname() == "", u.Port() != "" && (err != nil || port == 0):
		return &video.VideoRejected{Reason: "its address has no host, or an invalid port"}
	case u.User != nil:
		return &video.VideoRejected{Reason: "its address carries a user's name"}
	case unusualIPv4(u.Hostname()):
		return &video.VideoRejected{Reason: "its host is an address in an unusual spelling"}
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && loopback:
		if address, err := netip.ParseAddr(u.Hostname()); err == nil && address.IsLoopback() {
			return nil
		}
	}
	return &video.VideoRejected{Reason: "its address is not https"}
}

// unusualIPv4 reports whether a host is an IPv4 address in another form than four decimal
// numbers, which some resolvers accept. No name ends in a label that is a number
// (https://url.spec.whatwg.org/#ends-in-a-number-checker).
func unusualIPv4(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndex(host, ".")+1:]
	_, err := strconv.ParseUint(last, 0, 64)
	_, decimal := strconv.ParseUint(last, 10, 64)
	return err == nil || decimal == nil
}

// checkAddress returns an error for an address that isn't public according to IANA's registries
// of special-purpose addresses.
func checkAddress(address string, loopback bool) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return errUnreadableURL()
	}
	ip := ap.Addr().WithZone("").Unmap()
	if loopback && ip.IsLoopback() || ssrf.New().SafeAddr(withoutTunnel(ip)) == nil {
		return nil
	}
	return &video.VideoRejected{Reason: "its host has an address that is not public"}
}

// withoutTunnel returns the IPv4 address inside a NAT64 (RFC 6052) or 6to4 (RFC 3056) address,
// and any other address unchanged.
func withoutTunnel(ip netip.Addr) netip.Addr {
	b := ip.As16()
	switch {
	case ssrf.IPv6NAT64Prefix.Contains(ip):
		return netip.AddrFrom4([4]byte(b[12:16]))
	case netip.MustParsePrefix("2002::/16").Contains(ip):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return ip
}
