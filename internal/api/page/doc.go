// Package page is the web page: a form for videos, and the jobs and videos that
// came of it. It is static files, embedded in the binary and served as they are,
// and talks to the API that serves it from the browser, with relative addresses.
//
// The files are written to be read: there is no build step and no library in
// them. index.html names the style sheet and every module, so that a browser asks
// for all of them at once; what first paint needs beside the document is one
// round trip away, and nothing when they are cached.
package page
