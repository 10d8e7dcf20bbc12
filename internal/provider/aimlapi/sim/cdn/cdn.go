// Package cdn sends the simulator's videos as the provider's CDN does: from signed URLs that expire, in ranges, and with the
// faults of a download.
package cdn

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim/clip"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

// Prefix is the beginning of the path of every video.
const Prefix = "/generations/"

const suffix = "/output.mp4"

// ID returns the inference ID of the generation whose video is at a path.
func ID(path string) string { return strings.TrimSuffix(strings.TrimPrefix(path, Prefix), suffix) }

// Signer signs the URLs of videos, and checks them.
type Signer struct {
	// BaseURL is the prefix of the URLs, without a trailing slash; empty is http and the request's own host.
	BaseURL string
	Secret  []byte
}

// URL returns a URL of a video that is valid until it expires. As on the provider's CDN, ksTime is a hex epoch, with a
// precision of one second.
func (s Signer) URL(r *http.Request, inferenceID string, expires time.Time) string {
	base := s.BaseURL
	if base == "" {
		base = "http://" + r.Host
	}
	path := Prefix + inferenceID + suffix
	stamp := strconv.FormatInt(expires.Unix(), 16)
	return base + path + "?ksTime=" + stamp + "&ksSign=" + s.sign(path, stamp)
}

func (s Signer) sign(path, stamp string) string {
	mac := hmac.New(sha256.New, s.Secret)
	mac.Write([]byte(path + "?ksTime=" + stamp))
	return hex.EncodeToString(mac.Sum(nil))
}

// Valid reports whether a URL has a valid signature and has not expired.
func (s Signer) Valid(path string, query url.Values, now time.Time) bool {
	stamp := query.Get("ksTime")
	epoch, err := strconv.ParseInt(stamp, 16, 64)
	return err == nil && hmac.Equal([]byte(query.Get("ksSign")), []byte(s.sign(path, stamp))) && now.Unix() <= epoch
}

// File is the video of one generation.
type File struct {
	InferenceID string
	EndsAt      time.Time // when the generation ended
	Clip        *clip.Clip
}

// Pace limits the rate of a response.
type Pace struct {
	BytesPerSecond int64 // 0 is no limit
	Sleep          func(context.Context, time.Duration) error
}

// Send sends a file, or what the fault leaves of it, and returns the response's status. It reports whether the fault has
// ended the body early; the caller then stalls or closes the connection.
func Send(w http.ResponseWriter, r *http.Request, file File, fault script.Fault, pace Pace) (status int, ended bool) {
	if fault.Unframed {
		sendUnframed(w, file, fault.CutAfter)
		return http.StatusOK, false
	}
	out := &response{ResponseWriter: w, left: fault.CutAfter + fault.StallAfter, pace: pace, ctx: r.Context()}
	serve(out, r, file)
	return out.status, out.ended
}

// serve sends a file. Its bytes never change, so the inference ID is a strong ETag (RFC 9110, 8.8.3).
func serve(w http.ResponseWriter, r *http.Request, file File) {
	w.Header().Set("Content-Type", "video/mp4")
	w.Header().Set("ETag", `"`+file.InferenceID+`"`)
	http.ServeContent(w, r, "", file.EndsAt, file.Clip.Open())
}

// sendUnframed sends up to most bytes of a file, or all if most is 0. Only closing the connection ends the body.
func sendUnframed(w http.ResponseWriter, file File, most int64) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // the connection can't be hijacked
	}
	defer conn.Close()
	if most == 0 {
		most = file.Clip.Size()
	}
	head := strings.NewReader("HTTP/1.0 200 OK\r\nContent-Type: video/mp4\r\n\r\n")
	_, _ = io.Copy(conn, io.MultiReader(head, io.LimitReader(file.Clip.Open(), most))) // the caller may be gone
}

// errEnded says that the fault has ended the body.
var errEnded = errors.New("simulator: the body has ended")

// response is a response with a video, or with what the fault leaves of it.
type response struct {
	http.ResponseWriter
	left   int64 // bytes of the body still allowed; 0 is all
	ended  bool  // the body was longer
	pace   Pace
	ctx    context.Context
	status int
}

// WriteHeader implements http.ResponseWriter.
func (r *response) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (r *response) Write(p []byte) (int, error) {
	if r.ended {
		return 0, errEnded
	}
	if r.left > 0 && int64(len(p)) >= r.left {
		p, r.ended = p[:r.left], true
	}
	r.left -= int64(len(p))
	if rate := r.pace.BytesPerSecond; rate > 0 {
		if err := r.pace.Sleep(r.ctx, time.Duration(float64(len(p))/float64(rate)*float64(time.Second))); err != nil {
			return 0, err
		}
	}
	n, err := r.ResponseWriter.Write(p)
	if err != nil || !r.ended {
		return n, err
	}
	if err := http.NewResponseController(r.ResponseWriter).Flush(); err != nil {
		return n, err
	}
	return n, errEnded
}
