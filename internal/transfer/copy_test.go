package transfer_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/s3fake"
	"github.com/takeup/takeup/internal/transfer"
	"github.com/takeup/takeup/internal/video"
)

const (
	bucket = "videos"
	key    = "videos/job-1/video.mp4"
	mib    = 1 << 20
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
	content := make([]byte, size-len(head)-8)
	for i := range len(content) / 8 {
		binary.LittleEndian.PutUint64(content[i*8:], uint64(i)*0x9e3779b97f4a7c15)
	}
	return append(head, box("mdat", content)...)
}

// setup is a source, an S3 and a Transfer from one to the other.
type setup struct {
	fake *s3fake.Server
	url  string // the source's, with the secret
	copy func(context.Context) (video.Copied, error)
}

// at is a source that gives one URL for ever.
func at(url string) transfer.Source {
	return func(context.Context) (string, error) { return url, nil }
}

func start(t *testing.T, source http.HandlerFunc, limit int64) setup {
	t.Helper()
	server := httptest.NewServer(source)
	t.Cleanup(server.Close)
	fake, url := s3fake.New(t), server.URL+"/v.mp4?"+secret
	copier := transfer.New(fake.Client(), transfer.Config{Bucket: bucket, MaxBytes: limit, Loopback: true})
	return setup{fake: fake, url: url, copy: func(ctx context.Context) (video.Copied, error) { return copier.Copy(ctx, at(url), key) }}
}

// serve gives a body with its length; chunked, without.
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

// cut announces a length, or none, and closes the connection after a part of it.
func cut(body []byte, after int, chunked bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if !chunked {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		}
		send(w, body[:after])
		panic(http.ErrAbortHandler)
	}
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

func TestCopy(t *testing.T) {
	for _, size := range []int{200, 8*mib - 1, 8 * mib, 8*mib + 1, 20 * mib} {
		body := mp4(size)
		for name, source := range map[string]http.HandlerFunc{
			"with its length":      serve(body, false),
			"chunked":              serve(body, true),
			"until the connection": untilClosed(body),
		} {
			t.Run(fmt.Sprintf("%d bytes, %s", size, name), func(t *testing.T) {
				s := start(t, source, int64(size))
				copied, err := s.copy(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if copied.Bytes != int64(size) || copied.CRC32 != video.CRC32(crc32.ChecksumIEEE(body)) {
					t.Errorf("copied %+v", copied)
				}
				object, ok := s.fake.Object(bucket, key)
				if !ok || !bytes.Equal(object.Body, body) || object.ContentType != "video/mp4" {
					t.Errorf("stored: %v, %d bytes, as %q", ok, len(object.Body), object.ContentType)
				}
				if open := s.fake.OpenUploads(bucket); len(open) != 0 {
					t.Errorf("open uploads: %v", open)
				}
			})
		}
	}
}

func TestSmallFilesAreOnePut(t *testing.T) {
	s := start(t, serve(mp4(mib), false), mib)
	if _, err := s.copy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if calls := s.fake.Calls(); len(calls) != 1 || calls[0].Op != "PutObject" {
		t.Errorf("calls %+v", calls)
	}
}

// Nothing of the request depends on the machine or undoes the file's bytes.
func TestRequest(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	body := mp4(1000)
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.RawQuery != secret || r.Header.Get("Accept-Encoding") != "" || r.Header.Get("Authorization") != "" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		serve(body, false)(w, r)
	}, mib)
	if _, err := s.copy(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCutFiles(t *testing.T) {
	// moov, mdat and a box after them: cut between two boxes it looks whole.
	tail := box("free", make([]byte, 1000))
	small, large := append(mp4(mib), tail...), append(mp4(20*mib), tail...)
	endless := append(append(box("ftyp", []byte("isom")), box("moov", nil)...), "\x00\x00\x00\x00mdat"...)
	endless = append(endless, make([]byte, mib)...)
	for name, c := range map[string]struct {
		body  []byte
		after int
	}{
		"at once":                    {small, 0},
		"small, in mdat":             {small, mib / 2},
		"small, between two boxes":   {small, mib},
		"small, before the last":     {small, len(small) - 1},
		"large, in the first part":   {large, mib},
		"large, in a later part":     {large, 10 * mib},
		"large, between two parts":   {large, 16 * mib},
		"large, between two boxes":   {large, 20 * mib},
		"large, before the last":     {large, len(large) - 1},
		"a box that reaches the end": {endless, len(endless) - 10},
	} {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, chunked %v", name, chunked), func(t *testing.T) {
				s := start(t, cut(c.body, c.after, chunked), 1<<30)
				_, err := s.copy(t.Context())
				s.nothing(t, err)
				if rejected(err) {
					t.Errorf("a cut file is rejected for good: %v", err)
				}
			})
		}
	}
	s := start(t, untilClosed(small[:mib/2]), 1<<30)
	_, err := s.copy(t.Context())
	s.nothing(t, err)
	if rejected(err) {
		t.Errorf("a cut file is rejected for good: %v", err)
	}
}

