// Package guard keeps requests to URLs of others' choosing away from private addresses. It checks
// the URL, and at every dial the address that the name was resolved to.
package guard

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// Refused is the error for a URL or an address that no request is sent to.
type Refused struct{ Reason string }

func (e *Refused) Error() string { return e.Reason }

// Dialer returns a dialer that connects only to public addresses, and with loopback, for local
// runs, also to 127.0.0.0/8 and ::1. It checks the address after the name was resolved.
func Dialer(timeout time.Duration, loopback bool) *net.Dialer {
	return &net.Dialer{
		Timeout: timeout,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			return Address(address, loopback)
		},
	}
}

// URL returns a *Refused for a URL that isn't https, has a user, or has no host. With loopback, it
// accepts http for addresses of this machine.
func URL(u *url.URL, loopback bool) error {
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	switch {
	case u.Hostname() == "", u.Port() != "" && (err != nil || port == 0):
		return &Refused{Reason: "its address has no host, or an invalid port"}
	case u.User != nil:
		return &Refused{Reason: "its address carries a user's name"}
	case unusualIPv4(u.Hostname()):
		return &Refused{Reason: "its host is an address in an unusual spelling"}
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && loopback:
		if address, err := netip.ParseAddr(u.Hostname()); err == nil && address.IsLoopback() {
			return nil
		}
	}
	return &Refused{Reason: "its address is not https"}
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

// Address returns a *Refused for an address and port that isn't public according to IANA's
// registries of special-purpose addresses. With loopback, it accepts those of this machine.
func Address(address string, loopback bool) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return &Refused{Reason: "its address can't be read"}
	}
	ip := ap.Addr().WithZone("").Unmap()
	if loopback && ip.IsLoopback() || ssrf.New().SafeAddr(withoutTunnel(ip)) == nil {
		return nil
	}
	return &Refused{Reason: "its host has an address that is not public"}
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
