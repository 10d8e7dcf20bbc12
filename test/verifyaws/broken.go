package verifyaws

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
)

// failure starts a job and returns the name of the first error of one of its steps.
func (s *stack) failure(ctx context.Context, prompt string) (string, error) {
	client := sfn.NewFromConfig(s.Config)
	machine := s.outputs["StateMachineArn"]
	started, err := client.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &machine, Input: new(fmt.Sprintf(`{"prompt":%q}`, prompt))})
	if err != nil {
		return "", err
	}
	name := ""
	err = s.until(ctx, "a failure", func(ctx context.Context) (bool, error) {
		history, err := client.GetExecutionHistory(ctx, &sfn.GetExecutionHistoryInput{ExecutionArn: started.ExecutionArn})
		if err != nil {
			return false, err
		}
		for _, event := range history.Events {
			switch {
			case name != "":
			case event.LambdaFunctionFailedEventDetails != nil:
				name = aws.ToString(event.LambdaFunctionFailedEventDetails.Error)
			case event.TaskFailedEventDetails != nil:
				name = aws.ToString(event.TaskFailedEventDetails.Error)
			case event.LambdaFunctionTimedOutEventDetails != nil:
				name = aws.ToString(event.LambdaFunctionTimedOutEventDetails.Error)
			}
		}
		return name != "", nil
	})
	_, stopped := client.StopExecution(ctx, &sfn.StopExecutionInput{ExecutionArn: started.ExecutionArn})
	return name, errors.Join(err, stopped)
}

func (s *stack) failsAs(ctx context.Context, want string) (string, error) {
	name, err := s.failure(ctx, "verify-aws, "+want)
	if err == nil && name != want {
		err = otherwise("it fails as %s", name)
	}
	return name, err
}

func (s *stack) throttle(ctx context.Context) (saw string, err error) {
	client, name := lambda.NewFromConfig(s.Config), s.names["SubmitFunction"]
	before, err := client.GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: &name})
	if err != nil {
		return "", err
	}
	defer func() {
		ctx := context.WithoutCancel(ctx)
		var back error
		if before.ReservedConcurrentExecutions == nil {
			_, back = client.DeleteFunctionConcurrency(ctx, &lambda.DeleteFunctionConcurrencyInput{FunctionName: &name})
		} else {
			_, back = client.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: &name, ReservedConcurrentExecutions: before.ReservedConcurrentExecutions})
		}
		err = errors.Join(err, back)
	}()
	if _, err := client.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: &name, ReservedConcurrentExecutions: new(int32(0))}); err != nil {
		return "", err
	}
	return s.failsAs(ctx, "Lambda.TooManyRequestsException")
}

// These replace Submit's code. Its own code ends before its timeout, and no setting makes it
// exceed its memory. They take an invocation first, since an earlier failure has other names.
const (
	takeInvocation = "#!/bin/sh\ncurl -s \"http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next\" >/dev/null\n"
	sleeps         = takeInvocation + "exec sleep 900\n"
	fillsMemory    = takeInvocation + "exec tail /dev/zero\n"
)

func (s *stack) outOfTime(ctx context.Context) (string, error) {
	return s.failsRunning(ctx, sleeps, 5, "Sandbox.Timedout")
}

func (s *stack) outOfMemory(ctx context.Context) (string, error) {
	return s.failsRunning(ctx, fillsMemory, 60, "Runtime.OutOfMemory")
}

// failsRunning has Submit run a shell script, for that many seconds at most, and checks how a
// job fails by it. It restores Submit's code and timeout even when ctx is over. If the process
// is killed, the stack has to be deployed again.
func (s *stack) failsRunning(ctx context.Context, script string, seconds int32, want string) (saw string, err error) {
	client, name := lambda.NewFromConfig(s.Config), s.names["SubmitFunction"]
	before, err := client.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &name})
	if err != nil {
		return "", err
	}
	code, err := s.download(ctx, aws.ToString(before.Code.Location))
	if err != nil {
		return "", fmt.Errorf("reading the code of %s: %w", name, err)
	}
	broken, err := archive(script)
	if err != nil {
		return "", err
	}
	put := func(ctx context.Context, code []byte, seconds int32) error {
		updated := lambda.NewFunctionUpdatedV2Waiter(client)
		if _, err := client.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: &name, ZipFile: code}); err != nil {
			return err
		}
		if err := updated.Wait(ctx, &lambda.GetFunctionInput{FunctionName: &name}, waitLimit); err != nil {
			return err
		}
		if _, err := client.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: &name, Timeout: &seconds}); err != nil {
			return err
		}
		return updated.Wait(ctx, &lambda.GetFunctionInput{FunctionName: &name}, waitLimit)
	}
	defer func() {
		ctx := context.WithoutCancel(ctx)
		back := put(ctx, code, aws.ToInt32(before.Configuration.Timeout))
		after, read := client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
		if back = errors.Join(back, read); back == nil && (aws.ToString(after.CodeSha256) != aws.ToString(before.Configuration.CodeSha256) ||
			aws.ToInt32(after.Timeout) != aws.ToInt32(before.Configuration.Timeout)) {
			back = errors.New("its code or its timeout is another one than before")
		}
		if back != nil {
			err = errors.Join(err, fmt.Errorf("%s is not as it was; deploy the stack again: %w", name, back))
		}
	}()
	if err := put(ctx, broken, seconds); err != nil {
		return "", err
	}
	return s.failsAs(ctx, want)
}

// download fetches a signed URL.
func (s *stack) download(ctx context.Context, from string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	response, err := s.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it is answered with %s", response.Status)
	}
	return io.ReadAll(response.Body)
}

// archive returns the code package of a function for the runtime provided.al2023.
func archive(script string) ([]byte, error) {
	var out bytes.Buffer
	files := zip.NewWriter(&out)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	header.SetMode(0o755)
	file, err := files.CreateHeader(header)
	if err == nil {
		_, err = io.WriteString(file, script)
	}
	err = errors.Join(err, files.Close())
	return out.Bytes(), err
}
