package fullobject_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/takeup/takeup/internal/simulator"
	"github.com/takeup/takeup/internal/transfer"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/test/benchstore/gateway"
)

const (
	bucket = "videos"
	mib    = 1 << 20
)

// start runs versitygw with a bucket, and makes a client whose requests pass
// through spoil.
func start(t *testing.T, spoil func(http.RoundTripper) http.RoundTripper) *s3.Client {
	t.Helper()
	programs, err := filepath.Glob("../../.tools/bin/versitygw-*")
	if err != nil || len(programs) == 0 {
		t.Fatalf("versitygw is not installed; run make test: %v", err)
	}
	program, err := filepath.Abs(programs[0])
	if err != nil {
		t.Fatal(err)
	}
	g, err := gateway.Start(t.Context(), program, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Stop)
	if err := g.Create(t.Context(), bucket); err != nil {
		t.Fatal(err)
	}
	authority, err := os.ReadFile(g.CA)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	return s3.New(s3.Options{
		BaseEndpoint: &g.URL, UsePathStyle: true, Region: gateway.Region,
		Credentials:                credentials.NewStaticCredentialsProvider(gateway.AccessKey, gateway.SecretKey, ""),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		HTTPClient:                 &http.Client{Transport: spoil(&http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}})},
	})
}

// film is a video of a size, as the stand-in has it.
func film(t *testing.T, size int64) []byte {
	t.Helper()
	v, err := simulator.NewVideo("gen-1", 5, "16:9", size)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(v.Open())
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// serve gives a body, with ranges or without, and its URL.
func serve(t *testing.T, body []byte, ranges bool) transfer.Source {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ranges {
			w.Header().Set("ETag", `"1"`)
			http.ServeContent(w, r, "v.mp4", time.Time{}, bytes.NewReader(body))
			return
		}
		_ = http.NewResponseController(w).Flush() // its length isn't known then
		_, _ = w.Write(body)                      // the client may be gone
	}))
	t.Cleanup(server.Close)
	return func(context.Context) (string, error) { return server.URL + "/v.mp4", nil }
}

func asItIs(t http.RoundTripper) http.RoundTripper { return t }

// pace has every file that can come by many requests come so, or none.
func pace(many bool) transfer.Pace {
	if many {
		return transfer.Pace{Patience: time.Nanosecond, Enough: 1 << 62, Pause: time.Millisecond}
	}
	return transfer.Pace{Patience: time.Hour, Pause: time.Millisecond}
}

// What is stored has the checksum of the whole, the same that the transfer gives.
func TestChecksums(t *testing.T) {
	client := start(t, asItIs)
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
		body, key := film(t, c.size), "videos/"+name+"/video.mp4"
		source := serve(t, body, c.ranges)
		copier := transfer.New(client, transfer.Config{Bucket: bucket, MaxBytes: 1 << 30, Loopback: true, Pace: pace(c.many)})
		for range 2 { // the second time it is there
			copied, err := copier.Copy(t.Context(), source, key)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if copied.Bytes != int64(len(body)) || copied.CRC32 != video.CRC32(crc32.ChecksumIEEE(body)) || copied.Length != 5*time.Second {
				t.Errorf("%s: copied %+v", name, copied)
			}
		}
		out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &key, ChecksumMode: types.ChecksumModeEnabled})
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
	nothingOpen(t, client)
}

// A body that changes on its way to S3 is not stored.
func TestChangedOnTheWay(t *testing.T) {
	client := start(t, func(next http.RoundTripper) http.RoundTripper { return &flip{RoundTripper: next} })
	for name, many := range map[string]bool{"one-put": false, "parts": true} {
		key := "videos/" + name + "/video.mp4"
		copier := transfer.New(client, transfer.Config{Bucket: bucket, MaxBytes: 1 << 30, Loopback: true, Pace: pace(many)})
		_, err := copier.Copy(t.Context(), serve(t, film(t, 12*mib), true), key)
		if err == nil {
			t.Errorf("%s: it is no error", name)
		}
		_, err = client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: &key})
		var absent *types.NotFound
		if !errors.As(err, &absent) {
			t.Errorf("%s: it is there: %v", name, err)
		}
	}
	nothingOpen(t, client)
}

// flip changes a byte of each large body.
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

// Many at once leave one object.
func TestManyAtOnce(t *testing.T) {
	client, body, key := start(t, asItIs), film(t, 11*mib), "videos/many/video.mp4"
	source := serve(t, body, true)
	var wait sync.WaitGroup
	for i := range 6 {
		copier := transfer.New(client, transfer.Config{Bucket: bucket, MaxBytes: 1 << 30, Loopback: true, Pace: pace(i%2 == 0)})
		wait.Go(func() {
			copied, err := copier.Copy(t.Context(), source, key)
			if err != nil || copied.CRC32 != video.CRC32(crc32.ChecksumIEEE(body)) {
				t.Errorf("%+v, %v", copied, err)
			}
		})
	}
	wait.Wait()
	nothingOpen(t, client)
}

func nothingOpen(t *testing.T, client *s3.Client) {
	t.Helper()
	open, err := client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String(bucket)})
	if err != nil || len(open.Uploads) > 0 {
		t.Errorf("%v, open uploads: %d", err, len(open.Uploads))
	}
}
