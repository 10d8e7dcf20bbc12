// Command faulty is the bootstrap of a function that fails on demand. For each invocation it
// sends the function's name and the event to the server in FAULTS_URL. If the answer is the name
// of an error, it reports that error. Otherwise the program "real" beside it does the work.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/takeup/takeup/test/harness/lambdas"
)

func main() {
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		if err := serve(api); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// serve handles one invocation.
func serve(api string) error {
	response, err := http.Get(api + "next")
	if err != nil {
		return err
	}
	event, err := read(response)
	if err != nil {
		return err
	}
	id := response.Header.Get("Lambda-Runtime-Aws-Request-Id")
	told, err := http.Post(os.Getenv("FAULTS_URL")+"/"+os.Getenv("AWS_LAMBDA_FUNCTION_NAME"), "application/json", bytes.NewReader(event))
	if err != nil {
		return err
	}
	name, err := read(told)
	if err != nil {
		return err
	}
	answer, failed := []byte(nil), true
	if len(name) > 0 {
		if answer, err = json.Marshal(map[string]string{"errorType": string(name), "errorMessage": "as the test has it"}); err != nil {
			return err
		}
	} else if answer, failed, err = work(event); err != nil {
		return err
	}
	to := api + id + "/response"
	if failed {
		to = api + id + "/error"
	}
	response, err = http.Post(to, "application/json", bytes.NewReader(answer))
	if err != nil {
		return err
	}
	_, err = read(response)
	return err
}

// work has the real function handle an event.
func work(event []byte) (answer []byte, failed bool, err error) {
	runtime, err := lambdas.NewRuntime(&lambdas.Invocation{Event: event, Timeout: time.Minute})
	if err != nil {
		return nil, false, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, false, err
	}
	cmd := exec.Command(filepath.Join(filepath.Dir(self), "real"))
	cmd.Env = append(os.Environ(), "AWS_LAMBDA_RUNTIME_API="+runtime.Address)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, false, err
	}
	var exit error
	ended := make(chan struct{})
	go func() {
		exit = cmd.Wait()
		close(ended)
	}()
	select {
	case got := <-runtime.Answers:
		err = cmd.Process.Kill()
		<-ended
		_ = runtime.Close() // it has no more to say
		return got.Body, got.Failed, err
	case <-ended:
		return nil, false, fmt.Errorf("the function ended: %w", exit)
	}
}

func read(r *http.Response) ([]byte, error) {
	defer r.Body.Close()
	return io.ReadAll(r.Body)
}
