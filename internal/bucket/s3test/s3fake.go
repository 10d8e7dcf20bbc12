// Package s3test is test support: an in-memory S3 that speaks enough of S3's REST protocol
// over loopback for the AWS SDK, so that tests include the SDK's own retries, checksums and
// error decoding. It keeps objects with ETags, supports conditional reads and writes, ranges
// and multipart uploads, verifies the checksums that come with a body, and can fail any call
// before or after it takes effect. Every bucket exists. It checks no signature and keeps no
// versions.
//
// Facts about S3 are from https://docs.aws.amazon.com/AmazonS3/latest/API
package s3test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Call is one request that reached the server. Each try of the SDK is one.
type Call struct {
	Op          string // as in the SDK, such as "PutObject"
	Bucket, Key string
	Part        int32 // of UploadPart
	Count       int   // 1 for the first call of this Op
}

// Fault is what goes wrong with a call. The zero Fault is no fault.
type Fault struct {
	// After performs the call, and spoils only its answer.
	After bool
	// Cut closes the connection without an answer.
	Cut bool
	// CutBody sends half of the announced body, then closes the connection. Only for
	// GetObject.
	CutBody bool
	// Status and Code are S3's answer, such as 503 and "SlowDown".
	Status int
	Code   string
}

// Object is the object stored under a key.
type Object struct {
	Body        []byte
	ETag        string // with its quotes
	ContentType string
	Modified    time.Time
	Metadata    http.Header // x-amz-meta-*
	Checksums   http.Header // x-amz-checksum-*, of the whole object
}

type upload struct {
	bucket, key string
	object      Object // without a body
	parts       map[int32]Object
	full        bool // its checksum is of the whole object
}

// Server is the fake. Its methods are safe for concurrent use.
type Server struct {
	// URL is its address, without a trailing slash.
	URL string

	minPart   int  // minimum size of every part but the last
	composite bool // keeps no checksum of a whole multipart upload

	mu      sync.Mutex
	objects map[string]Object // by bucket/key
	uploads map[string]*upload
	started int
	calls   []Call
	counts  map[string]int
	fault   func(Call) Fault
}

// New starts a Server that stops when the test ends.
func New(t testing.TB) *Server {
	s := &Server{minPart: 5 << 20, objects: map[string]Object{}, uploads: map[string]*upload{}, counts: map[string]int{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Client returns an S3 client of the server. It tries a call three times without backoff,
// and sends and verifies checksums, as the SDK does by default.
func (s *Server) Client() *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: &s.URL,
		UsePathStyle: true,
		Region:       "eu-north-1",

		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,

		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "example"}, nil
		}),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			o.RateLimiter = ratelimit.None
		}),
	})
}

// TakeSmallParts sets the minimum size of every part but the last.
func (s *Server) TakeSmallParts(least int) { s.minPart = least }

// Compose makes the server keep only a checksum of the parts' checksums of a multipart
// upload, as MiniStack does, and reject one of the whole object.
func (s *Server) Compose() { s.composite = true }

// Fail calls hook to choose the fault of each call from now on; nil ends that. The hook may
// be called from many goroutines, and may call the Server.
func (s *Server) Fail(hook func(Call) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = hook
}

// Put stores an object, bypassing the hook, and returns its ETag.
func (s *Server) Put(bucket, key string, body []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	object := Object{Body: slices.Clone(body), ETag: etag(body), Modified: time.Now()}
	s.objects[bucket+"/"+key] = object
	return object.ETag
}

// Object returns the object stored under a key, and whether there is one.
func (s *Server) Object(bucket, key string) (Object, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	object, ok := s.objects[bucket+"/"+key]
	return object, ok
}

// Keys lists a bucket's keys in order.
func (s *Server) Keys(bucket string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []string
	for _, name := range slices.Sorted(maps.Keys(s.objects)) {
		if key, ok := strings.CutPrefix(name, bucket+"/"); ok {
			keys = append(keys, key)
		}
	}
	return keys
}

// OpenUploads lists the keys of the multipart uploads neither completed nor aborted, in
// order.
func (s *Server) OpenUploads(bucket string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []string
	for _, u := range s.uploads {
		if u.bucket == bucket {
			keys = append(keys, u.key)
		}
	}
	slices.Sort(keys)
	return keys
}

// Calls lists the calls received, in order, failed ones included.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Count returns the number of calls of an operation.
func (s *Server) Count(op string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[op]
}
