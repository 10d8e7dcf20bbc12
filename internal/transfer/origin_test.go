package transfer_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/bucket/s3test"
	"github.com/takeup/takeup/internal/transfer"
	"github.com/takeup/takeup/internal/video"
)

const (
	bucket = "videos"
	key    = "videos/job-1/video.mp4"
	unit   = 12 << 10 // of which S3's least part has five here
	// secret is in every address that is asked for, and in no error.
	secret = "ksTime=6a7f1e00&ksSignature=5ec2e7"
)

func box(kind string, content []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(content)))
	return append(append(b, kind...), content...)
}

// mp4 makes a file of that size, of which no two parts are the same.
func mp4(size int) []byte {
	head := append(box("ftyp", []byte("isom\x00\x00\x02\x00isomavc1")), box("moov", make([]byte, 92))...)
	return append(head, box("mdat", content(size-len(head)-8, 1))...)
}

// content makes bytes of which each eight are different; with another seed, others.
func content(size int, seed uint64) []byte {
	p := make([]byte, size)
	for i := range len(p) / 8 {
		binary.LittleEndian.PutUint64(p[i*8:], (uint64(i)+seed<<40)*0x9e3779b97f4a7c15)
	}
	return p
}

// at is a source that gives one URL for ever.
func at(url string) transfer.Source {
	return func(context.Context) (string, error) { return url, nil }
}

// setup is a source, an S3 and a Copier from one to the other.
type setup struct {
	fake   *s3test.Server
	copier *transfer.Copier
	url    string // the source's, with the secret
	copy   func(context.Context) (video.Copied, error)
}

// quick waits for little. Patience is taken from what a test is about: with none,
// everything comes by many requests.
func quick(patience time.Duration) transfer.Timeouts {
	return transfer.Timeouts{RetryDelay: time.Microsecond, SingleRequest: patience, FullRate: unheard}
}

const (
	endless = time.Hour       // every file comes by one request
	none    = time.Nanosecond // every file comes by as many as it can
	unheard = math.MaxInt64   // no source gives so much that it is enough
)

func start(t *testing.T, source http.HandlerFunc, limit int64, patience time.Duration) setup {
	t.Helper()
	server := httptest.NewServer(source)
	t.Cleanup(server.Close)
	fake, url := s3test.New(t), server.URL+"/v.mp4?"+secret
	copier := transfer.New(fake.Client(), transfer.Config{Bucket: bucket, MaxBytes: limit, Loopback: true, Timeouts: quick(patience)})
	fake.TakeSmallParts(5 * unit)
	copier.Shape(5*unit, 16*unit, 16, unit/4)
	return setup{fake: fake, copier: copier, url: url, copy: func(ctx context.Context) (video.Copied, error) { return copier.Copy(ctx, at(url), key) }}
}

// nothing holds what every copy with an error promises.
func (s setup) nothing(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Error("it is no error")
		return
	}
	if text := fmt.Sprintf("%+v", err); strings.Contains(text, "ks") || strings.Contains(text, "v.mp4") {
		t.Errorf("the error shows the address: %s", text)
	}
	if keys := s.fake.Keys(bucket); len(keys) != 0 {
		t.Errorf("it stored %v", keys)
	}
	if open := s.fake.OpenUploads(bucket); len(open) != 0 {
		t.Errorf("it left open uploads of %v", open)
	}
}

func rejected(err error) bool {
	var rejected *video.VideoRejected
	return errors.As(err, &rejected)
}

// serve gives a body with its length; chunked, without. It knows no ranges.
func serve(body []byte, chunked bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if !chunked {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		}
		send(w, body)
	}
}

// send writes a body and leaves it to the client to have gone.
func send(w http.ResponseWriter, body []byte) {
	_ = http.NewResponseController(w).Flush()
	_, _ = w.Write(body)
	_ = http.NewResponseController(w).Flush()
}

// untilClosed gives a body as HTTP/1.0 does: its end is the connection's end.
func untilClosed(body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, "HTTP/1.0 200 OK\r\nContent-Type: video/mp4\r\n\r\n")
		_, _ = conn.Write(body)
		_ = conn.Close()
	}
}

// origin is a source that can be resumed, and is asked by many at once. It does
// to each request what trouble says, if there is any.
type origin struct {
	body    []byte
	etag    string // without its quotes
	deaf    bool   // it doesn't know If-Range
	trouble func(n int, r *http.Request) trouble

	mu    sync.Mutex
	asked []string // the ranges

	sent atomic.Int64
}

// trouble is what goes wrong with a request, which is the n-th, from 1.
type trouble struct {
	status int    // is answered
	cut    int    // the connection is closed after so many bytes; -1: at once
	body   []byte // another version is served, with
	etag   string // this ETag
	edit   func(http.Header)
	whole  bool // the range is ignored
}

// ServeHTTP implements http.Handler.
func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	o.asked = append(o.asked, r.Header.Get("Range"))
	n := len(o.asked)
	o.mu.Unlock()
	var t trouble
	if o.trouble != nil {
		t = o.trouble(n, r)
	}
	body, etag := o.body, o.etag
	if t.etag != "" {
		body, etag = t.body, t.etag
	}
	switch {
	case t.status != 0:
		w.WriteHeader(t.status)
		return
	case t.cut < 0:
		panic(http.ErrAbortHandler)
	}
	if t.whole {
		r.Header.Del("Range")
	}
	if o.deaf {
		r.Header.Del("If-Range")
	}
	out := &cutter{ResponseWriter: w, left: t.cut, origin: o, edit: t.edit}
	w.Header().Set("ETag", `"`+etag+`"`)
	http.ServeContent(out, r, "v.mp4", time.Time{}, strings.NewReader(string(body)))
	if out.cut {
		panic(http.ErrAbortHandler)
	}
}

func (o *origin) requests() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.asked...)
}

// cutter counts what is sent, and breaks off when there was enough.
type cutter struct {
	http.ResponseWriter
	origin *origin
	left   int // 0: all
	cut    bool
	edit   func(http.Header)
}

func (c *cutter) WriteHeader(status int) {
	if c.edit != nil {
		c.edit(c.Header())
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *cutter) Write(p []byte) (int, error) {
	if c.cut {
		return 0, errors.New("cut")
	}
	if c.left > 0 && len(p) >= c.left {
		p, c.cut = p[:c.left], true
	}
	c.left -= len(p)
	c.origin.sent.Add(int64(len(p))) // before: the client may be done with it at once
	n, err := c.ResponseWriter.Write(p)
	if c.cut {
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		return n, errors.New("cut")
	}
	return n, err
}
