package bootstrap

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os/exec"
	"testing"
	"time"

	"github.com/takeup/takeup/test/harness/lambdas"
)

// outcome is a function's response to an event.
type outcome struct {
	lambdas.Answer
	log []byte // what the function wrote
}

// thrown is the body of an error in Lambda's format.
type thrown struct {
	Message string `json:"errorMessage"`
	Type    string `json:"errorType"`
}

// traceRoot is the id of the trace of each invocation.
const traceRoot = "1-5759e988-bd862e3fe1be46a994272793"

// runtimeAPI serves Lambda's runtime API until the test ends.
func runtimeAPI(t *testing.T, work *lambdas.Invocation) *lambdas.Runtime {
	t.Helper()
	r, err := lambdas.NewRuntime(work)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// invoke runs a bootstrap for one event.
func invoke(t *testing.T, binary string, timeout time.Duration, env map[string]string, event []byte) outcome {
	t.Helper()
	api := runtimeAPI(t, &lambdas.Invocation{Event: event, Timeout: timeout, Trace: "Root=" + traceRoot + ";Parent=53995c3f42cd8ad8;Sampled=1"})
	cmd := exec.CommandContext(t.Context(), binary)
	cmd.Env = []string{"AWS_LAMBDA_RUNTIME_API=" + api.Address}
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
	case answer := <-api.Answers:
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err == nil {
			t.Error("it exited after its response")
		}
		got := outcome{Answer: answer, log: log.Bytes()}
		jsonLines(t, got.log)
		return got
	case err := <-ended:
		t.Fatalf("it exited without a response: %v\n%s", err, log.Bytes())
	}
	return outcome{}
}

// jsonLines fails the test if a function wrote anything but lines of JSON.
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

// answered decodes a response.
func answered[T any](t *testing.T, got outcome) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(got.Body, &v); err != nil || got.Failed {
		t.Fatalf("it answered (failed: %v, %v): %s", got.Failed, err, got.Body)
	}
	return v
}

// failedWith fails the test unless the response is an error of that name.
func failedWith(t *testing.T, got outcome, name string) thrown {
	t.Helper()
	var v thrown
	if err := json.Unmarshal(got.Body, &v); err != nil || !got.Failed || v.Type != name {
		t.Fatalf("it answered (failed: %v, %v), and not with %s: %s", got.Failed, err, name, got.Body)
	}
	return v
}
