package transfer_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestNotAVideo(t *testing.T) {
	head := append(box("ftyp", []byte("isom")), box("moov", nil)...)
	long := append(bytes.Clone(head), box("mdat", make([]byte, 100))...)
	binary.BigEndian.PutUint32(long[len(head):], 1000)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(mp4(unit)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		body   []byte
		header string
	}{
		"a page":                  {body: []byte("<html><body>expired</body></html>")},
		"empty":                   {body: nil},
		"no moov":                 {body: append(box("ftyp", nil), box("mdat", make([]byte, 100))...)},
		"no mdat":                 {body: head},
		"its last box is longer":  {body: long},
		"a large file of no kind": {body: bytes.Repeat([]byte("takeup!\n"), 20*unit/8)},
		"large, and a box beyond": {body: append(mp4(20*unit), 0, 0, 1, 0, 'f', 'r', 'e', 'e')},
		"packed":                  {body: packed.Bytes(), header: "gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, func(w http.ResponseWriter, r *http.Request) {
				if c.header != "" {
					w.Header().Set("Content-Encoding", c.header)
				}
				serve(c.body, false)(w, r)
			}, 1<<30, oneRequest)
			_, err := s.copy(t.Context())
			s.nothing(t, err)
			if !rejected(err) {
				t.Errorf("it isn't rejected: %v", err)
			}
			for _, singleRequest := range []time.Duration{oneRequest, manyRequests} {
				s := start(t, (&origin{body: c.body, etag: "1"}).ServeHTTP, 1<<30, singleRequest)
				_, err := s.copy(t.Context())
				s.nothing(t, err)
				if !rejected(err) {
					t.Errorf("resumable, %v for one request: it isn't rejected: %v", singleRequest, err)
				}
			}
		})
	}
}

func TestTooLarge(t *testing.T) {
	for _, size := range []int{unit, 20 * unit} {
		body := mp4(size)
		for _, chunked := range []bool{false, true} {
			s := start(t, serve(body, chunked), int64(size)-1, oneRequest)
			_, err := s.copy(t.Context())
			s.nothing(t, err)
			if !rejected(err) {
				t.Errorf("%d bytes, chunked %v: %v", size, chunked, err)
			}
			if !chunked && s.ops(t) != "" {
				t.Errorf("its length was known; calls %v", s.fake.Calls())
			}
		}
		o := &origin{body: body, etag: "1"}
		s := start(t, o.ServeHTTP, int64(size)-1, oneRequest)
		_, err := s.copy(t.Context())
		s.nothing(t, err)
		if !rejected(err) || s.ops(t) != "" || len(o.requests()) != 1 {
			t.Errorf("%d bytes, resumable: %v, calls %v", size, err, s.fake.Calls())
		}
	}
	// A source without an end is rejected at the limit.
	s := start(t, func(w http.ResponseWriter, _ *http.Request) {
		send(w, mp4(1000))
		for part := box("free", make([]byte, unit)); ; {
			if _, err := w.Write(part); err != nil {
				return
			}
		}
	}, 30*unit, oneRequest)
	_, err := s.copy(t.Context())
	s.nothing(t, err)
	if !rejected(err) {
		t.Errorf("without an end: %v", err)
	}
}

// A source that refuses once may not refuse again.
func TestSourceFailing(t *testing.T) {
	for _, status := range []int{201, 204, 206, 304, 400, 401, 403, 404, 410, 416, 429, 451, 500, 502, 503, 504} {
		s := start(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }, 1<<30, oneRequest)
		_, err := s.copy(t.Context())
		s.nothing(t, err)
		if rejected(err) || !strings.Contains(err.Error(), strconv.Itoa(status)) {
			t.Errorf("%d: %v", status, err)
		}
	}
	for name, source := range map[string]http.HandlerFunc{
		"no answer": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"no HTTP": func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			_, _ = fmt.Fprintf(conn, "%s\r\n\r\n", r.URL)
			_ = conn.Close()
		},
		"redirect to nowhere": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "https://cdn.example/%zz?"+r.URL.RawQuery)
			w.WriteHeader(http.StatusFound)
		},
		"redirect without a place": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusFound) },
	} {
		s := start(t, source, 1<<30, oneRequest)
		_, err := s.copy(t.Context())
		s.nothing(t, err)
		if rejected(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRedirects(t *testing.T) {
	body := mp4(unit)
	for hops := range 6 {
		var asked atomic.Int64
		s := start(t, func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			if r.Header.Get("Referer") != "" {
				t.Errorf("it sent the Referer %s", r.Header.Get("Referer"))
			}
			n, _ := strconv.Atoi(r.URL.Query().Get("n")) // 0 for the first, which has none
			if n < hops {
				http.Redirect(w, r, fmt.Sprintf("/v.mp4?n=%d&%s", n+1, secret), http.StatusFound)
				return
			}
			serve(body, false)(w, r)
		}, 1<<30, oneRequest)
		_, err := s.copy(t.Context())
		if hops <= 3 {
			if err != nil {
				t.Errorf("%d redirects: %v", hops, err)
			}
			continue
		}
		s.nothing(t, err)
		if !rejected(err) || asked.Load() != 4 {
			t.Errorf("%d redirects: %v, asked %d times", hops, err, asked.Load())
		}
	}
}
