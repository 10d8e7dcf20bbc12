package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/internal/bucket/s3test"
	"github.com/takeup/takeup/internal/transfer"
	"github.com/takeup/takeup/internal/video"
)

// This file has a source and an S3 without a network, for tests in a synctest bubble, where
// hours take no time.

// script is a source that answers from a script. It is an http.RoundTripper.
type script struct {
	body   []byte
	header http.Header // of an answer with a status
	// line returns the answer to the n-th request, counted from 1.
	line func(n int) line

	mu      sync.Mutex
	asked   int
	cuts    int   // answers that broke off or never came
	fetched int64 // bytes that were read
}

// line is an answer of the script.
type line struct {
	fails  bool          // never answers
	status int           // 0 answers with the requested bytes
	ends   int           // breaks off after that many bytes; 0 means that it doesn't
	stalls bool          // sends nothing more instead, and is never closed
	chunk  int           // bytes at a time
	every  time.Duration // interval between chunks
	whole  bool          // ignores ranges
	edit   func(*http.Response)
}

// RoundTrip implements http.RoundTripper.
func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.asked++
	l := s.line(s.asked)
	if l.fails || l.status != 0 || l.ends > 0 {
		s.cuts++
	}
	s.mu.Unlock()
	if l.fails && l.stalls {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	if l.fails {
		return nil, errors.New("connection reset")
	}
	w := httptest.NewRecorder()
	if l.status != 0 {
		maps.Copy(w.Header(), s.header)
		w.WriteHeader(l.status)
		return w.Result(), nil
	}
	if l.whole {
		r = r.Clone(r.Context())
		r.Header.Del("Range")
	} else {
		w.Header().Set("ETag", `"1"`)
	}
	http.ServeContent(w, r, "v.mp4", time.Time{}, bytes.NewReader(s.body))
	answer := w.Result()
	answer.ContentLength = int64(w.Body.Len())
	answer.Body = &scriptBody{script: s, line: l, ctx: r.Context(), rest: w.Body.Bytes()}
	if l.edit != nil {
		l.edit(answer)
	}
	return answer, nil
}

// scriptBody is the body of an answer.
type scriptBody struct {
	*script
	line line
	ctx  context.Context
	rest []byte
	gave int
}

func (s *scriptBody) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	if s.line.ends > 0 && s.gave >= s.line.ends {
		if s.line.stalls {
			<-s.ctx.Done()
			return 0, s.ctx.Err()
		}
		return 0, io.ErrUnexpectedEOF
	}
	if len(s.rest) == 0 {
		return 0, io.EOF
	}
	if s.line.every > 0 {
		time.Sleep(s.line.every)
	}
	n := min(len(p), len(s.rest))
	if s.line.chunk > 0 {
		n = min(n, s.line.chunk)
	}
	if s.line.ends > 0 {
		n = min(n, s.line.ends-s.gave)
	}
	copy(p, s.rest[:n])
	s.rest, s.gave = s.rest[n:], s.gave+n
	s.mu.Lock()
	s.fetched += int64(n)
	s.mu.Unlock()
	return n, nil
}

func (s *scriptBody) Close() error { return nil }

// direct connects the S3 client to a handler without a network.
type direct struct{ handler http.Handler }

// Do implements the S3 client's HTTPClient.
func (d direct) Do(r *http.Request) (answer *http.Response, err error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	defer func() {
		_ = r.Body.Close()
		if recover() != nil { // http.ErrAbortHandler
			err = errors.New("connection reset")
		}
	}()
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	answer = w.Result()
	answer.Request = r
	return answer, nil
}

// bucketOf returns a client of a handler that serves S3.
func bucketOf(fake *s3test.Server, handler http.Handler) *s3.Client {
	return s3.New(fake.Client().Options(), func(o *s3.Options) {
		o.BaseEndpoint, o.HTTPClient = aws.String("https://s3.example"), direct{handler}
	})
}

// copyScript copies a script's file into S3.
func copyScript(ctx context.Context, s *script, fake *s3test.Server, timeouts transfer.Timeouts, limit int64) (video.Copied, error) {
	copier := transfer.New(bucketOf(fake, fake), transfer.Config{Bucket: bucket, MaxBytes: limit, Timeouts: timeouts})
	copier.SetTransport(s)
	copier.SetSizes(5*unit, 16*unit, 4, unit/4)
	return copier.Copy(ctx, at("https://cdn.example/v.mp4?"+secret), key)
}

// newFake returns a fake S3. It must be called outside of a bubble.
func newFake(t *testing.T) *s3test.Server {
	fake := s3test.New(t)
	fake.TakeSmallParts(5 * unit)
	return fake
}
