// Package dynamotest is test support: an in-memory DynamoDB table. Items is the
// table, with the methods of the SDK's client. Server speaks DynamoDB's protocol
// over loopback on top of it, so that the SDK's own retries and error decoding take
// part in a test, and fails any call before or after it took effect.
//
// It knows the keys, conditions and expressions that Takeup uses, and refuses
// others. A read without ConsistentRead is answered from an older state.
//
// Source of its facts: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference
package dynamotest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Call is one request that reached the server: each try of the SDK is one.
type Call struct {
	Op        string // named as in the SDK, such as "PutItem"
	Partition string // of the item, the first of a transaction, or the query
	Count     int    // 1 for the first call of this Op
}

// Fault is what goes wrong with a call. The zero Fault leaves it alone.
type Fault struct {
	// After carries the call out, and spoils its answer only.
	After bool
	// Cut closes the connection without an answer.
	Cut bool
	// Status and Code are DynamoDB's answer, such as 500 and
	// "InternalServerError". A TransactionCanceledException has TransactionConflict
	// as its reason.
	Status int
	Code   string
}

// Server is the fake with its protocol, an http.Handler. The zero Server has an empty
// table and no address. Its methods are safe for concurrent use.
type Server struct {
	Items
	// URL is its address, without a slash at the end.
	URL string

	calls  sync.Mutex // guards what follows
	counts map[string]int
	fault  func(Call) Fault
}

// New starts a Server, which ends with the test.
func New(t testing.TB) *Server {
	s := &Server{}
	server := httptest.NewServer(http.HandlerFunc(s.ServeHTTP))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Client makes a client of the server. It tries a call three times, as the SDK
// does by default, and waits for nothing between two tries.
func (s *Server) Client() *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: &s.URL, Region: "eu-north-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "example"}, nil
		}),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			o.RateLimiter = ratelimit.None
		}),
	})
}

// Fail asks hook what goes wrong with each call from now on; nil ends that. The
// hook may be called from many goroutines, and may call the Server.
func (s *Server) Fail(hook func(Call) Fault) {
	s.calls.Lock()
	defer s.calls.Unlock()
	s.fault = hook
}

// Count is how many calls of an operation came.
func (s *Server) Count(op string) int {
	s.calls.Lock()
	defer s.calls.Unlock()
	return s.counts[op]
}
