package transfer

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

	"github.com/takeup/takeup/internal/video"
)

// maxRedirects is the most redirects that a source may make.
const maxRedirects = 3

// newClient makes an HTTP client that goes to public addresses over https only:
// the scheme is checked at every redirect, and the address at every dial, when
// the name is resolved. It takes no proxy from the environment and undoes no
// compression. Requests at once have connections of their own, which they would
// not have over HTTP/2. With loopback it goes to 127.0.0.0/8 and ::1 too, over
// http or https: for local runs.
func newClient(loopback bool) *http.Client {
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
			// The address that redirects is signed: it is nobody else's.
			req.Header.Del("Referer")
			return checkURL(req.URL, loopback)
		},
	}
}

// checkURL refuses an address that isn't https, names a user, or names no host.
func checkURL(u *url.URL, loopback bool) error {
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	switch {
	case u.Hostname() == "", u.Port() != "" && (err != nil || port == 0):
		return &video.VideoRejected{Reason: "its address has no host, or a port that there isn't"}
	case u.User != nil:
		return &video.VideoRejected{Reason: "its address carries a user's name"}
	case odd(u.Hostname()):
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

// odd reports whether a host is an IPv4 address that isn't written as four
// decimal numbers, which some resolvers take for one all the same. No name ends
// in a label that is a number (https://url.spec.whatwg.org/#ends-in-a-number-checker).
func odd(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndex(host, ".")+1:]
	_, err := strconv.ParseUint(last, 0, 64)
	_, decimal := strconv.ParseUint(last, 10, 64)
	return err == nil || decimal == nil
}

// checkAddress refuses to connect to what isn't a public address.
func checkAddress(address string, loopback bool) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return &video.VideoRejected{Reason: "its address can't be read"}
	}
	ip := ap.Addr().WithZone("").Unmap()
	if public(ip) || loopback && ip.IsLoopback() {
		return nil
	}
	return &video.VideoRejected{Reason: "its host has an address that is not public"}
}

// public reports whether an address can be reached by anyone. Addresses that
// carry an IPv4 address inside are taken for that one.
func public(ip netip.Addr) bool {
	if inner, ok := embedded(ip); ok {
		ip = inner
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, block := range reserved() {
		if block.Contains(ip) {
			return false
		}
	}
	return true
}

// embedded gives the IPv4 address inside a NAT64 (RFC 6052) or 6to4 (RFC 3056)
// address.
func embedded(ip netip.Addr) (netip.Addr, bool) {
	b := ip.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(ip):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case netip.MustParsePrefix("2002::/16").Contains(ip):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}

// reserved lists the blocks that are global unicast by their form and not by
// their use: IANA's special-purpose address registries, as of 2026.
func reserved() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),
		netip.MustParsePrefix("100.64.0.0/10"), // shared by carriers
		netip.MustParsePrefix("192.0.0.0/24"),
		netip.MustParsePrefix("192.0.2.0/24"),
		netip.MustParsePrefix("192.88.99.0/24"),
		netip.MustParsePrefix("198.18.0.0/15"),
		netip.MustParsePrefix("198.51.100.0/24"),
		netip.MustParsePrefix("203.0.113.0/24"),
		netip.MustParsePrefix("240.0.0.0/4"),
		netip.MustParsePrefix("::/8"), // IPv4-compatible, IPv4-translated, NAT64 for local use
		netip.MustParsePrefix("100::/64"),
		netip.MustParsePrefix("2001::/23"), // Teredo among them
		netip.MustParsePrefix("2001:db8::/32"),
		netip.MustParsePrefix("3fff::/20"),
		netip.MustParsePrefix("5f00::/16"),
		netip.MustParsePrefix("fec0::/10"),
	}
}
