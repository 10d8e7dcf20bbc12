package bootstrap

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// requestID is the invocation's.
const requestID = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"

// outcome is what a function answered to an event.
type outcome struct {
	body   []byte
	failed bool   // it was posted as an error
	log    []byte // what it wrote
}

// thrown is the body of an error, as Lambda takes it.
type thrown struct {
	Message string `json:"errorMessage"`
	Type    string `json:"errorType"`
}

// runtimeAPI serves one invocation, and holds the next call until it is closed.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
func runtimeAPI(t *testing.T, event []byte, timeout time.Duration) (address string, answers <-chan outcome) {
	t.Helper()
	got, served := make(chan outcome, 1), make(chan struct{}, 1)
	served <- struct{}{}
	const prefix = "/2018-06-01/runtime/invocation/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+prefix+"next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-served:
		case <-r.Context().Done():
			return
		}
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", requestID)
		w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(timeout).UnixMilli(), 10))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:test")
		if _, err := w.Write(event); err != nil {
			t.Error(err)
		}
	})
	answer := func(failed bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			w.WriteHeader(http.StatusAccepted)
			got <- outcome{body: body, failed: failed}
		}
	}
	mux.HandleFunc("POST "+prefix+requestID+"/response", answer(false))
	mux.HandleFunc("POST "+prefix+requestID+"/error", answer(true))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), got
}

// invoke runs a bootstrap for one event.
func invoke(t *testing.T, binary string, timeout time.Duration, env map[string]string, event []byte) outcome {
	t.Helper()
	address, answers := runtimeAPI(t, event, timeout)
	cmd := exec.CommandContext(t.Context(), binary)
	cmd.Env = []string{"AWS_LAMBDA_RUNTIME_API=" + address}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case got := <-answers:
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err == nil {
			t.Error("it ended by itself after its answer")
		}
		got.log = log.Bytes()
		jsonLines(t, got.log)
		return got
	case err := <-ended:
		t.Fatalf("it ended without an answer: %v\n%s", err, log.Bytes())
	}
	return outcome{}
}

// jsonLines fails where a function wrote something else than lines of JSON.
func jsonLines(t *testing.T, log []byte) {
	t.Helper()
	lines := bufio.NewScanner(bytes.NewReader(log))
	for lines.Scan() {
		var line map[string]any
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil || line["msg"] == nil {
			t.Errorf("not a line of JSON (%v): %s", err, lines.Bytes())
		}
	}
}

// answered reads an answer.
func answered[T any](t *testing.T, got outcome) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(got.body, &v); err != nil || got.failed {
		t.Fatalf("it answered (failed: %v, %v): %s", got.failed, err, got.body)
	}
	return v
}

// failedWith fails where an answer isn't an error of that name.
func failedWith(t *testing.T, got outcome, name string) thrown {
	t.Helper()
	var v thrown
	if err := json.Unmarshal(got.body, &v); err != nil || !got.failed || v.Type != name {
		t.Fatalf("it answered (failed: %v, %v), and not with %s: %s", got.failed, err, name, got.body)
	}
	return v
}
