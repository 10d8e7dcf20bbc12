package hookurl_test

import (
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/video/hookurl"
)

func TestFault(t *testing.T) {
	for address, want := range map[string]string{
		"https://example.com": "", "https://example.com/a?b=c%20d": "", "https://example.com:8443/": "", "https://8.8.8.8/": "", "https://[2606:4700::1]/": "",
		"https://bücher.example/": "", "HTTPS://example.com": "", "http://127.0.0.1:8080/a": "", "https://[::1]/": "", "example.com^" + strings.Repeat("0a", 16): "",
		"": "is not a URL", "example.com": "is not a URL", "/hooks": "is not a URL", "https:example.com": "is not a URL", "https://exa mple.com": "is not a URL", "https://example.com/a b": "is not a URL",
		"https://example.com/\n": "is not a URL", "https://example.com^/": "is not a URL", "https://%zz/": "is not a URL",
		"http://example.com": "is not an https URL", "ftp://example.com": "is not an https URL", "http://localhost": "is not an https URL", "http://10.0.0.1": "is not an https URL",
		"https://me@example.com": "has a user's name", "https://me:secret@example.com/": "has a user's name",
		"https://": "has no host", "https:///a": "has no host", "https://example.com:0/": "has no host", "https://example.com:70000/": "has no host",
		"https://example.com/#a": "has a fragment", "https://example.com/#": "has a fragment",
		"https://localhost/": "not public", "https://intranet/": "not public", "https://printer.local": "not public", "https://10.1.2.3/": "not public",
		"https://169.254.169.254/latest": "not public", "https://[fd00::1]/": "not public", "https://[::ffff:192.168.1.1]/": "not public", "https://2130706433/": "not public", "https://0x7f.1/": "not public",
		"https://example.com/" + strings.Repeat("a", 2048): "at most 2048",
	} {
		got := hookurl.Fault(address)
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%.60q %s, want %q", address, got, want)
		}
		if strings.Contains(got, "me:") {
			t.Errorf("%q is quoted in %s", address, got)
		}
	}
	const here, mark = "http://127.0.0.1:8080/", "example.com^00000000000000000000000000000000"
	if hookurl.Undeliverable(here, false) == "" || hookurl.Undeliverable(here, true) != "" || hookurl.Undeliverable(mark, true) == "" || hookurl.Undeliverable("https://example.com", false) != "" {
		t.Error("only a local stack delivers to this machine, and none to a mark")
	}
}

func FuzzMark(f *testing.F) {
	f.Add("https://example.com/a")
	f.Add("example.com^" + strings.Repeat("0a", 16))
	f.Fuzz(func(t *testing.T, address string) {
		if hookurl.Fault(address) != "" {
			return
		}
		mark := hookurl.Mark(address)
		if !hookurl.IsMark(mark) || hookurl.Mark(mark) != mark || hookurl.Fault(mark) != "" || hookurl.Host(mark) != hookurl.Host(address) {
			t.Errorf("%q is marked as %s", address, mark)
		}
	})
}
