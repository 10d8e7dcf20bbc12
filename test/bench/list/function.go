package list

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// timeout limits an invocation. API Gateway waits no longer.
const timeout = 29 * time.Second

// function is a process of the API's function, and a server of Lambda's runtime API that gives
// it one request after another.
type function struct {
	cmd     *exec.Cmd
	server  *http.Server
	idle    chan chan []byte // a request for work that waits for an event
	answers chan []byte
	ended   chan struct{} // closed when the process has exited
}

// startFunction starts a binary with an environment.
func startFunction(ctx context.Context, binary string, env []string, log io.Writer) (*function, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &function{idle: make(chan chan []byte), answers: make(chan []byte), ended: make(chan struct{})}
	const prefix = "/2018-06-01/runtime/invocation/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+prefix+"next", func(w http.ResponseWriter, r *http.Request) {
		work := make(chan []byte)
		select {
		case f.idle <- work:
		case <-r.Context().Done():
			return
		}
		select {
		case event := <-work:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "measured")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(timeout).UnixMilli(), 10))
			_, _ = w.Write(event) // a process that is gone sends no response
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST "+prefix+"measured/{outcome}", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		select {
		case f.answers <- body:
		case <-r.Context().Done():
		}
		w.WriteHeader(http.StatusAccepted)
	})
	f.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = f.server.Serve(listener) }() // returns after stop
	f.cmd = exec.CommandContext(ctx, binary)
	f.cmd.Env = append(env, "AWS_LAMBDA_RUNTIME_API="+listener.Addr().String())
	f.cmd.Stdout, f.cmd.Stderr = log, log
	if err := f.cmd.Start(); err != nil {
		return nil, errors.Join(err, f.server.Close())
	}
	go func() {
		_ = f.cmd.Wait() // it is killed
		close(f.ended)
	}()
	return f, nil
}

// stop stops the process and the server.
func (f *function) stop() error {
	err := f.cmd.Process.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	<-f.ended
	return errors.Join(err, f.server.Close())
}

// errEnded says that the process exited by itself.
var errEnded = errors.New("the API's function has ended")

// ask sends a request to the function and returns the response. Once the process waits for work,
// the time is measured from the event to the response.
func (f *function) ask(ctx context.Context, r request) (answer []byte, took time.Duration, err error) {
	event, err := json.Marshal(r.event())
	if err != nil {
		return nil, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*timeout)
	defer cancel()
	var work chan []byte
	select {
	case work = <-f.idle:
	case <-f.ended:
		return nil, 0, errEnded
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
	began := time.Now()
	work <- event
	var reply []byte
	select {
	case reply = <-f.answers:
	case <-f.ended:
		return nil, 0, errEnded
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
	took = time.Since(began)
	var got events.APIGatewayProxyResponse
	if err := json.Unmarshal(reply, &got); err != nil {
		return nil, 0, fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	if got.StatusCode/100 != 2 {
		return nil, 0, fmt.Errorf("%s %s: %d %s", r.method, r.path, got.StatusCode, reply)
	}
	return []byte(got.Body), took, nil
}

// request is a request to the API.
type request struct {
	method, path string // with the query
	body         string
}

// event returns the event that API Gateway makes of the request.
func (r request) event() events.APIGatewayProxyRequest {
	path, query, _ := strings.Cut(r.path, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		panic("benchlist: " + err.Error()) // it consists of marshalable fields
	}
	return events.APIGatewayProxyRequest{
		HTTPMethod: r.method, Path: path, MultiValueQueryStringParameters: values, Body: r.body,
		MultiValueHeaders: map[string][]string{"Content-Type": {"application/json"}, "Host": {"localhost"}},
		RequestContext:    events.APIGatewayProxyRequestContext{RequestID: "measured", Path: path},
	}
}
