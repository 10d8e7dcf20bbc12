// Package s3test is test support: an in-memory S3 that speaks enough of S3's REST
// protocol over loopback for the AWS SDK, so that the SDK's own retries, checksums
// and error decoding take part in a test. It keeps objects with ETags, honours
// conditional reads and writes, ranges and multipart uploads, verifies the
// checksums that come with a body, and fails any call before or after it took
// effect. Every bucket is there. It checks no signature and keeps no versions.
//
// Source of its facts: https://docs.aws.amazon.com/AmazonS3/latest/API
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

// Call is one request that reached the server: each try of the SDK is one.
type Call struct {
	Op          string // named as in the SDK, such as "PutObject"
	Bucket, Key string
	Part        int32 // of UploadPart
	Count       int   // 1 for the first call of this Op
}

// Fault is what goes wrong with a call. The zero Fault leaves it alone.
type Fault struct {
	// After carries the call out, and spoils its answer only.
	After bool
	// Cut closes the connection without an answer.
	Cut bool
	// CutBody sends half of the body that was announced, then closes the
	// connection. Only for GetObject.
	CutBody bool
	// Status and Code are S3's answer, such as 503 and "SlowDown".
	Status int
	Code   string
}

// Object is what is stored under a key.
type Object struct {
	Body        []byte
	ETag        string // with its quotes
	ContentType string
	Modified    time.Time
	Metadata    http.Header // x-amz-meta-*
	Checksums   http.Header // x-amz-checksum-*, of the whole
}

type upload struct {
	bucket, key string
	object      Object // without a body
	parts       map[int32]Object
	full        bool // its checksum is to be of the whole object
}

// Server is the fake. Its methods are safe for concurrent use.
type Server struct {
	// URL is its address, without a slash at the end.
	URL string

	minPart   int  // the least that every part but the last must have
	composite bool // no checksum is kept of a whole multipart upload

	mu      sync.Mutex
	objects map[string]Object // by bucket/key
	uploads map[string]*upload
	started int
	calls   []Call
	counts  map[string]int
	fault   func(Call) Fault
}

// New starts a Server, which ends with the test.
func New(t testing.TB) *Server {
	s := &Server{minPart: 5 << 20, objects: map[string]Object{}, uploads: map[string]*upload{}, counts: map[string]int{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Client makes an S3 client of the server. It tries a call three times and sends
// and verifies checksums, as the SDK does by default, and waits for nothing
// between two tries.
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

// TakeSmallParts sets what every part but the last must have at the least.
func (s *Server) TakeSmallParts(least int) { s.minPart = least }

// Compose has the server keep only a checksum of the parts' checksums of a
// multipart upload, as MiniStack does, and refuse one of the whole.
func (s *Server) Compose() { s.composite = true }

// Fail asks hook what goes wrong with each call from now on; nil ends that. The
// hook may be called from many goroutines, and may call the Server.
func (s *Server) Fail(hook func(Call) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = hook
}

// Put stores an object, past every hook, and gives its ETag.
func (s *Server) Put(bucket, key string, body []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	object := Object{Body: slices.Clone(body), ETag: etag(body), Modified: time.Now()}
	s.objects[bucket+"/"+key] = object
	return object.ETag
}

// Object gives what is stored under a key, and whether anything is.
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

// OpenUploads lists the keys of the multipart uploads that were neither completed
// nor aborted, in order.
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

// Calls lists the calls that came, in order, failed ones included.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Count is how many calls of an operation came.
func (s *Server) Count(op string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[op]
}
