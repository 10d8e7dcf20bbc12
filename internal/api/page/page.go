package page

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed index.html assets
var files embed.FS

// file is a file of the page, ready to be sent.
type file struct {
	name    string // for its type
	content []byte
	tag     string
}

// page answers GET and HEAD.
type page struct {
	index    file
	assets   map[string]file
	version  string
	origin   func(context.Context) (string, error)
	notFound http.Handler
}

// PrefixHeader is what leads from the page's address to its files: nothing, or a path
// segment and a slash. The handler's caller sets it on every request, so that it is
// never the client's.
const PrefixHeader = "X-Page-Prefix"

// New gives the page as an http.Handler, for GET and HEAD of "/" and of
// "/assets/<version>/<file>". The version is a hash of all the files, and stands
// in index.html: so the files can be cached for ever, and a new version is never
// mixed with an old one. No token is needed to read any of it, and none is in it.
//
// origin gives the scheme and host of the URLs that the videos are played from,
// and notFound answers for what the page doesn't have.
func New(origin func(context.Context) (string, error), notFound http.Handler) http.Handler {
	p := &page{assets: map[string]file{}, origin: origin, notFound: notFound}
	all := sha256.New()
	for _, entry := range must(files.ReadDir("assets")) {
		name := entry.Name()
		content := must(files.ReadFile(path.Join("assets", name)))
		fmt.Fprintf(all, "%s %d\n", name, len(content))
		all.Write(content)
		p.assets[name] = newFile(name, content)
	}
	p.version = hex.EncodeToString(all.Sum(nil))[:16]
	p.index = newFile("index.html", bytes.ReplaceAll(must(files.ReadFile("index.html")), []byte(`"assets/`), []byte(`"assets/`+p.version+`/`)))
	return p
}

// must is for embedded files, which the compiler has seen.
func must[T any](v T, err error) T {
	if err != nil {
		panic("page: a binary without its files: " + err.Error())
	}
	return v
}

func newFile(name string, content []byte) file {
	sum := sha256.Sum256(content)
	return file{name: name, content: content, tag: `"` + hex.EncodeToString(sum[:16]) + `"`}
}

// policy lets the page load its own files, call its own origin and play videos
// from the given one, and nothing else: no inline script or style, no eval, no
// frame around it, no form that is sent by itself.
func policy(origin string) string {
	return strings.Join([]string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'",
		"connect-src 'self'", "media-src " + origin, "base-uri 'none'", "form-action 'none'",
		"frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
	}, "; ")
}

// ServeHTTP implements http.Handler.
func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, caching := p.index, "no-cache" // asked for each time, and mostly answered with 304
	if prefix := r.Header.Get(PrefixHeader); prefix != "" && r.URL.Path == "/" {
		f = newFile(f.name, bytes.ReplaceAll(f.content, []byte(`"assets/`), []byte(`"`+html.EscapeString(prefix)+`assets/`)))
	}
	if r.URL.Path != "/" {
		version, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/assets/"), "/")
		var ok bool
		if f, ok = p.assets[name]; !ok {
			p.notFound.ServeHTTP(w, r)
			return
		}
		if version == p.version {
			caching = "public, max-age=31536000, immutable"
		}
		// A page that was read before a deploy asks for files of before: it
		// gets those of now, and keeps them no longer than itself.
	}
	origin, err := p.origin(r.Context())
	if err != nil {
		http.Error(w, "The page can't be served at the moment. Load it again.", http.StatusServiceUnavailable)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", caching)
	h.Set("ETag", f.tag)
	h.Set("Content-Type", contentType(f.name))
	h.Set("Content-Security-Policy", policy(origin))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer") // a signed URL's host needn't know where it is played
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.content))
}

// contentType is written out: mime.TypeByExtension asks the machine.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}
