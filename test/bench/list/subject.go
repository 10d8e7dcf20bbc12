package list

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/wait"
)

// apiFunction is the template's name of the API's function.
const apiFunction = "ApiFunction"

// subject is a version of Takeup to measure: its stack, whose functions call AWS through a
// counter, and a process of its API's function that calls AWS directly.
type subject struct {
	name     string
	progress io.Writer
	counter  *counter
	stack    *process
	function *function
	dynamodb *dynamodb.Client

	today    string // the day on which the jobs were created
	ids      ids
	rows     []row
	opening  Opening
	measured []Measured
	bare     Bare
}

// ids are the jobs to request.
type ids struct{ running, finished string }

func (s *subject) connect(ctx context.Context) error {
	config := s.stack.Config()
	s.dynamodb = dynamodb.NewFromConfig(config)
	name, resource := stack.StackName, apiFunction
	found, err := cloudformation.NewFromConfig(config).DescribeStackResource(ctx, &cloudformation.DescribeStackResourceInput{
		StackName: &name, LogicalResourceId: &resource,
	})
	if err != nil {
		return err
	}
	function := found.StackResourceDetail.PhysicalResourceId
	if err := s.counter.sendTo(s.stack.AWS, *function); err != nil {
		return err
	}
	is, err := lambda.NewFromConfig(config).GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: function})
	if err != nil {
		return err
	}
	credentials, err := config.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	env := []string{
		"AWS_REGION=" + config.Region, "AWS_ACCESS_KEY_ID=" + credentials.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + credentials.SecretAccessKey,
		"AWS_LAMBDA_FUNCTION_NAME=" + *function, "AWS_ENDPOINT_URL=" + s.stack.AWS,
	}
	for name, value := range is.Environment.Variables {
		if !strings.HasPrefix(name, "AWS_") {
			env = append(env, name+"="+value)
		}
	}
	s.function, err = startFunction(ctx, s.stack.binary(apiFunction), env, io.Discard)
	return err
}

func (s *subject) close() error {
	var errs []error
	if s.function != nil {
		errs = append(errs, s.function.stop())
	}
	return errors.Join(append(errs, s.stack.stop(), s.counter.Close())...)
}

// prepare creates the subject's jobs with some of the running ones, watches the page, creates
// the rest, and counts the calls of each request.
func (s *subject) prepare(ctx context.Context, o Options, fill func(context.Context, int) error) error {
	var page map[string]int
	for _, step := range []struct {
		doing string
		do    func() error
	}{
		{"making the jobs", func() error { return fill(ctx, runningWatched) }},
		{"watching the page", func() (err error) {
			page, err = s.watch(ctx, o.Root, o.Watch)
			return err
		}},
		{"making the other running jobs", func() error { return fill(ctx, running) }},
		{"finding the jobs to ask for", func() error { return s.makeRows(ctx) }},
		{"counting the calls", func() error { return s.countAll(ctx, min(o.Rounds, 20)) }},
	} {
		if err := stage(s.progress, step.doing, step.do); err != nil {
			return err
		}
	}
	s.measured = append(s.measured, Measured{Name: openPage, Calls: []int{sum(page)}, Of: page})
	return nil
}

// countAll counts the calls of each kind of request.
func (s *subject) countAll(ctx context.Context, times int) error {
	for i, row := range s.rows {
		m := Measured{Name: row.name}
		if !row.absent {
			var err error
			if m, err = s.countCalls(ctx, row, times); err != nil {
				return err
			}
		}
		s.measured = append(s.measured, m)
		s.rows[i].at = i
	}
	return nil
}

// countCalls sends a request through API Gateway the given number of times.
func (s *subject) countCalls(ctx context.Context, r row, times int) (Measured, error) {
	m := Measured{Name: r.name}
	for i := range times {
		s.counter.take()
		if _, err := s.call(ctx, r.request(i)); err != nil {
			return m, err
		}
		calls := s.counter.take()
		m.Calls = append(m.Calls, sum(calls))
		if i == times-1 {
			m.Of = calls
		}
	}
	return m, nil
}

// call sends a request to the stack's API.
func (s *subject) call(ctx context.Context, r request) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	in, err := http.NewRequestWithContext(ctx, r.method, s.stack.API+r.path, strings.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	in.Header.Set("Authorization", "Bearer "+s.stack.Token)
	in.Header.Set("Content-Type", "application/json")
	out, err := http.DefaultClient.Do(in)
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err == nil && out.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: status %d: %s", r.method, r.path, out.StatusCode, body)
	}
	return body, err
}

// videos is a page of the API's list.
type videos struct {
	Videos []struct {
		ID        string    `json:"id"`
		CreatedAt time.Time `json:"created_at"`
		Status    string    `json:"status"`
	} `json:"videos"`
	Next *string `json:"next"`
}

// list requests a page from the function.
func (s *subject) list(ctx context.Context, query string) (videos, error) {
	var page videos
	body, _, err := s.function.ask(ctx, request{method: http.MethodGet, path: "/videos" + query})
	if err == nil {
		err = json.Unmarshal(body, &page)
	}
	return page, err
}

// order sends jobs to the API's function until there are as many as requested, and waits until
// all but the running ones have ended.
func (s *subject) order(jobs int) func(ctx context.Context, running int) error {
	sent, unended := 0, 0
	send := func(ctx context.Context, prompt string) error {
		_, _, err := s.function.ask(ctx, post(prompt))
		return err
	}
	return func(ctx context.Context, wanted int) error {
		for ; sent < jobs-running; sent++ {
			prompt := fmt.Sprintf("job number %d", sent)
			if sent%(jobs/failed) == jobs/failed/2 {
				prompt += " of " + refused
			}
			if err := send(ctx, prompt); err != nil {
				return err
			}
			if sent%mostInFlight == mostInFlight-1 {
				if err := s.settled(ctx, mostInFlight/2+unended); err != nil {
					return err
				}
			}
		}
		// The running jobs are the newest, and on the first page.
		if err := s.settled(ctx, unended); err != nil {
			return err
		}
		for ; unended < wanted; unended++ {
			if err := send(ctx, fmt.Sprintf("%s, number %d", unending, unended)); err != nil {
				return err
			}
		}
		return s.settled(ctx, wanted)
	}
}

// mostInFlight is how many concurrent jobs two cores can handle.
const mostInFlight = 50

// settled waits until at most this number of jobs are queued or generating.
func (s *subject) settled(ctx context.Context, most int) error {
	for {
		n := 0
		for _, status := range []string{"queued", "generating"} {
			page, err := s.list(ctx, "?limit=50&status="+status)
			if err != nil {
				return err
			}
			n += len(page.Videos)
			if page.Next != nil {
				n = most + 1
			}
			if status == "queued" && n > 0 {
				n = most + 1 // they are about to generate
			}
		}
		if n <= most {
			return nil
		}
		if err := wait.For(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
}
