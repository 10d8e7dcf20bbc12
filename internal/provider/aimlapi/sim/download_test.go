package sim_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

// done completes a generation and returns its ID and a URL of its video.
func (w *world) done() (id, file string) {
	w.t.Helper()
	id = w.create("a.1")
	w.clock.Move(100 * time.Second)
	return id, w.retrieve(id).Video.URL
}

func whole(t *testing.T, s *sim.Server, id string) []byte {
	t.Helper()
	v, err := s.Video(id)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(v.Open())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDownload(t *testing.T) {
	w := newWorld(t, func(c *sim.Config) { c.Settings.VideoBytes = 100_000 })
	id, file := w.done()
	want := whole(t, w.server, id)
	full := w.call("GET", file, "")
	tag := full.header.Get("ETag")
	if full.status != 200 || !bytes.Equal(full.body, want) || len(want) != 100_000 || full.header.Get("Content-Type") != "video/mp4" ||
		full.header.Get("Content-Length") != "100000" || !strings.HasPrefix(tag, `"`) {
		t.Fatalf("%d, %d bytes, %v", full.status, len(full.body), full.header)
	}
	for name, tc := range map[string]struct {
		method  string
		headers []string
		status  int
		from    int
		to      int
	}{
		"head":           {"HEAD", nil, 200, 0, 0},
		"middle":         {"GET", []string{"Range", "bytes=10-19"}, 206, 10, 20},
		"rest":           {"GET", []string{"Range", "bytes=99000-"}, 206, 99_000, 100_000},
		"end":            {"GET", []string{"Range", "bytes=-7"}, 206, 99_993, 100_000},
		"beyond":         {"GET", []string{"Range", "bytes=100000-"}, 416, 0, -1},
		"same":           {"GET", []string{"Range", "bytes=5-6", "If-Range", tag}, 206, 5, 7},
		"another":        {"GET", []string{"Range", "bytes=5-6", "If-Range", `"another"`}, 200, 0, 100_000},
		"match":          {"GET", []string{"If-Match", `"another"`}, 412, 0, -1},
		"already there":  {"GET", []string{"If-None-Match", tag}, 304, 0, 0},
		"another method": {"POST", nil, 405, 0, -1},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.call(tc.method, file, "", tc.headers...)
			if a.status != tc.status {
				t.Fatalf("status %d", a.status)
			}
			if tc.to >= 0 && !bytes.Equal(a.body, want[tc.from:tc.to]) {
				t.Errorf("%d bytes, not those", len(a.body))
			}
			if tc.status == 206 && a.header.Get("Content-Range") != fmt.Sprintf("bytes %d-%d/100000", tc.from, tc.to-1) {
				t.Errorf("Content-Range %q", a.header.Get("Content-Range"))
			}
		})
	}
	if got := w.server.Ledger().Generations[0].Downloaded; got != 10 {
		t.Errorf("downloaded %d times", got)
	}
}

// A response that stalls keeps its connection until the caller hangs up.
func TestStalls(t *testing.T) {
	w := faulty(t, script.KindDownload, script.Fault{StallAfter: 1000})
	_, file := w.done()
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, file, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if n, err := io.ReadFull(answer.Body, make([]byte, 1000)); n != 1000 || err != nil {
		t.Errorf("%d bytes before the stall, %v", n, err)
	}
	cancel()
	if n, err := answer.Body.Read(make([]byte, 1)); n > 0 || err == nil {
		t.Errorf("after it there are %d, %v", n, err)
	}
}

func TestCDNIsAsFastAsItIsTold(t *testing.T) {
	var mu sync.Mutex
	var slept time.Duration
	w := newWorld(t, func(c *sim.Config) {
		c.Settings.VideoBytes, c.Settings.VideoBytesPerSecond = 300_000, 100_000
		c.Sleep = func(_ context.Context, d time.Duration) error {
			mu.Lock()
			defer mu.Unlock()
			slept += d
			return nil
		}
	})
	_, file := w.done()
	if got := w.call("GET", file, ""); got.status != 200 || len(got.body) != 300_000 {
		t.Fatalf("%d, %d bytes", got.status, len(got.body))
	}
	mu.Lock()
	defer mu.Unlock()
	if slept.Round(time.Millisecond) != 3*time.Second {
		t.Errorf("it took %v", slept)
	}
}

func TestURLsExpireAndAreSigned(t *testing.T) {
	w := newWorld(t, func(c *sim.Config) { c.Settings.URLSeconds = 600 })
	id, file := w.done()
	if !strings.Contains(file, fmt.Sprintf("?ksTime=%x&", w.clock.Now().Add(600*time.Second).Unix())) {
		t.Errorf("url %s", file)
	}
	other := w.create("b.1")
	for name, bad := range map[string]string{
		"no signature": strings.Split(file, "&")[0],
		"later":        strings.Replace(file, "ksTime=", "ksTime=7", 1),
		"another file": strings.Replace(file, id, other, 1),
		"no query":     strings.Split(file, "?")[0],
		"cut short":    file[:len(file)-1],
	} {
		if a := w.call("GET", bad, ""); a.status != 403 {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	w.clock.Move(600 * time.Second)
	if a := w.call("GET", file, ""); a.status != 200 {
		t.Errorf("at its last second: %d", a.status)
	}
	w.clock.Move(time.Second)
	if a := w.call("GET", file, ""); a.status != 403 {
		t.Errorf("expired: %d", a.status)
	}
	if a := w.call("GET", w.retrieve(id).Video.URL, ""); a.status != 200 {
		t.Errorf("a fresh one: %d", a.status)
	}
}

func TestBaseURL(t *testing.T) {
	w := newWorld(t, func(c *sim.Config) { c.BaseURL = "https://cdn.example.com/" })
	if _, file := w.done(); !strings.HasPrefix(file, "https://cdn.example.com/generations/") {
		t.Errorf("url %s", file)
	}
}