func TestS3Failing(t *testing.T) {
	small, large := mp4(mib), mp4(17*mib)
	denied, down, gone := s3fake.Fault{Status: 403, Code: "AccessDenied"}, s3fake.Fault{Status: 500, Code: "InternalError"}, s3fake.Fault{Cut: true}
	for _, op := range []string{"PutObject", "CreateMultipartUpload", "UploadPart 1", "UploadPart 2", "UploadPart 3", "CompleteMultipartUpload"} {
		faults := map[string]s3fake.Fault{"denied": denied}
		if op != "UploadPart 1" && op != "UploadPart 3" {
			faults = map[string]s3fake.Fault{"down": down, "gone": gone}
		}
		for name, fault := range faults {
			t.Run(op+" "+name, func(t *testing.T) {
				body := large
				if op == "PutObject" {
					body = small
				}
				s := start(t, serve(body, false), 1<<30)
				var failed atomic.Bool
				s.fake.Fail(func(call s3fake.Call) s3fake.Fault {
					this := call.Op
					if call.Part > 0 {
						this += " " + strconv.Itoa(int(call.Part))
					}
					if this != op {
						return s3fake.Fault{}
					}
					failed.Store(true)
					return fault
				})
				_, err := s.copy(t.Context())
				s.nothing(t, err)
				if rejected(err) || !failed.Load() {
					t.Errorf("rejected for good, or not reached: %v", err)
				}
				// A second try, when S3 is well again, has nothing in its way.
				s.fake.Fail(nil)
				if _, err := s.copy(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// One failure of each kind is mended by the S3 client's own second try, whether
// the first one took effect or not.
func TestS3FailingOnce(t *testing.T) {
	for _, after := range []bool{false, true} {
		for _, body := range [][]byte{mp4(mib), mp4(9 * mib)} {
			s := start(t, serve(body, true), 1<<30)
			s.fake.Fail(func(call s3fake.Call) s3fake.Fault {
				if call.Count == 1 && (!after || call.Op != "CompleteMultipartUpload") {
					return s3fake.Fault{After: after, Status: 503, Code: "SlowDown"}
				}
				return s3fake.Fault{}
			})
			if _, err := s.copy(t.Context()); err != nil {
				t.Errorf("after %v: %v", after, err)
			}
			if object, _ := s.fake.Object(bucket, key); !bytes.Equal(object.Body, body) {
				t.Errorf("after %v: stored %d bytes", after, len(object.Body))
			}
		}
	}
}

// Where the answer to the last write is lost for good, the object is whole or
// absent.
func TestLastAnswerLost(t *testing.T) {
	for _, body := range [][]byte{mp4(mib), mp4(9 * mib)} {
		s := start(t, serve(body, true), 1<<30)
		s.fake.Fail(func(call s3fake.Call) s3fake.Fault {
			if call.Op == "PutObject" || call.Op == "CompleteMultipartUpload" {
				return s3fake.Fault{After: true, Cut: true}
			}
			return s3fake.Fault{}
		})
		_, err := s.copy(t.Context())
		if rejected(err) {
			t.Error(err)
		}
		if object, ok := s.fake.Object(bucket, key); ok && !bytes.Equal(object.Body, body) {
			t.Errorf("stored %d bytes", len(object.Body))
		}
	}
}

func TestAbortFailing(t *testing.T) {
	s := start(t, serve(mp4(20*mib), false), 1<<30)
	s.fake.Fail(func(call s3fake.Call) s3fake.Fault {
		switch {
		case call.Op == "UploadPart" && call.Part == 2:
			return s3fake.Fault{Status: 403, Code: "AccessDenied"}
		case call.Op == "AbortMultipartUpload":
			return s3fake.Fault{Status: 403, Code: "AccessDenied"}
		}
		return s3fake.Fault{}
	})
	_, err := s.copy(t.Context())
	if err == nil || !strings.Contains(err.Error(), "UploadPart") || !strings.Contains(err.Error(), "AbortMultipartUpload") || len(s.fake.Keys(bucket)) != 0 {
		t.Errorf("%v, %v", err, s.fake.Keys(bucket))
	}
}

// A caller that gives up leaves no open upload behind.
func TestGivenUp(t *testing.T) {
	body := mp4(20 * mib)
	ctx, cancel := context.WithCancel(t.Context())
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		send(w, body[:10*mib])
		<-r.Context().Done() // a source that stalls
	}, 1<<30)
	s.fake.Fail(func(call s3fake.Call) s3fake.Fault {
		if call.Op == "UploadPart" {
			cancel()
		}
		return s3fake.Fault{}
	})
	_, err := s.copy(ctx)
	s.nothing(t, err)
	if !errors.Is(err, context.Canceled) || rejected(err) {
		t.Error(err)
	}
	if s.fake.Count("AbortMultipartUpload") == 0 {
		t.Error("it was not aborted")
	}
}

// What is left of the deadline is for taking back: nothing is begun in it.
func TestNoTimeLeft(t *testing.T) {
	s := start(t, func(http.ResponseWriter, *http.Request) { t.Error("it asked for the file") }, 1<<30)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := s.copy(ctx)
	s.nothing(t, err)
	if !errors.Is(err, context.DeadlineExceeded) || len(s.fake.Calls()) != 0 {
		t.Errorf("%v, calls %v", err, s.fake.Calls())
	}
}
