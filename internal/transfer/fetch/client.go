package fetch

import (
	"fmt"
	"net/http"
	"time"

	"github.com/takeup/takeup/internal/guard"
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
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Client{
		Transport: &http.Transport{
			DialContext:         guard.Dialer(10*time.Second, loopback).DialContext,
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
			return guard.URL(req.URL, loopback)
		},
	}
}
