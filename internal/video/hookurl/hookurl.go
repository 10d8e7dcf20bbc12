// Package hookurl has the URLs of webhooks: which can be one, and the marks that stand for them where
// the URL itself must not be.
package hookurl

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// MaxBytes is the length limit of a webhook's URL, in bytes.
const MaxBytes = 2048

// A mark is the URL's host, this sign, and the beginning of the URL's SHA-256 in hexadecimal. It
// is no URL, since the sign is not allowed in one.
const (
	markSign  = "^"
	markBytes = 16
)

// Mark returns the mark of a URL, and a mark unchanged.
func Mark(s string) string {
	if s == "" || IsMark(s) {
		return s
	}
	host := ""
	if u, err := url.Parse(s); err == nil {
		host = u.Host
	}
	sum := sha256.Sum256([]byte(s))
	return host + markSign + hex.EncodeToString(sum[:markBytes])
}

// IsMark reports whether a text is the mark of a URL.
func IsMark(s string) bool {
	host, sum, ok := strings.Cut(s, markSign)
	_, err := hex.DecodeString(sum)
	return ok && err == nil && len(sum) == 2*markBytes && !strings.Contains(host, "/")
}

// Fault says why a text can't be a webhook, and what to do, as a fragment that follows the
// field's name; empty if it can. It doesn't repeat the text. The mark of a webhook is accepted,
// since the inputs of executions have it. So is an address of this machine, which only a local
// stack delivers to.
func Fault(s string) string {
	const give = "; give one such as https://example.com/hooks/takeup"
	if IsMark(s) {
		return ""
	}
	u, err := url.Parse(s)
	switch {
	case len(s) > MaxBytes:
		return "has " + strconv.Itoa(len(s)) + " bytes; it takes at most " + strconv.Itoa(MaxBytes)
	case err != nil || strings.ContainsAny(s, " \t\r\n"+markSign) || u.Opaque != "" || u.Scheme == "":
		return "is not a URL" + give
	case u.Scheme != "https" && !(u.Scheme == "http" && loopback(u)):
		return "is not an https URL, and others could read what is posted" + give
	case u.User != nil:
		return "has a user's name or password; leave it out, and put a secret into the path"
	case u.Hostname() == "" || !portValid(u.Port()):
		return "has no host, or an invalid port" + give
	case u.Fragment != "" || strings.Contains(s, "#"):
		return "has a fragment, which is never sent; leave out # and what follows"
	case !public(u.Hostname()) && !loopback(u):
		return "has a host that is not public, which Takeup doesn't connect to; give a public address"
	}
	return ""
}

// Undeliverable says why a stack can't deliver to a webhook, as Fault does: a client sent a mark, or
// an address of its own machine. Local stacks deliver to the latter.
func Undeliverable(s string, local bool) string {
	u, err := url.Parse(s)
	switch {
	case IsMark(s):
		return "is the mark by which a webhook is shown; give its URL, or leave it out"
	case err == nil && !local && loopback(u):
		return "is an address of your own machine, which only a local stack can deliver to; give a public one"
	}
	return ""
}

func loopback(u *url.URL) bool {
	address, err := netip.ParseAddr(u.Hostname())
	return err == nil && address.IsLoopback()
}

func portValid(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// public reports whether a host may be public. What it is resolved to is checked when it is
// connected to.
func public(host string) bool {
	address, err := netip.ParseAddr(host)
	if err != nil {
		name := strings.TrimSuffix(host, ".")
		last := name[strings.LastIndex(name, ".")+1:]
		_, number := strconv.ParseUint(last, 0, 64)
		return last != name && last != "" && number != nil && last != "localhost" && last != "local" && last != "internal"
	}
	address = address.Unmap()
	return address.IsGlobalUnicast() && !address.IsPrivate()
}

// Unmarked returns a URL unchanged, and "" for a mark.
func Unmarked(s string) string {
	if IsMark(s) {
		return ""
	}
	return s
}

// Host returns the host of a URL or of its mark.
func Host(s string) string {
	host, _, _ := strings.Cut(Mark(s), markSign)
	return host
}
