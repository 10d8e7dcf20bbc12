package sim

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	videoPrefix = "/generations/"
	videoSuffix = "/output.mp4"
)

// signedURL returns a URL of a video that is valid until it expires. As on the provider's CDN, ksTime is a hex epoch, with
// a precision of one second.
func (s *Server) signedURL(r *http.Request, inferenceID string, expires time.Time) string {
	base := s.baseURL
	if base == "" {
		base = "http://" + r.Host
	}
	path := videoPrefix + inferenceID + videoSuffix
	stamp := strconv.FormatInt(expires.Unix(), 16)
	return base + path + "?ksTime=" + stamp + "&ksSign=" + s.sign(path, stamp)
}

func (s *Server) sign(path, stamp string) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte(path + "?ksTime=" + stamp))
	return hex.EncodeToString(mac.Sum(nil))
}

// good reports whether a URL has a valid signature and has not expired.
func (s *Server) good(path string, query url.Values, now time.Time) bool {
	stamp := query.Get("ksTime")
	epoch, err := strconv.ParseInt(stamp, 16, 64)
	return err == nil && hmac.Equal([]byte(query.Get("ksSign")), []byte(s.sign(path, stamp))) && now.Unix() <= epoch
}

func videoID(path string) string {
	return strings.TrimSuffix(strings.TrimPrefix(path, videoPrefix), videoSuffix)
}

// download handles the CDN's route: GET and HEAD, ranges, If-Range and the other conditions.
func (s *Server) download(w http.ResponseWriter, r *http.Request) {
	x := s.begin(r)
	started := s.clock()
	s.meet(x, KindDownload)
	answer, done, err := s.spoil(x, reply{})
	switch {
	case err != nil:
		s.line(x, KindDownload, 0, started)
		drop(w)
	case done:
		s.line(x, KindDownload, answer.status, started)
		s.write(w, x, answer)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
	case !s.good(r.URL.Path, x.query, s.clock()):
		s.line(x, KindDownload, http.StatusForbidden, started)
		http.Error(w, "Forbidden", http.StatusForbidden)
	default:
		s.send(w, r, x, started)
	}
}

func (s *Server) send(w http.ResponseWriter, r *http.Request, x *exchange, started time.Time) {
	s.mu.Lock()
	g := s.byInference[videoID(r.URL.Path)]
	if g != nil {
		g.Downloaded++
	}
	rate := s.settings.VideoBytesPerSecond
	s.mu.Unlock()
	if g == nil {
		http.NotFound(w, r)
		return
	}
	x.inferenceID = g.InferenceID
	if x.fault.Unframed {
		sendUnframed(w, g, x.fault.CutAfter)
		s.line(x, KindDownload, http.StatusOK, started)
		return
	}
	f := x.fault
	out := &answering{ResponseWriter: w, left: f.CutAfter + f.StallAfter, rate: rate, sleep: s.sleep, ctx: r.Context()}
	serveVideo(out, r, g)
	s.line(x, KindDownload, out.status, started)
	if out.ended && f.StallAfter > 0 {
		<-r.Context().Done()
	}
	if out.ended {
		panic(http.ErrAbortHandler) // closes without a reset, so that what was sent arrives
	}
}

// serveVideo sends a generation's file. Its bytes never change, so the inference ID is a strong ETag (RFC 9110, 8.8.3).
func serveVideo(w http.ResponseWriter, r *http.Request, g *generation) {
	w.Header().Set("Content-Type", "video/mp4")
	w.Header().Set("ETag", `"`+g.InferenceID+`"`)
	http.ServeContent(w, r, "", g.EndsAt, g.video.Open())
}

// sendUnframed sends up to most bytes of a file, or all if most is 0. Only closing the connection ends the body.
func sendUnframed(w http.ResponseWriter, g *generation, most int64) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // the connection can't be hijacked
	}
	defer conn.Close()
	if most == 0 {
		most = g.video.Size()
	}
	head := strings.NewReader("HTTP/1.0 200 OK\r\nContent-Type: video/mp4\r\n\r\n")
	_, _ = io.Copy(conn, io.MultiReader(head, io.LimitReader(g.video.Open(), most))) // the caller may be gone
}

// answering is a response with a video, or with what the fault leaves of it.
type answering struct {
	http.ResponseWriter
	left   int64 // bytes of the body still allowed; 0 is all
	ended  bool  // the body was longer
	rate   int64 // bytes per second; 0 is no limit
	sleep  func(context.Context, time.Duration) error
	ctx    context.Context
	status int
}

// WriteHeader implements http.ResponseWriter.
func (a *answering) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (a *answering) Write(p []byte) (int, error) {
	if a.ended {
		return 0, errDropped
	}
	if a.left > 0 && int64(len(p)) >= a.left {
		p, a.ended = p[:a.left], true
	}
	a.left -= int64(len(p))
	if a.rate > 0 {
		if err := a.sleep(a.ctx, seconds(float64(len(p))/float64(a.rate))); err != nil {
			return 0, err
		}
	}
	n, err := a.ResponseWriter.Write(p)
	if err != nil || !a.ended {
		return n, err
	}
	if err := http.NewResponseController(a.ResponseWriter).Flush(); err != nil {
		return n, err
	}
	return n, errDropped
}
