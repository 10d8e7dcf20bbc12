package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const mib = 1 << 20

func video(t *testing.T, name string, size int64) *Video {
	t.Helper()
	v, err := NewVideo(name, size)
	if err != nil {
		t.Fatal(err)
	}
	if v.Size() != size {
		t.Fatalf("%d bytes, and not %d", v.Size(), size)
	}
	return v
}

func content(t *testing.T, v *Video) []byte {
	t.Helper()
	all, err := io.ReadAll(v.Open())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func serve(t *testing.T, o Offer) *Offered {
	t.Helper()
	s, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s.Offer(o)
}

// get requests an offer, with headers in pairs.
func get(ctx context.Context, t *testing.T, o *Offered, header ...string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, o.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

func TestHealthy(t *testing.T) {
	v := video(t, "a", 3*mib+17)
	whole := content(t, v)
	o := serve(t, Offer{Video: v})
	response := get(t.Context(), t, o)
	etag := response.Header.Get("ETag")
	if response.StatusCode != http.StatusOK || response.ContentLength != v.Size() || strings.HasPrefix(etag, "W/") || etag == "" || response.Header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("%s %v", response.Status, response.Header)
	}
	if same, err := v.Same(response.Body); err != nil || !same {
		t.Errorf("the same: %v, %v", same, err)
	}
	response = get(t.Context(), t, o, "Range", "bytes=1000000-1999999", "If-Range", etag)
	body, err := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusPartialContent || err != nil || !bytes.Equal(body, whole[1000000:2000000]) {
		t.Errorf("%s: %d bytes, %v", response.Status, len(body), err)
	}
	response = get(t.Context(), t, o, "Range", "bytes=5-", "If-Range", `"another"`)
	if response.StatusCode != http.StatusOK {
		t.Errorf("another version's range: %s", response.Status)
	}
	if o.Requests() != 3 {
		t.Errorf("%d requests", o.Requests())
	}
}

// Each fault, in a series of requests.
func TestFaults(t *testing.T) {
	const size = 3 * mib
	v, other := video(t, "a", size), video(t, "b", size)
	whole, after := content(t, v), content(t, other)
	type answer struct {
		from   int // the first byte of the range; 0 requests everything
		status int
		length int64 // announced length
		body   []byte
		cut    bool
	}
	for name, c := range map[string]struct {
		fault   Fault
		answers []answer
	}{
		"plain": {Fault{Plain: true}, []answer{
			{0, 200, size, whole, false}, {100, 200, size, whole, false},
		}},
		"cut with its length": {Fault{Plain: true, CutAfter: mib}, []answer{
			{0, 200, size, whole[:mib], true}, {100, 200, size, whole[:mib], true},
		}},
		"cut without a length": {Fault{Plain: true, Unsized: true, CutAfter: mib + 1}, []answer{
			{0, 200, -1, whole[:mib+1], false},
		}},
		"each cut": {Fault{CutAfter: mib}, []answer{
			{0, 200, size, whole[:mib], true},
			{mib, 206, size - mib, whole[mib : 2*mib], true},
			{2*mib + 1, 206, mib - 1, whole[2*mib+1:], false},
		}},
		"becomes another": {Fault{CutAfter: mib, Becomes: other}, []answer{
			{0, 200, size, whole[:mib], true}, {mib, 206, size - mib, after[mib:], false}, {0, 200, size, after, false},
		}},
		"short": {Fault{Short: mib}, []answer{
			{0, 200, 2 * mib, whole[:2*mib], false}, {mib, 206, mib, whole[mib : 2*mib], false},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			o := serve(t, Offer{Video: v, Fault: c.fault})
			for i, want := range c.answers {
				var header []string
				if want.from > 0 {
					header = []string{"Range", "bytes=" + strconv.Itoa(want.from) + "-"}
				}
				response := get(t.Context(), t, o, header...)
				body, err := io.ReadAll(response.Body)
				if response.StatusCode != want.status || response.ContentLength != want.length || !bytes.Equal(body, want.body) {
					t.Errorf("request %d: %s, length %d, %d bytes", i+1, response.Status, response.ContentLength, len(body))
				}
				if cut := errors.Is(err, io.ErrUnexpectedEOF); cut != want.cut || err != nil && !cut {
					t.Errorf("request %d: %v", i+1, err)
				}
				if ranges, etag := response.Header.Get("Accept-Ranges"), response.Header.Get("ETag"); c.fault.Plain && ranges+etag != "" {
					t.Errorf("request %d: %v", i+1, response.Header)
				}
			}
		})
	}
}

func TestStall(t *testing.T) {
	const at = mib + 123
	v := video(t, "a", 2*mib)
	whole := content(t, v)
	o := serve(t, Offer{Video: v, Fault: Fault{StallAt: at}})
	for _, from := range []int{0, 1000, at - 1} {
		ctx, cancel := context.WithCancel(t.Context())
		response := get(ctx, t, o, "Range", "bytes="+strconv.Itoa(from)+"-")
		body := make([]byte, at-from)
		if _, err := io.ReadFull(response.Body, body); err != nil || !bytes.Equal(body, whole[from:at]) {
			t.Errorf("from %d: %v", from, err)
		}
		cancel()
		if n, err := io.Copy(io.Discard, response.Body); n > 0 || !errors.Is(err, context.Canceled) {
			t.Errorf("from %d: it continued for %d bytes, %v", from, n, err)
		}
	}
	for _, header := range []string{"bytes=" + strconv.Itoa(at) + "-", "bytes=0-" + strconv.Itoa(at-1)} {
		if _, err := io.Copy(io.Discard, get(t.Context(), t, o, "Range", header).Body); err != nil {
			t.Errorf("%s: %v", header, err)
		}
	}
}

// A response keeps its rate, and makes up for little of the time that it lost.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &response{ctx: t.Context(), rate: 1000}
		took := func(n int64) time.Duration {
			began := time.Now()
			if err := r.pace(n); err != nil {
				t.Fatal(err)
			}
			r.sent += n
			return time.Since(began)
		}
		for range 3 {
			if d := took(100); d != 100*time.Millisecond {
				t.Errorf("100 bytes took %v", d)
			}
		}
		time.Sleep(20 * time.Millisecond)
		if d := took(100); d != 80*time.Millisecond {
			t.Errorf("100 bytes took %v after 20 ms", d)
		}
		time.Sleep(time.Hour)
		if d := took(100); d != 100*time.Millisecond-slack {
			t.Errorf("100 bytes took %v after an hour", d)
		}
		ctx, cancel := context.WithCancel(t.Context())
		r.ctx = ctx
		cancel()
		if err := r.pace(1000); !errors.Is(err, context.Canceled) {
			t.Errorf("its reader is gone: %v", err)
		}
	})
}

func TestSame(t *testing.T) {
	v := video(t, "a", mib+5)
	whole := content(t, v)
	changed := bytes.Clone(whole)
	changed[mib]++
	for name, c := range map[string]struct {
		body []byte
		want bool
	}{
		"itself":        {whole, true},
		"a part":        {whole[:mib], false},
		"a byte less":   {whole[:len(whole)-1], false},
		"a byte more":   {append(bytes.Clone(whole), 0), false},
		"a byte other":  {changed, false},
		"nothing":       {nil, false},
		"another video": {content(t, video(t, "b", mib+5)), false},
	} {
		if got, err := v.Same(bytes.NewReader(c.body)); err != nil || got != c.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	broken := errors.New("broken")
	if _, err := v.Same(io.MultiReader(bytes.NewReader(whole), &failing{broken})); !errors.Is(err, broken) {
		t.Errorf("a body that breaks off: %v", err)
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }
