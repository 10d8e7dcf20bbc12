// Package page is the web page: a form for videos, and the jobs that came of it. It is
// static files, which are embedded in the binary and served as they are, but for the
// scripts' comments. In the browser it calls the API that serves it, by relative addresses.
//
// The files are written to be read: there is no build step, and no library. index.html
// names the style sheets and every module, so that a browser requests all of them at once:
// the first paint takes one round trip after the document, and none if they are cached.
package page
