package fullobject_test

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/clip"
	"github.com/takeup/takeup/internal/transfer"
	"github.com/takeup/takeup/internal/video"
)

const mib = 1 << 20

// film returns a video of a size, as the simulator serves it.
func film(t *testing.T, size int64) []byte {
	t.Helper()
	v, err := clip.New("gen-1", 5, "16:9", size)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(v.Open())
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// serve serves a body, with or without range requests, and returns its source.
func serve(t *testing.T, body []byte, ranges bool) transfer.Source {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ranges {
			w.Header().Set("ETag", `"1"`)
			http.ServeContent(w, r, "v.mp4", time.Time{}, bytes.NewReader(body))
			return
		}
		_ = http.NewResponseController(w).Flush() // so that its length isn't known
		_, _ = w.Write(body)                      // the client may be gone
	}))
	t.Cleanup(server.Close)
	return func(context.Context) (string, error) { return server.URL + "/v.mp4", nil }
}

func asItIs(t http.RoundTripper) http.RoundTripper { return t }

// timeouts makes the transfer fetch every resumable file with many range requests, or none.
func timeouts(many bool) transfer.Timeouts {
	if many {
		return transfer.Timeouts{SingleRequest: time.Nanosecond, FullRate: 1 << 62, RetryDelay: time.Millisecond}
	}
	return transfer.Timeouts{SingleRequest: time.Hour, RetryDelay: time.Millisecond}
}

// The object's checksum covers the whole, and is the one that the transfer returns.
func TestChecksums(t *testing.T) {
	s := start(t, asItIs)
	for name, c := range map[string]struct {
		size         int64
		ranges, many bool
		parts        int
	}{
		"one-put":   {12 * mib, true, false, 0},
		"small":     {0, true, true, 0},
		"parts":     {22*mib + 12345, true, true, 5},
		"no-length": {12*mib + 1, false, false, 3},
		"no-ranges": {3 * mib, false, false, 0},
	} {
		body, key := film(t, c.size), s.key(name)
		source := serve(t, body, c.ranges)
		copier := transfer.New(s.client, transfer.Config{Bucket: s.bucket, MaxBytes: 1 << 30, Loopback: true, Timeouts: timeouts(c.many)})
		for range 2 { // the second time the object exists
			copied, err := copier.Copy(t.Context(), source, key)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if copied.Bytes != int64(len(body)) || copied.CRC32 != video.CRC32(crc32.ChecksumIEEE(body)) || copied.Duration != 5*time.Second {
				t.Errorf("%s: copied %+v", name, copied)
			}
		}
		out, err := s.client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &s.bucket, Key: &key, ChecksumMode: types.ChecksumModeEnabled})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		stored, err := io.ReadAll(out.Body)
		if err := errors.Join(err, out.Body.Close()); err != nil || !bytes.Equal(stored, body) {
			t.Errorf("%s: %d bytes are stored, %v", name, len(stored), err)
		}
		if out.ChecksumType != types.ChecksumTypeFullObject || aws.ToString(out.ChecksumCRC32) != video.CRC32(crc32.ChecksumIEEE(body)) {
			t.Errorf("%s: S3 has the checksum %s, %s", name, aws.ToString(out.ChecksumCRC32), out.ChecksumType)
		}
		if _, count, _ := strings.Cut(strings.Trim(aws.ToString(out.ETag), `"`), "-"); (count != "") != (c.parts > 0) {
			t.Errorf("%s: its ETag is %s", name, aws.ToString(out.ETag))
		}
	}
	s.nothingOpen(t)
}

