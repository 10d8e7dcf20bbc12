package page_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/api/page"
)

const (
	bucket  = "https://videos.s3.eu-west-1.amazonaws.com"
	uploads = "https://prompts.s3.eu-west-1.amazonaws.com"
)

func newPage() http.Handler {
	return page.New(
		func(context.Context) (page.Origins, error) {
			return page.Origins{Videos: bucket, Uploads: uploads}, nil
		},
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }),
	)
}

// get requests a path. A header is "Name: value".
func get(handler http.Handler, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

// named returns the addresses of the page's own files in index.html.
func named(t *testing.T, index string) []string {
	t.Helper()
	var found []string
	for _, match := range regexp.MustCompile(`(?:href|src)="(assets/[^"]+)"`).FindAllStringSubmatch(index, -1) {
		found = append(found, match[1])
	}
	if len(found) == 0 {
		t.Fatal("index.html names no file")
	}
	return found
}

func TestIndexNamesEveryFile(t *testing.T) {
	handler := newPage()
	index := get(handler, "/").Body.String()
	var names []string
	for _, address := range named(t, index) {
		names = append(names, path.Base(address))
		w := get(handler, "/"+address)
		if w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Errorf("%s: %d, %d bytes", address, w.Code, w.Body.Len())
		}
		if got := w.Header().Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("%s has Cache-Control %q", address, got)
		}
		if got := w.Header().Get("Content-Type"); got == "application/octet-stream" {
			t.Errorf("%s has no type of its own", address)
		}
	}
	entries, err := fs.ReadDir(os.DirFS("assets"), ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		// A module that is found only while another is read would be one
		// more round trip.
		if !slices.Contains(names, entry.Name()) {
			t.Errorf("index.html does not name %s: preload it", entry.Name())
		}
	}
}

// A page whose address has no trailing slash finds its files.
func TestPrefix(t *testing.T) {
	handler := newPage()
	base, err := url.Parse("https://example.com/base/takeup")
	if err != nil {
		t.Fatal(err)
	}
	w := get(handler, "/", "X-Page-Prefix: takeup/")
	found := regexp.MustCompile(`(?:href|src)="([^"#]+)"`).FindAllStringSubmatch(w.Body.String(), -1)
	if len(found) < 10 {
		t.Fatalf("index.html names %d files", len(found))
	}
	for _, match := range found {
		address, err := base.Parse(match[1])
		if err != nil {
			t.Fatal(err)
		}
		if path, ok := strings.CutPrefix(address.Path, "/base/takeup"); !ok || get(handler, path).Code != http.StatusOK {
			t.Errorf("%s leads to %s, which is not there", match[1], address)
		}
	}
	if plain := get(handler, "/"); plain.Header().Get("ETag") == w.Header().Get("ETag") {
		t.Error("both pages have one ETag")
	}
	if odd := get(handler, "/", `X-Page-Prefix: "><script>/`).Body.String(); strings.Contains(odd, "<script>/") {
		t.Error("a prefix becomes HTML")
	}
}

func TestPageIsSmall(t *testing.T) {
	const most = 150_000
	handler := newPage()
	w := get(handler, "/")
	sum := w.Body.Len()
	for _, address := range named(t, w.Body.String()) {
		sum += get(handler, "/"+address).Body.Len()
	}
	t.Logf("the page has %d bytes", sum)
	if sum > most {
		t.Errorf("the page has %d bytes, which is more than %d", sum, most)
	}
}

// A file is served without its indentation and comments, and each line in its place. Of a line, only spaces are left out, and none of a text.
func TestCompact(t *testing.T) {
	handler := newPage()
	comments := map[string]*regexp.Regexp{".js": regexp.MustCompile("(^|\\s+)//(?: [^\"`]*)?$|^//.*$"), ".css": regexp.MustCompile(`(^|\s+)/\*.*\*/$`)}
	for _, address := range named(t, get(handler, "/").Body.String()) {
		source, err := fs.ReadFile(page.Sources(), path.Join("assets", path.Base(address)))
		if err != nil {
			t.Fatal(err)
		}
		names := map[string]string{} // the private names of the source, by those that are served
		served := strings.Split(get(handler, "/"+address).Body.String(), "\n")
		for i, line := range strings.Split(string(source), "\n") {
			line = strings.TrimLeft(line, " ")
			if path.Ext(address) == ".js" {
				// A text of several lines would lose its indentation.
				if strings.Count(line, "`")%2 > 0 {
					t.Errorf("%s: line %d begins or ends a text of several lines", address, i+1)
				}
			}
			if comment := comments[path.Ext(address)]; comment != nil {
				line = comment.ReplaceAllString(line, "")
			}
			if i < len(served) && path.Ext(address) == ".js" {
				served[i] = renamed(t, served[i], line, names)
			}
			if path.Ext(address) == ".css" {
				line = strings.NewReplacer("; }", "}", " 0.", " .", "(0.", "(.").Replace(line)
			}
			if i >= len(served) || !sameButSpaces(line, served[i]) {
				t.Errorf("%s: line %d is not served as %q", address, i+1, line)
			}
		}
	}
}

