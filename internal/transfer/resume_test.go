package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A request that breaks off is resumed from the byte that it reached.
func TestCutRequests(t *testing.T) {
	body := mp4(22 * unit)
	for name, every := range map[string]func(n int) int{
		"each after 1 units":       func(int) int { return unit },
		"each after 4 units":       func(int) int { return 4 * unit },
		"each after 12 units":      func(int) int { return 12 * unit },
		"each third one at once":   func(n int) int { return -(n % 3 % 2) },
		"the first after a byte":   func(n int) int { return max(0, 2-n) },
		"each other one before it": func(n int) int { return -(n % 2) },
	} {
		for how, singleRequest := range map[string]time.Duration{"one request": oneRequest, "many requests": manyRequests} {
			t.Run(name+", "+how, func(t *testing.T) {
				o := &origin{body: body, etag: "1", trouble: func(n int, _ *http.Request) trouble { return trouble{cut: every(n)} }}
				s := start(t, o.ServeHTTP, 1<<30, singleRequest)
				copied, err := s.copy(t.Context())
				s.holds(t, copied, err, body)
				if o.sent.Load() != int64(len(body)) {
					t.Errorf("%d bytes were fetched", o.sent.Load())
				}
			})
		}
	}
}

// A file that can't be resumed is fetched from the beginning again. It is stored whole or not at
// all.
func TestCutFiles(t *testing.T) {
	// The file has a box after moov and mdat. If it is cut between two boxes, it looks whole.
	tail := box("free", make([]byte, 1000))
	small, large := append(mp4(unit), tail...), append(mp4(20*unit), tail...)
	endlessBox := append(append(box("ftyp", []byte("isom")), box("moov", nil)...), "\x00\x00\x00\x00mdat"...)
	endlessBox = append(endlessBox, make([]byte, unit)...)
	for name, c := range map[string]struct {
		body  []byte
		after int
	}{
		"one request":                {small, 1},
		"small, in mdat":             {small, unit / 2},
		"small, between two boxes":   {small, unit},
		"small, before the last":     {small, len(small) - 1},
		"large, in the first part":   {large, unit},
		"large, in a later part":     {large, 7 * unit},
		"large, between two parts":   {large, 10 * unit},
		"large, between two boxes":   {large, 20 * unit},
		"large, before the last":     {large, len(large) - 1},
		"a box that reaches the end": {endlessBox, len(endlessBox) - 10},
	} {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, chunked %v", name, chunked), func(t *testing.T) {
				asked, times := atomic.Int64{}, int64(1<<62)
				source := func(w http.ResponseWriter, r *http.Request) {
					if asked.Add(1) > times {
						serve(c.body, chunked)(w, r)
						return
					}
					if !chunked {
						w.Header().Set("Content-Length", fmt.Sprint(len(c.body)))
					}
					send(w, c.body[:c.after])
					panic(http.ErrAbortHandler)
				}
				s := start(t, source, 1<<30, oneRequest)
				_, err := s.copy(t.Context())
				s.nothing(t, err)
				if rejected(err) {
					t.Errorf("a cut file is rejected for good: %v", err)
				}
				times = 2
				asked.Store(0)
				copied, err := s.copy(t.Context())
				s.holds(t, copied, err, c.body)
			})
		}
	}
	for name, body := range map[string][]byte{
		"cut":        small[:unit/2],
		"can't tell": endlessBox, // and nothing tells whether this is all
	} {
		s := start(t, untilClosed(body), 1<<30, oneRequest)
		_, err := s.copy(t.Context())
		s.nothing(t, err)
		if rejected(err) {
			t.Errorf("%s: rejected for good: %v", name, err)
		}
	}
}

