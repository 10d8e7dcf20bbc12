package transfer_test

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim/clip"
	"github.com/takeup/takeup/internal/video"
)

// holds checks that a Copy stored the file and described it.
func (s setup) holds(t *testing.T, copied video.Copied, err error, body []byte) {
	t.Helper()
	if err != nil {
		t.Error(err)
		return
	}
	if copied.Bytes != int64(len(body)) || copied.CRC32 != video.CRC32(crc32.ChecksumIEEE(body)) {
		t.Errorf("it returned %+v, want %d bytes with the checksum %s", copied, len(body), video.CRC32(crc32.ChecksumIEEE(body)))
	}
	object, ok := s.fake.Object(bucket, key)
	if !ok || !bytes.Equal(object.Body, body) || object.ContentType != "video/mp4" {
		t.Errorf("stored: %v, %d bytes, as %q; want the %d bytes of the file, as video/mp4", ok, len(object.Body), object.ContentType, len(body))
	}
	if open := s.fake.OpenUploads(bucket); len(open) != 0 {
		t.Errorf("open uploads: %v", open)
	}
}

func TestCopy(t *testing.T) {
	for _, size := range []int{200, 5*unit - 1, 5 * unit, 5*unit + 1, 10*unit - 1, 10 * unit, 10*unit + 1, 20 * unit} {
		body := mp4(size)
		for name, source := range map[string]http.HandlerFunc{
			"resumable":            (&origin{body: body, etag: "1"}).ServeHTTP,
			"with its length":      serve(body, false),
			"chunked":              serve(body, true),
			"until the connection": untilClosed(body),
		} {
			for how, singleRequest := range map[string]time.Duration{"one request": oneRequest, "many requests": manyRequests} {
				t.Run(fmt.Sprintf("%d bytes, %s, %s", size, name, how), func(t *testing.T) {
					s := start(t, source, int64(size), singleRequest)
					copied, err := s.copy(t.Context())
					s.holds(t, copied, err, body)
				})
			}
		}
	}
}

// The simulator's videos are real ones.
func TestWhatTheVideoSays(t *testing.T) {
	made, err := clip.New("gen-1", 10, "9:16", 12*unit)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(made.Open())
	if err != nil {
		t.Fatal(err)
	}
	for _, singleRequest := range []time.Duration{oneRequest, manyRequests} {
		s := start(t, (&origin{body: body, etag: "1"}).ServeHTTP, 1<<30, singleRequest)
		copied, err := s.copy(t.Context())
		s.holds(t, copied, err, body)
		if copied.Duration.Round(time.Second) != 10*time.Second || copied.Width == 0 || copied.Height <= copied.Width {
			t.Errorf("copied %+v", copied)
		}
	}
}

// ops names the calls to S3 in order, without those with which every Copy begins and ends.
func (s setup) ops(t *testing.T) string {
	t.Helper()
	var ops []string
	for _, call := range s.fake.Calls() {
		ops = append(ops, call.Op)
	}
	if len(ops) < 2 || ops[0] != "GetObject" || ops[len(ops)-1] != "ListMultipartUploads" {
		t.Fatalf("calls %v", ops)
	}
	return strings.Join(ops[1:len(ops)-1], " ")
}

func TestRequests(t *testing.T) {
	for _, c := range []struct {
		name          string
		size          int
		singleRequest time.Duration
		asked         int // calls of the source
		stored        string
	}{
		{"small", unit, manyRequests, 1, "PutObject"},
		{"too small for two parts", 10*unit - 1, manyRequests, 2, "PutObject"},
		{"fast", 40 * unit, oneRequest, 2, "PutObject"},
		{"slow", 20 * unit, manyRequests, 4, "CreateMultipartUpload UploadPart UploadPart UploadPart UploadPart CompleteMultipartUpload"},
	} {
		o := &origin{body: mp4(c.size), etag: "1"}
		s := start(t, o.ServeHTTP, 1<<30, c.singleRequest)
		if _, err := s.copy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if stored := s.ops(t); len(o.requests()) != c.asked || stored != c.stored || o.sent.Load() != int64(c.size) {
			t.Errorf("%s: asked for %v, which gave %d bytes; stored with %s", c.name, o.requests(), o.sent.Load(), stored)
		}
	}
}

// A request depends on nothing of the machine, and asks for the file's bytes as they are.
func TestRequest(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	body := mp4(1000)
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.RawQuery != secret || r.Header.Get("Accept-Encoding") != "" || r.Header.Get("Authorization") != "" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		serve(body, false)(w, r)
	}, unit, manyRequests)
	if _, err := s.copy(t.Context()); err != nil {
		t.Error(err)
	}
}

// A file with too many boxes to read their headers out of order is fetched part by part, in
// order.
func TestManyBoxes(t *testing.T) {
	body := slices.Concat(box("ftyp", []byte("isom")), box("moov", nil))
	for i := range 60 {
		body = append(body, box("moof", content(200, uint64(i)))...)
		body = append(body, box("mdat", content(unit, uint64(i)))...)
	}
	for _, dense := range []int{1, 1000} {
		o := &origin{body: body, etag: "1"}
		s := start(t, o.ServeHTTP, 1<<30, manyRequests)
		s.copier.SetMaxLookUps(dense)
		copied, err := s.copy(t.Context())
		s.holds(t, copied, err, body)
	}
	o := &origin{body: append(body, "\x00\x00\x00\x09free"...), etag: "1"}
	s := start(t, o.ServeHTTP, 1<<30, manyRequests)
	_, err := s.copy(t.Context())
	s.nothing(t, err)
	if !rejected(err) {
		t.Error(err)
	}
}

// Concurrent requests have a connection each; over HTTP/2 they would share one.
func TestConnections(t *testing.T) {
	body := mp4(30 * unit)
	var mu sync.Mutex
	connections, requests, together := map[string]bool{}, 0, make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		connections[r.RemoteAddr] = true
		requests++
		n := requests
		mu.Unlock()
		// The second request is answered once the third has come.
		switch n {
		case 2:
			select {
			case <-together:
			case <-r.Context().Done():
			}
		case 3:
			close(together)
		}
		if r.ProtoMajor != 1 {
			t.Errorf("a request came over %s", r.Proto)
		}
		(&origin{body: body, etag: "1"}).ServeHTTP(w, r)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	authority := x509.NewCertPool()
	authority.AddCert(server.Certificate())
	s := start(t, http.NotFound, 1<<30, manyRequests)
	s.copier.Trust(authority)
	copied, err := s.copier.Copy(t.Context(), at(server.URL+"/v.mp4"), key)
	s.holds(t, copied, err, body)
	if len(connections) < 2 {
		t.Errorf("%d connections, want several", len(connections))
	}
}
