// Package source serves mp4s as a provider's CDN does, and as a bad one does. The tools that
// make bench-store compares download from it.
package source

import (
	"context"
	"errors"
	"fmt"
	"github.com/takeup/takeup/internal/wait"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Offer is a video and how it is served: with its length, a strong ETag and range requests,
// unless the fault says otherwise.
type Offer struct {
	Video *Video
	Rate  int64 // bytes per second for each response; 0 is no limit
	Fault Fault
}

// Offered is an Offer with a URL.
type Offered struct {
	offer    Offer
	url      string
	requests atomic.Int64
	changed  atomic.Bool // the file is now Fault.Becomes
}

// URL returns the URL of the video.
func (o *Offered) URL() string { return o.url }

// Requests returns the number of requests for it, by any method.
func (o *Offered) Requests() int { return int(o.requests.Load()) }

// Server serves offers on loopback, over HTTP/1.1.
type Server struct {
	http *http.Server
	base string

	mu     sync.Mutex
	offers []*Offered
}

// Start starts a Server. It serves until Close.
func Start() (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{base: "http://" + listener.Addr().String()}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.http.Serve(listener) }()
	return s, nil
}

// Close stops the server and its responses.
func (s *Server) Close() error { return s.http.Close() }

// Offer serves a video from now on, at a URL of its own.
func (s *Server) Offer(offer Offer) *Offered {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := &Offered{offer: offer, url: fmt.Sprintf("%s/%d/video.mp4", s.base, len(s.offers))}
	s.offers = append(s.offers, o)
	return o
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	index, err := strconv.Atoi(name)
	s.mu.Lock()
	var o *Offered
	if err == nil && index >= 0 && index < len(s.offers) {
		o = s.offers[index]
	}
	s.mu.Unlock()
	if o == nil {
		http.NotFound(w, r)
		return
	}
	o.requests.Add(1)
	o.serve(w, r)
}

// modified is the Last-Modified of every video: conditional requests by date can't tell two of
// them apart.
func modified() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

func (o *Offered) serve(w http.ResponseWriter, r *http.Request) {
	fault, video, changed := o.offer.Fault, o.offer.Video, o.changed.Load()
	if changed {
		video = fault.Becomes
	}
	if fault.Plain {
		r.Header.Del("Range")
	}
	w.Header().Set("Content-Type", "video/mp4")
	w.Header().Set("ETag", video.etag)
	out := &response{ResponseWriter: w, ctx: r.Context(), fault: fault, rate: o.offer.Rate}
	if changed {
		out.fault.CutAfter = 0
	}
	http.ServeContent(out, r, "", modified(), io.NewSectionReader(video, 0, video.Size()-fault.Short))
	if !out.broken {
		return
	}
	if fault.Becomes != nil {
		o.changed.Store(true)
	}
	panic(http.ErrAbortHandler) // closes without a reset, so that what was sent arrives
}

// errBroken ends a response that its fault breaks off.
var errBroken = errors.New("the source broke the response off")

// response applies a fault and a rate to a response.
type response struct {
	http.ResponseWriter
	ctx    context.Context
	fault  Fault
	rate   int64
	at     int64 // position of the next byte in the file
	sent   int64
	due    time.Time // when the next byte may be sent
	broken bool
}

// WriteHeader removes from the header what the fault hides.
func (r *response) WriteHeader(status int) {
	header := r.Header()
	r.at = begin(header.Get("Content-Range"))
	if r.fault.Plain {
		header.Del("Accept-Ranges")
		header.Del("ETag")
	}
	if r.fault.Unsized {
		header.Del("Content-Length")
		header.Set("Transfer-Encoding", "identity") // net/http: the body ends with the connection
	}
	r.ResponseWriter.WriteHeader(status)
}

// begin returns the first position of a Content-Range, and 0 for none.
func begin(contentRange string) int64 {
	first, _, _ := strings.Cut(strings.TrimPrefix(contentRange, "bytes "), "-")
	n, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Write implements io.Writer.
func (r *response) Write(p []byte) (int, error) {
	left, stalls := int64(len(p)), false
	if r.fault.CutAfter > 0 {
		left = min(left, r.fault.CutAfter-r.sent)
	}
	if at := r.fault.StallAt; at > r.at && r.at+left > at {
		left, stalls = at-r.at, true
	}
	if err := r.pace(left); err != nil {
		return 0, err
	}
	n, err := r.ResponseWriter.Write(p[:left])
	r.at, r.sent = r.at+int64(n), r.sent+int64(n)
	if err != nil || n == len(p) {
		return n, err
	}
	if err := http.NewResponseController(r.ResponseWriter).Flush(); err != nil {
		return n, err
	}
	if stalls {
		<-r.ctx.Done()
		return n, r.ctx.Err()
	}
	r.broken = true
	return n, errBroken
}

// slack is how much lost time a response may make up after the machine or its reader delayed it.
const slack = 50 * time.Millisecond

// pace waits until n more bytes may be sent.
func (r *response) pace(n int64) error {
	if r.rate == 0 {
		return nil
	}
	now := time.Now()
	if earliest := now.Add(-slack); r.due.Before(earliest) {
		r.due = earliest
		if r.sent == 0 {
			r.due = now
		}
	}
	r.due = r.due.Add(time.Duration(n) * time.Second / time.Duration(r.rate))
	return wait.For(r.ctx, r.due.Sub(now))
}
