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

// file is a file of the page, ready to be served.
type file struct {
	name    string // its extension decides its type
	content []byte
	tag     string
}

// page answers GET and HEAD.
type page struct {
	index    file
	assets   map[string]file
	version  string
	origins  func(context.Context) (Origins, error)
	notFound http.Handler
}

// PrefixHeader is the relative path from the page's address to the directory of its files:
// empty, or a path segment and a slash. The handler's caller sets it on every request, so
// that it is never the client's.
const PrefixHeader = "X-Page-Prefix"

// Origins are the schemes and hosts, besides its own, that the page uses.
type Origins struct {
	Videos  string // of the URLs of videos and posters
	Uploads string // of the forms that files are uploaded with
}

// New returns the page as an http.Handler, for GET and HEAD of "/" and of
// "/assets/<version>/<file>". The version is a hash of all files, and index.html names it:
// so files can be cached forever, and a new version is never mixed with an old one. No
// token is needed to read any of it, and none is in it.
//
// origins is called for each request. notFound answers a path that the page doesn't have.
func New(origins func(context.Context) (Origins, error), notFound http.Handler) http.Handler {
	p := &page{assets: map[string]file{}, origins: origins, notFound: notFound}
	all := sha256.New()
	for _, entry := range must(files.ReadDir("assets")) {
		name := entry.Name()
		content := must(files.ReadFile(path.Join("assets", name)))
		content = compact(content, path.Ext(name))
		fmt.Fprintf(all, "%s %d\n", name, len(content))
		all.Write(content)
		p.assets[name] = newFile(name, content)
	}
	p.version = hex.EncodeToString(all.Sum(nil))[:8]
	index := compact(must(files.ReadFile("index.html")), ".html")
	p.index = newFile("index.html", bytes.ReplaceAll(index, []byte(`"assets/`), []byte(`"assets/`+p.version+`/`)))
	return p
}

// must is for reading embedded files, which can't fail.
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

// policy returns a Content-Security-Policy. The page may load its own files, call its own
// origin, upload files to one of the given origins, and show videos and posters from the other, and
// nothing else: no inline script or style, no eval, no frame around it, and no form that the browser
// submits.
func policy(origins Origins) string {
	return strings.Join([]string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' " + origins.Videos,
		"connect-src 'self' " + origins.Uploads, "media-src " + origins.Videos, "base-uri 'none'", "form-action 'none'",
		"frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
	}, "; ")
}

// ServeHTTP implements http.Handler.
func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, caching := p.index, "no-cache" // requested each time, and mostly answered with 304
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
		// A page that was loaded before a deploy requests files of the old version. It
		// gets those of the new one, which it doesn't cache.
	}
	origins, err := p.origins(r.Context())
	if err != nil {
		http.Error(w, "The page can't be served at the moment. Load it again.", http.StatusServiceUnavailable)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", caching)
	h.Set("ETag", f.tag)
	h.Set("Content-Type", contentType(f.name))
	h.Set("Content-Security-Policy", policy(origins))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer") // S3 needn't know where a video is played
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.content))
}

// contentType has its own table, since mime.TypeByExtension depends on the machine.
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
