package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/internal/bucket/s3test"
)

// name returns a call's operation, with its part.
func name(call s3test.Call) string {
	if call.Part > 0 {
		return call.Op + " " + strconv.Itoa(int(call.Part))
	}
	return call.Op
}

func TestS3Failing(t *testing.T) {
	small, large := mp4(unit), mp4(17*unit)
	faults := map[string]s3test.Fault{
		"denied": {Status: 403, Code: "AccessDenied"}, "down": {Status: 500, Code: "InternalError"}, "gone": {Cut: true},
	}
	for _, op := range []string{"GetObject", "PutObject", "CreateMultipartUpload", "UploadPart 1", "UploadPart 2", "UploadPart 4", "CompleteMultipartUpload"} {
		for what, fault := range faults {
			t.Run(op+" "+what, func(t *testing.T) {
				body := large
				if op == "PutObject" {
					body = small
				}
				s := start(t, (&origin{body: body, etag: "1"}).ServeHTTP, 1<<30, manyRequests)
				var failed atomic.Bool
				s.fake.Fail(func(call s3test.Call) s3test.Fault {
					if name(call) != op {
						return s3test.Fault{}
					}
					failed.Store(true)
					return fault
				})
				_, err := s.copy(t.Context())
				s.nothing(t, err)
				if rejected(err) || !failed.Load() {
					t.Errorf("rejected for good, or not reached: %v", err)
				}
				// Once S3 works again, another Copy succeeds.
				s.fake.Fail(nil)
				copied, err := s.copy(t.Context())
				s.holds(t, copied, err, body)
			})
		}
	}
}

// The S3 client's own retry overcomes one failure of each call, whether or not the call took
// effect.
func TestS3FailingOnce(t *testing.T) {
	for _, fault := range []s3test.Fault{
		{Status: 503, Code: "SlowDown"}, {Cut: true}, {After: true, Status: 503, Code: "SlowDown"}, {After: true, Cut: true},
	} {
		for what, o := range map[string]*origin{
			"small": {body: mp4(unit)}, "large": {body: mp4(17 * unit)}, "not resumable": {body: mp4(17 * unit)},
		} {
			t.Run(fmt.Sprintf("%+v, %s", fault, what), func(t *testing.T) {
				source := o.ServeHTTP
				if o.etag = "1"; what == "not resumable" {
					source = serve(o.body, true)
				}
				s := start(t, source, 1<<30, manyRequests)
				var mu sync.Mutex
				failed := map[string]bool{}
				s.fake.Fail(func(call s3test.Call) s3test.Fault {
					mu.Lock()
					defer mu.Unlock()
					if failed[name(call)] {
						return s3test.Fault{}
					}
					failed[name(call)] = true
					return fault
				})
				copied, err := s.copy(t.Context())
				s.holds(t, copied, err, o.body)
			})
		}
	}
}

// If all responses to the last write are lost, this Copy and the next one find the object.
func TestLastAnswerLost(t *testing.T) {
	for _, body := range [][]byte{mp4(unit), mp4(11 * unit)} {
		s := start(t, (&origin{body: body, etag: "1"}).ServeHTTP, 1<<30, manyRequests)
		s.fake.Fail(func(call s3test.Call) s3test.Fault {
			if call.Op == "PutObject" || call.Op == "CompleteMultipartUpload" {
				return s3test.Fault{After: true, Cut: true}
			}
			return s3test.Fault{}
		})
		copied, err := s.copy(t.Context())
		s.holds(t, copied, err, body)
		s.fake.Fail(nil)
		s.url = "https://127.0.0.1:1/"
		copied, err = s.copier.Copy(t.Context(), func(context.Context) (string, error) {
			t.Error("it asked for a URL")
			return "", errors.New("there is none")
		}, key)
		s.holds(t, copied, err, body)
	}
}

func TestAbortFailing(t *testing.T) {
	s := start(t, (&origin{body: mp4(20 * unit), etag: "1"}).ServeHTTP, 1<<30, manyRequests)
	denied := s3test.Fault{Status: 403, Code: "AccessDenied"}
	s.fake.Fail(func(call s3test.Call) s3test.Fault {
		if name(call) == "UploadPart 2" || call.Op == "AbortMultipartUpload" {
			return denied
		}
		return s3test.Fault{}
	})
	_, err := s.copy(t.Context())
	if err == nil || !strings.Contains(err.Error(), "UploadPart") || !strings.Contains(err.Error(), "AbortMultipartUpload") || len(s.fake.Keys(bucket)) != 0 {
		t.Errorf("%v, %v", err, s.fake.Keys(bucket))
	}
}

// An upload whose id was lost, or that an earlier Copy left, is aborted once the file is stored
// or rejected.
func TestUploadsThatWereLeft(t *testing.T) {
	body := mp4(12 * unit)
	for what, file := range map[string][]byte{"stored": body, "small": mp4(unit), "refused": append(bytes.Clone(body), "\x00\x00\x00\x09free"...)} {
		s := start(t, (&origin{body: file, etag: "1"}).ServeHTTP, 1<<30, manyRequests)
		for _, other := range []string{key, key + "2"} {
			if _, err := s.fake.Client().CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String(bucket), Key: &other}); err != nil {
				t.Fatal(err)
			}
		}
		s.fake.Fail(func(call s3test.Call) s3test.Fault {
			switch {
			case call.Op == "CreateMultipartUpload" && call.Count == 3:
				return s3test.Fault{After: true, Cut: true}
			case call.Op == "ListMultipartUploads" && call.Count <= 4, call.Op == "AbortMultipartUpload" && call.Count <= 4:
				return s3test.Fault{Status: 503, Code: "SlowDown"} // for longer than the client retries
			}
			return s3test.Fault{}
		})
		if _, err := s.copy(t.Context()); err != nil && !rejected(err) {
			t.Error(err)
		}
		if open := s.fake.OpenUploads(bucket); len(open) != 1 || open[0] != key+"2" {
			t.Errorf("%s: open uploads of %v", what, open)
		}
	}
}

