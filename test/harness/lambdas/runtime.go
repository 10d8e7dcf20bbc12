package lambdas

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// requestID is the id of the invocation.
const requestID = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"

// Invocation is an event for a function, and its timeout.
type Invocation struct {
	Event   []byte
	Timeout time.Duration
	Trace   string // the header of X-Ray
}

// Answer is a function's response to an Invocation.
type Answer struct {
	Body   []byte
	Failed bool // it was posted as an error
}

// Runtime is a server of Lambda's runtime API for one process of a function.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type Runtime struct {
	Address string           // for AWS_LAMBDA_RUNTIME_API
	Asked   <-chan time.Time // when the process first requested work
	Answers <-chan Answer

	server *http.Server
	ended  chan error
}

// NewRuntime starts a Runtime on loopback. It hands out one invocation, or none if work is nil.
// It holds every other request for work until it is closed.
func NewRuntime(work *Invocation) (*Runtime, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("lambdas: %w", err)
	}
	asked, answers := make(chan time.Time, 1), make(chan Answer, 1)
	waiting := make(chan *Invocation, 1)
	if work != nil {
		waiting <- work
	}
	const prefix = "/2018-06-01/runtime/invocation/"
	mux := http.NewServeMux()
	var first sync.Once
	mux.HandleFunc("GET "+prefix+"next", func(w http.ResponseWriter, r *http.Request) {
		first.Do(func() { asked <- time.Now() })
		select {
		case work := <-waiting:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", requestID)
			w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(work.Timeout).UnixMilli(), 10))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:test")
			w.Header().Set("Lambda-Runtime-Trace-Id", work.Trace)
			_, _ = w.Write(work.Event) // a process that is gone sends no response
		case <-r.Context().Done():
		}
	})
	answer := func(failed bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			w.WriteHeader(http.StatusAccepted)
			answers <- Answer{Body: body, Failed: failed}
		}
	}
	mux.HandleFunc("POST "+prefix+requestID+"/response", answer(false))
	mux.HandleFunc("POST "+prefix+requestID+"/error", answer(true))
	r := &Runtime{
		Address: listener.Addr().String(), Asked: asked, Answers: answers,
		server: &http.Server{Handler: mux}, ended: make(chan error, 1),
	}
	go func() { r.ended <- r.server.Serve(listener) }()
	return r, nil
}

// Close stops the server and every request that it holds.
func (r *Runtime) Close() error {
	err := r.server.Close()
	if ended := <-r.ended; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
