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
	unit   = 12 << 10 // the smallest part of S3 has five units here
	// secret is in every URL, and must not be in any error.
	secret = "ksTime=6a7f1e00&ksSignature=5ec2e7"
)

func box(kind string, content []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(content)))
	return append(append(b, kind...), content...)
}

// mp4 returns a file of that size. No two of its parts are equal.
func mp4(size int) []byte {
	head := append(box("ftyp", []byte("isom\x00\x00\x02\x00isomavc1")), box("moov", make([]byte, 92))...)
	return append(head, box("mdat", content(size-len(head)-8, 1))...)
}

// content returns bytes in which no sequence of eight is repeated. They depend on the seed.
func content(size int, seed uint64) []byte {
	p := make([]byte, size)
	for i := range len(p) / 8 {
		binary.LittleEndian.PutUint64(p[i*8:], (uint64(i)+seed<<40)*0x9e3779b97f4a7c15)
	}
	return p
}

// at is a source that always returns the same URL.
func at(url string) transfer.Source {
	return func(context.Context) (string, error) { return url, nil }
}

// setup is a source, an S3, and a Copier between them.
type setup struct {
	fake   *s3test.Server
	copier *transfer.Copier
	url    string // of the source, with the secret
	copy   func(context.Context) (video.Copied, error)
}

// quick has no delay between retries.
func quick(singleRequest time.Duration) transfer.Timeouts {
	return transfer.Timeouts{RetryDelay: time.Microsecond, SingleRequest: singleRequest, FullRate: noRate}
}

const (
	oneRequest   = time.Hour       // every file is fetched with one request
	manyRequests = time.Nanosecond // every file that allows it is fetched with many
	noRate       = math.MaxInt64   // no source is that fast
)

func start(t *testing.T, source http.HandlerFunc, limit int64, singleRequest time.Duration) setup {
	t.Helper()
	server := httptest.NewServer(source)
	t.Cleanup(server.Close)
	fake, url := s3test.New(t), server.URL+"/v.mp4?"+secret
	copier := transfer.New(fake.Client(), transfer.Config{Bucket: bucket, MaxBytes: limit, Loopback: true, Timeouts: quick(singleRequest)})
	fake.TakeSmallParts(5 * unit)
	copier.SetSizes(5*unit, 16*unit, 16, unit/4)
	return setup{fake: fake, copier: copier, url: url, copy: func(ctx context.Context) (video.Copied, error) { return copier.Copy(ctx, at(url), key) }}
}

// nothing checks the promises of a Copy that returns an error.
func (s setup) nothing(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Error("it returned no error")
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

// serve sends a body with its length, or chunked without it. It ignores ranges.
func serve(body []byte, chunked bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if !chunked {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		}
		send(w, body)
	}
}

// send writes a body, and ignores the error if the client is gone.
func send(w http.ResponseWriter, body []byte) {
	_ = http.NewResponseController(w).Flush()
	_, _ = w.Write(body)
	_ = http.NewResponseController(w).Flush()
}

// untilClosed sends a body that ends with the connection, as in HTTP/1.0.
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

// origin is a source that can be resumed. trouble returns the fault of a request.
type origin struct {
	body           []byte
	etag           string // without its quotes
	ignoresIfRange bool
	trouble        func(n int, r *http.Request) trouble

	mu    sync.Mutex
	asked []string // the requested ranges

	sent atomic.Int64
}

// trouble is the fault of a request.
type trouble struct {
	status int    // status of the response
	cut    int    // closes the connection after that many bytes; -1: at once
	body   []byte // another version to serve, with
	etag   string // this ETag
	edit   func(http.Header)
	whole  bool // ignores the range
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
	if o.ignoresIfRange {
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

// cutter counts the bytes that are sent, and breaks off after some of them.
type cutter struct {
	http.ResponseWriter
	origin *origin
	left   int // 0 means all
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
	c.origin.sent.Add(int64(len(p))) // counted before the write: afterwards the client may be done at once
	n, err := c.ResponseWriter.Write(p)
	if c.cut {
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		return n, errors.New("cut")
	}
	return n, err
}