var (
	private = regexp.MustCompile(`(^|\.|^async |^get )#(\w+)`)
	quoted  = regexp.MustCompile(`"[^"]*"|` + "`[^`]*`" + `|'[^']*'`)
)

// renamed returns a served line with the private names of its source, each of which is always
// served as the same name, and no other is.
func renamed(t *testing.T, served, source string, names map[string]string) string {
	t.Helper()
	originals := private.FindAllStringSubmatch(source, -1)
	n := 0
	return private.ReplaceAllStringFunc(served, func(found string) string {
		at := strings.Index(found, "#") + 1
		if n++; n > len(originals) {
			return found
		}
		original := originals[n-1][2]
		if known := names[found[at:]]; known != "" && known != original {
			t.Errorf("#%s is served for #%s and for #%s", found[at:], known, original)
		}
		names[found[at:]] = original
		return found[:at] + original
	})
}

// sameButSpaces reports whether a line is served with all of its texts and all else but spaces.
func sameButSpaces(line, served string) bool {
	bare := func(s string) string { return strings.ReplaceAll(s, " ", "") }
	texts := func(s string) string {
		return strings.Join(quoted.FindAllString(s, -1), "")
	}
	return bare(line) == bare(served) && texts(line) == texts(served)
}

func TestNoForeignSource(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script(?:[^>]*)>[^<]`)
	elsewhere := regexp.MustCompile(`https?://[^\s"'` + "`" + `]+`)
	absolute := regexp.MustCompile(`(?:href|src)="/|fetch\("/|\burl\(`)
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, ".go") {
			return err
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, address := range elsewhere.FindAllString(string(content), -1) {
			if address != "http://www.w3.org/2000/svg" { // a name, which nothing loads
				t.Errorf("%s has %s", name, address)
			}
		}
		if found := absolute.FindString(string(content)); found != "" {
			t.Errorf("%s has %s: a stage or a domain's mapping may stand before the page's path", name, found)
		}
		if found := inline.FindString(string(content)); found != "" && path.Ext(name) == ".html" {
			t.Errorf("%s has %s, which its policy forbids", name, found)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPolicy(t *testing.T) {
	handler := newPage()
	for _, target := range []string{"/", "/" + named(t, get(handler, "/").Body.String())[0]} {
		got := get(handler, target).Header()
		for _, part := range []string{
			"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self' " + uploads, "img-src 'self' " + bucket, "media-src " + bucket,
			"frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'",
		} {
			if !slices.Contains(strings.Split(got.Get("Content-Security-Policy"), "; "), part) {
				t.Errorf("%s: the policy %q has no %q", target, got.Get("Content-Security-Policy"), part)
			}
		}
		if strings.Contains(got.Get("Content-Security-Policy"), "unsafe") {
			t.Errorf("%s: the policy is %q", target, got.Get("Content-Security-Policy"))
		}
		if got.Get("X-Content-Type-Options") != "nosniff" || got.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s has %v", target, got)
		}
	}
}

func TestCaching(t *testing.T) {
	handler := newPage()
	index := get(handler, "/")
	if got := index.Header().Get("Cache-Control"); got != "no-cache" {
		t.Errorf("the page has Cache-Control %q, and would stay after a deploy", got)
	}
	again := get(handler, "/", "If-None-Match: "+index.Header().Get("ETag"))
	if again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("asked with its ETag: %d, %d bytes", again.Code, again.Body.Len())
	}
	address := "/" + named(t, index.Body.String())[0]
	other := strings.Replace(address, strings.Split(address, "/")[2], "0123456789abcdef", 1)
	w := get(handler, other)
	if w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("a file of another version: %d, Cache-Control %q", w.Code, w.Header().Get("Cache-Control"))
	}
}

func TestHead(t *testing.T) {
	w := httptest.NewRecorder()
	newPage().ServeHTTP(w, httptest.NewRequest(http.MethodHead, "/", nil))
	if w.Code != http.StatusOK || w.Body.Len() > 0 || w.Header().Get("ETag") == "" {
		t.Errorf("HEAD gives %d, %d bytes, %v", w.Code, w.Body.Len(), w.Header())
	}
}

func TestNotFound(t *testing.T) {
	handler := newPage()
	for _, target := range []string{"/assets/", "/assets/x/", "/assets/x/none.js", "/assets/app.js", "/assets/x/y/app.js", "/index.html", "/page.go"} {
		if w := get(handler, target); w.Code != http.StatusTeapot {
			t.Errorf("%s: %d", target, w.Code)
		}
	}
}

func TestNoOrigin(t *testing.T) {
	handler := page.New(func(context.Context) (page.Origins, error) { return page.Origins{}, errors.New("no credentials") }, http.NotFoundHandler())
	if w := get(handler, "/"); w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "credentials") {
		t.Errorf("it answers %d %s", w.Code, w.Body)
	}
}