// A Copy whose upload another Copy aborted finds that Copy's object.
func TestUploadThatAnotherAborted(t *testing.T) {
	body := mp4(22 * unit)
	for _, op := range []string{"UploadPart 3", "CompleteMultipartUpload"} {
		s := start(t, (&origin{body: body, etag: "1"}).ServeHTTP, 1<<30, manyRequests)
		var met atomic.Bool
		s.fake.Fail(func(call s3test.Call) s3test.Fault {
			if name(call) == op && met.CompareAndSwap(false, true) {
				copied, err := s.copier.Copy(context.Background(), at(s.url), key)
				if err != nil || copied.Bytes != int64(len(body)) {
					t.Errorf("the other one: %+v, %v", copied, err)
				}
			}
			return s3test.Fault{}
		})
		copied, err := s.copy(t.Context())
		s.holds(t, copied, err, body)
	}
}

// An object that is already at the key stays, whatever the source has.
func TestStoredAlready(t *testing.T) {
	stored, other := mp4(7*unit), mp4(12*unit)
	for _, composed := range []bool{false, true} {
		s := start(t, (&origin{body: other, etag: "1"}).ServeHTTP, 1<<30, manyRequests)
		if composed {
			s.fake.Compose()
		}
		s.fake.Put(bucket, key, stored)
		copied, err := s.copy(t.Context())
		if err != nil || copied.Bytes != int64(len(stored)) {
			t.Errorf("%+v, %v", copied, err)
		}
		// Another Copy stores it during this one.
		for _, op := range []string{"PutObject", "UploadPart 2", "CompleteMultipartUpload"} {
			body := mp4(unit)
			if op != "PutObject" {
				body = other
			}
			for _, same := range []bool{true, false} {
				s := start(t, (&origin{body: body, etag: "1"}).ServeHTTP, 1<<30, manyRequests)
				if composed {
					s.fake.Compose()
				}
				want := stored
				if same {
					want = body
				}
				var met atomic.Bool
				s.fake.Fail(func(call s3test.Call) s3test.Fault {
					if name(call) == op && met.CompareAndSwap(false, true) {
						s.fake.Put(bucket, key, want)
					}
					return s3test.Fault{}
				})
				copied, err := s.copy(t.Context())
				if object, _ := s.fake.Object(bucket, key); err != nil || copied.Bytes != int64(len(want)) || !bytes.Equal(object.Body, want) {
					t.Errorf("%s, the same %v: %+v, %v", op, same, copied, err)
				}
				if open := s.fake.OpenUploads(bucket); len(open) > 0 {
					t.Errorf("%s, the same %v: open uploads of %v", op, same, open)
				}
			}
		}
	}
	for what, junk := range map[string][]byte{"text": []byte("a page, and no video"), "cut": stored[:unit], "empty": nil} {
		s := start(t, (&origin{body: other, etag: "1"}).ServeHTTP, 1<<30, manyRequests)
		s.fake.Put(bucket, key, junk)
		if _, err := s.copy(t.Context()); err == nil || rejected(err) || !strings.Contains(err.Error(), "delete it") {
			t.Errorf("%s: %v", what, err)
		}
		if object, _ := s.fake.Object(bucket, key); !bytes.Equal(object.Body, junk) {
			t.Errorf("%s was replaced", what)
		}
	}
}

func TestFiftyAtOnce(t *testing.T) {
	for _, size := range []int{unit, 11 * unit} {
		body := mp4(size)
		s := start(t, (&origin{body: body, etag: "1"}).ServeHTTP, 1<<30, manyRequests)
		s.copier.SetSizes(5*unit, 16*unit, 3, unit/4)
		var wait sync.WaitGroup
		for range 50 {
			wait.Go(func() {
				copied, err := s.copy(t.Context())
				if err != nil || copied.Bytes != int64(size) {
					t.Errorf("%+v, %v", copied, err)
				}
			})
		}
		wait.Wait()
		copied, err := s.copy(t.Context())
		s.holds(t, copied, err, body)
	}
}

// An S3 that keeps no checksum of the whole object doesn't receive one.
func TestWithoutAFullChecksum(t *testing.T) {
	body := mp4(17 * unit)
	s := start(t, (&origin{body: body, etag: "1"}).ServeHTTP, 1<<30, manyRequests)
	s.fake.Compose()
	copied, err := s.copy(t.Context())
	s.holds(t, copied, err, body)
	s = start(t, (&origin{body: body, etag: "1"}).ServeHTTP, 1<<30, manyRequests)
	copied, err = s.copy(t.Context())
	s.holds(t, copied, err, body)
	if object, _ := s.fake.Object(bucket, key); object.Checksums.Get("X-Amz-Checksum-Crc32") != copied.CRC32 {
		t.Errorf("S3 keeps the checksums %v", object.Checksums)
	}
}

// A caller that cancels leaves no open upload.
func TestCancelled(t *testing.T) {
	body := mp4(20 * unit)
	ctx, cancel := context.WithCancel(t.Context())
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Range"), "bytes=0-") {
			cancel()
			<-r.Context().Done() // a source that stalls
			return
		}
		(&origin{body: body, etag: "1"}).ServeHTTP(w, r)
	}, 1<<30, manyRequests)
	_, err := s.copy(ctx)
	s.nothing(t, err)
	if !errors.Is(err, context.Canceled) || rejected(err) {
		t.Error(err)
	}
	if s.fake.Count("AbortMultipartUpload") == 0 {
		t.Error("it was not aborted")
	}
}
