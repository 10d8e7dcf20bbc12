package transfer_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/bucket/s3test"
	"github.com/takeup/takeup/internal/transfer"
)

// zeros is a source of an MP4 with that many bytes, nearly all of them zero. It takes no memory.
type zeros int64

// ReadAt implements io.ReaderAt.
func (z zeros) ReadAt(p []byte, at int64) (int, error) {
	n := int(min(int64(len(p)), int64(z)-at))
	clear(p[:n])
	if at == 0 {
		copy(p[:n], slices.Concat(box("ftyp", []byte("isom")), box("moov", nil), []byte("\x00\x00\x00\x00mdat")))
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// RoundTrip implements http.RoundTripper.
func (z zeros) RoundTrip(r *http.Request) (*http.Response, error) {
	span, _ := strings.CutPrefix(r.Header.Get("Range"), "bytes=")
	first, last, _ := strings.Cut(span, "-")
	from, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return nil, err
	}
	to, err := strconv.ParseInt(last, 10, 64)
	if err != nil {
		return nil, err
	}
	to = min(to+1, int64(z))
	return &http.Response{
		StatusCode: http.StatusPartialContent, ProtoMajor: 1, ContentLength: to - from, Request: r,
		Header: http.Header{"Etag": {`"1"`}, "Content-Range": {fmt.Sprintf("bytes %d-%d/%d", from, to-1, int64(z))}},
		Body:   io.NopCloser(io.NewSectionReader(z, from, to-from)),
	}, nil
}

// forgetful is an S3 that stores nothing.
type forgetful struct{}

// ServeHTTP implements http.Handler.
func (forgetful) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	buffer := make([]byte, 32<<10)
	for {
		if _, err := r.Body.Read(buffer); err != nil {
			break
		}
	}
	switch {
	case r.Method == http.MethodGet && !r.URL.Query().Has("uploads"):
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, xml.Header+"<Error><Code>NoSuchKey</Code></Error>")
	case r.Method == http.MethodPost:
		_, _ = io.WriteString(w, xml.Header+"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>")
	}
	w.Header().Set("ETag", `"1"`)
}

// The memory of a Copy doesn't depend on the file's size, and is less than a part.
func TestMemory(t *testing.T) {
	for how, singleRequest := range map[string]time.Duration{"one request": oneRequest, "many requests": manyRequests} {
		for _, size := range []zeros{64 << 20, 512 << 20} {
			fake := s3test.New(t)
			copier := transfer.New(bucketOf(fake, forgetful{}), transfer.Config{Bucket: bucket, MaxBytes: 1 << 40, Timeouts: quick(singleRequest)})
			copier.SetTransport(size)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			copied, err := copier.Copy(t.Context(), at("https://cdn.example/v.mp4"), key)
			runtime.ReadMemStats(&after)
			if err != nil || copied.Bytes != int64(size) {
				t.Fatal(err)
			}
			got := int64(after.TotalAlloc - before.TotalAlloc)
			t.Logf("%d MiB, %s: %d KiB were allocated", size>>20, how, got>>10)
			if got > 5<<20 {
				t.Error("that is more than a part")
			}
		}
	}
}