// A body that changes on its way to S3 is not stored.
func TestChangedOnTheWay(t *testing.T) {
	s := start(t, func(next http.RoundTripper) http.RoundTripper { return &flip{RoundTripper: next} })
	for name, many := range map[string]bool{"changed-one-put": false, "changed-parts": true} {
		key := s.key(name)
		copier := transfer.New(s.client, transfer.Config{Bucket: s.bucket, MaxBytes: 1 << 30, Loopback: true, Timeouts: timeouts(many)})
		_, err := copier.Copy(t.Context(), serve(t, film(t, 12*mib), true), key)
		if err == nil {
			t.Errorf("%s: it succeeded", name)
		}
		_, err = s.client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &s.bucket, Key: &key})
		var absent *types.NotFound
		if !errors.As(err, &absent) {
			t.Errorf("%s: it is there: %v", name, err)
		}
	}
	s.nothingOpen(t)
}

// flip is a transport that changes a byte of each large body.
type flip struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (f *flip) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.ContentLength > mib {
		r = r.Clone(r.Context())
		r.Body = struct {
			io.Reader
			io.Closer
		}{&flipped{in: r.Body}, r.Body}
	}
	return f.RoundTripper.RoundTrip(r)
}

type flipped struct {
	in io.Reader
	at int
}

func (f *flipped) Read(p []byte) (int, error) {
	n, err := f.in.Read(p)
	const place = 300_000
	if f.at <= place && place < f.at+n {
		p[place-f.at] ^= 1
	}
	f.at += n
	return n, err
}

// Many concurrent transfers leave one object.
func TestManyAtOnce(t *testing.T) {
	s, body := start(t, asItIs), film(t, 11*mib)
	key := s.key("many")
	source := serve(t, body, true)
	var wait sync.WaitGroup
	for i := range 6 {
		copier := transfer.New(s.client, transfer.Config{Bucket: s.bucket, MaxBytes: 1 << 30, Loopback: true, Timeouts: timeouts(i%2 == 0)})
		wait.Go(func() {
			copied, err := copier.Copy(t.Context(), source, key)
			if err != nil || copied.CRC32 != video.CRC32(crc32.ChecksumIEEE(body)) {
				t.Errorf("%+v, %v", copied, err)
			}
		})
	}
	wait.Wait()
	s.nothingOpen(t)
}

// Of many writers of a manifest, one is first, and the manifest stays as that one wrote it.
func TestConditionalWrites(t *testing.T) {
	s := start(t, asItIs)
	manifests := bucket.NewManifests(s.client, s.bucket)
	id := strings.Trim(strings.ReplaceAll(s.prefix+"conditional", "/", "-"), "-")
	defer s.remove(t, objectkey.Manifest(video.Locator{ID: id})) // before the server stops
	var wait sync.WaitGroup
	for n := range 12 {
		wait.Go(func() {
			if _, err := manifests.PutManifest(t.Context(), video.Manifest{ID: id, Polls: n + 1}); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	first, stored, err := manifests.Manifest(t.Context(), video.Locator{ID: id})
	if err != nil || !stored {
		t.Fatalf("stored: %v, %v", stored, err)
	}
	if _, err := manifests.PutManifest(t.Context(), video.Manifest{ID: id, Polls: 13}); err != nil {
		t.Error(err)
	}
	if later, _, err := manifests.Manifest(t.Context(), video.Locator{ID: id}); err != nil || later.Polls != first.Polls {
		t.Errorf("it was that of writer %d, and is that of %d, %v", first.Polls, later.Polls, err)
	}
}

// storage is a bucket and the prefix under which the tests may write.
type storage struct {
	client         *s3.Client
	bucket, prefix string
}

func (s storage) key(name string) string { return s.prefix + "videos/" + name + "/video.mp4" }

// remove deletes an object. It also works after the test has ended.
func (s storage) remove(t *testing.T, key string) {
	t.Helper()
	if _, err := s.client.DeleteObject(context.WithoutCancel(t.Context()), &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &key}); err != nil {
		t.Error(err)
	}
}

func (s storage) nothingOpen(t *testing.T) {
	t.Helper()
	open, err := s.client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &s.bucket, Prefix: &s.prefix})
	if err != nil || len(open.Uploads) > 0 {
		t.Errorf("%v, open uploads: %d", err, len(open.Uploads))
	}
}