// A file that changes while it is copied is stored as one of its versions.
func TestChangedFile(t *testing.T) {
	first, second := mp4(22*unit), append(mp4(22*unit-1000), box("free", content(992, 7))...)
	shorter := mp4(13 * unit)
	for how, singleRequest := range map[string]time.Duration{"one request": oneRequest, "many requests": manyRequests} {
		for name, c := range map[string]struct {
			trouble func(n int) trouble
			want    []byte
		}{
			"in the middle": {func(n int) trouble {
				return trouble{body: second, etag: map[bool]string{true: "1", false: "2"}[n == 1]}
			}, second},
			"its length": {func(n int) trouble {
				return trouble{body: shorter, etag: map[bool]string{true: "", false: "2"}[n == 1]}
			}, shorter},
			"at each request": {func(n int) trouble {
				return trouble{body: second, etag: fmt.Sprint(n)}
			}, second},
			"back and forth": {func(n int) trouble {
				if n%2 == 0 {
					return trouble{body: second, etag: "2"}
				}
				return trouble{}
			}, nil},
		} {
			for _, ignoresIfRange := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %s, ignoresIfRange %v", name, how, ignoresIfRange), func(t *testing.T) {
					o := &origin{body: first, etag: "1", ignoresIfRange: ignoresIfRange, trouble: func(n int, _ *http.Request) trouble { return c.trouble(n) }}
					s := start(t, o.ServeHTTP, 1<<30, singleRequest)
					copied, err := s.copy(t.Context())
					want := c.want
					if object, _ := s.fake.Object(bucket, key); want == nil {
						want = map[bool][]byte{true: first, false: second}[string(object.Body) == string(first)]
					}
					s.holds(t, copied, err, want)
				})
			}
		}
	}
}

// A file whose server ignores ranges, or answers for other ranges, is fetched with one request.
func TestRangesThatFail(t *testing.T) {
	body := mp4(12 * unit)
	for name, c := range map[string]func(n int, r *http.Request) trouble{
		"no ranges from the second request": func(n int, _ *http.Request) trouble { return trouble{whole: n > 1} },
		"416 from the second request": func(n int, r *http.Request) trouble {
			if n > 1 && r.Header.Get("Range") != "" {
				return trouble{status: http.StatusRequestedRangeNotSatisfiable}
			}
			return trouble{}
		},
		"416 for any range": func(_ int, r *http.Request) trouble {
			if r.Header.Get("Range") != "" {
				return trouble{status: http.StatusRequestedRangeNotSatisfiable}
			}
			return trouble{}
		},
		"another range": func(_ int, r *http.Request) trouble {
			if r.Header.Get("Range") == "" {
				return trouble{}
			}
			return trouble{edit: func(h http.Header) { h.Set("Content-Range", "bytes 1-61440/147456") }}
		},
		"a range without a length": func(_ int, r *http.Request) trouble {
			if r.Header.Get("Range") == "" {
				return trouble{}
			}
			return trouble{edit: func(h http.Header) { h.Set("Content-Range", "bytes 0-61439/*") }}
		},
		"a weak ETag": func(int, *http.Request) trouble {
			return trouble{edit: func(h http.Header) { h.Set("ETag", `W/"1"`) }}
		},
		"no ETag": func(int, *http.Request) trouble {
			return trouble{edit: func(h http.Header) { h.Del("ETag") }}
		},
	} {
		for how, singleRequest := range map[string]time.Duration{"one request": oneRequest, "many requests": manyRequests} {
			t.Run(name+", "+how, func(t *testing.T) {
				s := start(t, (&origin{body: body, etag: "1", trouble: c}).ServeHTTP, 1<<30, singleRequest)
				copied, err := s.copy(t.Context())
				s.holds(t, copied, err, body)
			})
		}
	}
}

// A URL that expires is replaced by a fresh one, and nothing is fetched twice.
func TestExpiredURLs(t *testing.T) {
	body := mp4(22 * unit)
	for _, status := range []int{403, 404, 410} {
		for how, singleRequest := range map[string]time.Duration{"one request": oneRequest, "many requests": manyRequests} {
			t.Run(fmt.Sprintf("%d, %s", status, how), func(t *testing.T) {
				var urls atomic.Int64
				o := &origin{body: body, etag: "1"}
				o.trouble = func(_ int, r *http.Request) trouble {
					switch {
					case r.URL.Query().Get("url") == "1": // the first URL has expired
						return trouble{status: status}
					case r.URL.Query().Get("url") == "2" && !strings.HasPrefix(r.Header.Get("Range"), "bytes=0-"):
						return trouble{status: status}
					}
					return trouble{cut: 3 * unit}
				}
				s := start(t, o.ServeHTTP, 1<<30, singleRequest)
				copied, err := s.copier.Copy(t.Context(), func(context.Context) (string, error) {
					return fmt.Sprintf("%s&url=%d", s.url, urls.Add(1)), nil
				}, key)
				s.holds(t, copied, err, body)
				if o.sent.Load() != int64(len(body)) || urls.Load() != 3 {
					t.Errorf("%d bytes by %d URLs", o.sent.Load(), urls.Load())
				}
			})
		}
	}
}

func TestURLsThatAllExpire(t *testing.T) {
	for _, status := range []int{403, 404, 410} {
		for name, o := range map[string]*origin{
			"from the beginning": {trouble: func(int, *http.Request) trouble { return trouble{status: status} }},
			"from the middle": {trouble: func(n int, _ *http.Request) trouble {
				if n > 1 {
					return trouble{status: status}
				}
				return trouble{}
			}},
		} {
			o.body, o.etag = mp4(22*unit), "1"
			var urls atomic.Int64
			s := start(t, o.ServeHTTP, 1<<30, manyRequests)
			_, err := s.copier.Copy(t.Context(), func(context.Context) (string, error) { urls.Add(1); return s.url, nil }, key)
			s.nothing(t, err)
			if rejected(err) || !strings.Contains(err.Error(), fmt.Sprint(status)) || urls.Load() > 4 {
				t.Errorf("%d %s: %v, %d URLs", status, name, err, urls.Load())
			}
		}
	}
}

// The source's own error is returned unchanged, without a retry.
func TestSourceRefuses(t *testing.T) {
	why := errors.New("there is none any more")
	s := start(t, http.NotFound, 1<<30, manyRequests)
	for given := range 2 {
		asked := 0
		_, err := s.copier.Copy(t.Context(), func(context.Context) (string, error) {
			if asked++; asked > given {
				return "", why
			}
			return s.url, nil
		}, key)
		s.nothing(t, err)
		if !errors.Is(err, why) || asked != given+1 {
			t.Errorf("after %d URLs: %v, asked %d times", given, err, asked)
		}
	}
}

// A source that refuses concurrent requests receives fewer of them.
func TestSourceThatTakesFewRequests(t *testing.T) {
	body := mp4(40 * unit)
	for _, status := range []int{429, 503} {
		var open atomic.Int64
		o := &origin{body: body, etag: "1"}
		s := start(t, func(w http.ResponseWriter, r *http.Request) {
			defer open.Add(-1)
			if open.Add(1) > 2 {
				w.WriteHeader(status)
				return
			}
			o.ServeHTTP(w, r)
		}, 1<<30, manyRequests)
		s.copier.SetSizes(5*unit, 16*unit, 8, unit/4)
		copied, err := s.copy(t.Context())
		s.holds(t, copied, err, body)
	}
}

// Nothing is started in the time that is reserved for cleaning up.
func TestNoTimeLeft(t *testing.T) {
	s := start(t, func(http.ResponseWriter, *http.Request) { t.Error("it asked for the file") }, 1<<30, manyRequests)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := s.copy(ctx)
	s.nothing(t, err)
	if !errors.Is(err, context.DeadlineExceeded) || len(s.fake.Calls()) != 0 {
		t.Errorf("%v, calls %v", err, s.fake.Calls())
	}
}
