// Package dynamotest is test support: an in-memory DynamoDB table. Items is the table, with
// the methods of the SDK's client. Server speaks DynamoDB's protocol over loopback on top of
// it, so that tests include the SDK's own retries and error decoding, and can fail any call
// before or after it takes effect.
//
// It supports the keys, conditions and expressions that Takeup uses, and rejects others. A
// read without ConsistentRead sees an older state.
//
// Facts about DynamoDB are from https://docs.aws.amazon.com/amazondynamodb/latest/APIReference
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

// Call is one request that reached the server. Each try of the SDK is one.
type Call struct {
	Op        string // as in the SDK, such as "PutItem"
	Partition string // of the item, of a transaction's first item, or of the query
	Count     int    // 1 for the first call of this Op
}

// Fault is what goes wrong with a call. The zero Fault is no fault.
type Fault struct {
	// After performs the call, and spoils only its answer.
	After bool
	// Cut closes the connection without an answer.
	Cut bool
	// Status and Code are DynamoDB's answer, such as 500 and "InternalServerError". The
	// reason in a TransactionCanceledException is TransactionConflict.
	Status int
	Code   string
}

// Server serves the fake table by DynamoDB's protocol; it is an http.Handler. The zero
// Server has an empty table and no address. Its methods are safe for concurrent use.
type Server struct {
	Items
	// URL is its address, without a trailing slash.
	URL string

	calls  sync.Mutex // guards the fields below
	counts map[string]int
	fault  func(Call) Fault
}

// New starts a Server that stops when the test ends.
func New(t testing.TB) *Server {
	s := &Server{}
	server := httptest.NewServer(http.HandlerFunc(s.ServeHTTP))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Client returns a client of the server. It tries a call three times, as the SDK does by
// default, without backoff.
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

// Fail calls hook to choose the fault of each call from now on; nil ends that. The hook may
// be called from many goroutines, and may call the Server.
func (s *Server) Fail(hook func(Call) Fault) {
	s.calls.Lock()
	defer s.calls.Unlock()
	s.fault = hook
}

// Count returns the number of calls of an operation.
func (s *Server) Count(op string) int {
	s.calls.Lock()
	defer s.calls.Unlock()
	return s.counts[op]
}
