package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/arn"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

var errThrottled = errors.New("ThrottlingException")

// ledger is a table of a few jobs. An entry without an execution is a job whose own execution
// was started.
type ledger map[string]video.Entry

func (l ledger) Get(_ context.Context, id string) (video.Entry, string, error) {
	if id == "throttled" {
		return video.Entry{}, "", &video.ServiceUnavailable{Doing: "reading the job", Err: errThrottled}
	}
	entry, ok := l[id]
	if !ok {
		return video.Entry{}, "", &video.NoEntry{ID: id}
	}
	if entry.Execution == "" {
		entry.Execution, entry.Started = id, true
	}
	return entry, "v" + entry.Mark, nil
}

// List is tested with a real table.
func (l ledger) List(context.Context, table.Query) ([]table.Listed, string, error) {
	return nil, "", errThrottled
}

// Requests without an Idempotency-Key are tested with a real table too.
func (l ledger) Sendings(context.Context, string) ([]video.Sending, string, error) {
	return nil, "", errThrottled
}

func (l ledger) PutSendings(context.Context, string, []video.Sending, string) error {
	return errThrottled
}

func (l ledger) CreateSent(context.Context, video.Entry, string, []video.Sending, string) (video.Entry, string, error) {
	return video.Entry{}, "", errThrottled
}

func (l ledger) Create(_ context.Context, entry video.Entry) (video.Entry, string, error) {
	if entry.ID == "throttled" {
		return video.Entry{}, "", &video.ServiceUnavailable{Doing: "writing the job", Err: errThrottled}
	}
	if _, ok := l[entry.ID]; ok {
		return video.Entry{}, "", &video.Conflict{ID: entry.ID}
	}
	entry.Mark = "0"
	l[entry.ID] = entry
	return entry, "v0", nil
}

func (l ledger) Update(_ context.Context, entry video.Entry, version string) (video.Entry, string, error) {
	if "v"+l[entry.ID].Mark != version {
		return video.Entry{}, "", &video.Conflict{ID: entry.ID}
	}
	n, _ := strconv.Atoi(l[entry.ID].Mark) // 0 if there is none
	entry.Mark, entry.Progress = strconv.Itoa(n+1), l[entry.ID].Progress
	l[entry.ID] = entry
	return entry, "v" + entry.Mark, nil
}

func (l ledger) PutProgress(_ context.Context, id string, progress report.Progress) error {
	entry := l[id]
	entry.Progress = append(slices.DeleteFunc(slices.Clone(entry.Progress), func(p report.Progress) bool { return p.Step == progress.Step }), progress)
	l[id] = entry
	return nil
}

func (l ledger) Forget(ctx context.Context, entry video.Entry, version string, at time.Time) (video.Entry, string, error) {
	entry.Forget(at)
	return l.Update(ctx, entry, version)
}

// machine is a fake of AWS's state machine, with its executions by name.
type machine struct {
	executions map[string]*sfn.DescribeExecutionOutput
	hidden     []string // only StartExecution knows them
	started    []string
	stopped    []string
	startErr   error
	stopErr    error
	readErr    error
	hook       func() // called before an execution is described
	mu         sync.Mutex
	described  int
}

func (m *machine) StartExecution(_ context.Context, in *sfn.StartExecutionInput, _ ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	if m.startErr != nil {
		return nil, m.startErr
	}
	if aws.ToString(in.StateMachineArn) != machineARN {
		return nil, fmt.Errorf("started %s", *in.StateMachineArn)
	}
	name := *in.Name
	if slices.Contains(m.hidden, name) {
		return nil, &types.ExecutionAlreadyExists{}
	}
	if e, ok := m.executions[name]; ok {
		if e.Status == types.ExecutionStatusRunning && *e.Input == *in.Input {
			return &sfn.StartExecutionOutput{}, nil
		}
		return nil, &types.ExecutionAlreadyExists{}
	}
	m.started = append(m.started, name)
	m.executions[name] = execution(types.ExecutionStatusRunning, *in.Input)
	return &sfn.StartExecutionOutput{}, nil
}

func (m *machine) DescribeExecution(_ context.Context, in *sfn.DescribeExecutionInput, _ ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.described++
	if m.hook != nil {
		m.hook()
	}
	if m.readErr != nil {
		return nil, m.readErr
	}
	name, ok := strings.CutPrefix(*in.ExecutionArn, executionARN)
	if !ok {
		return nil, fmt.Errorf("asked for %s", *in.ExecutionArn)
	}
	if e, ok := m.executions[name]; ok {
		e.Name = &name
		return e, nil
	}
	return nil, &types.ExecutionDoesNotExist{}
}

func (m *machine) StopExecution(_ context.Context, in *sfn.StopExecutionInput, _ ...func(*sfn.Options)) (*sfn.StopExecutionOutput, error) {
	name, ok := strings.CutPrefix(*in.ExecutionArn, executionARN)
	if !ok || m.stopErr != nil {
		return nil, fmt.Errorf("stopping %s: %w", *in.ExecutionArn, m.stopErr)
	}
	e, ok := m.executions[name]
	if !ok {
		return nil, &types.ExecutionDoesNotExist{}
	}
	m.stopped = append(m.stopped, name)
	if e.Status == types.ExecutionStatusRunning {
		e.Status = types.ExecutionStatusAborted
	}
	return &sfn.StopExecutionOutput{}, nil
}

const (
	machineARN   = "arn:aws:states:eu-west-1:123456789012:stateMachine:text-to-video"
	executionARN = "arn:aws:states:eu-west-1:123456789012:execution:text-to-video:"
)

var (
	began = time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	ended = began.Add(time.Minute)
)

func now() time.Time { return began }

func execution(status types.ExecutionStatus, input string) *sfn.DescribeExecutionOutput {
	e := &sfn.DescribeExecutionOutput{Status: status, Input: &input, StartDate: &began}
	if status != types.ExecutionStatusRunning {
		e.StopDate = &ended
	}
	return e
}

func executions(t *testing.T, m runs.StepFunctions) runs.Executions {
	t.Helper()
	var s arn.ARN
	if err := s.UnmarshalText([]byte(machineARN)); err != nil {
		t.Fatal(err)
	}
	return runs.New(m, s)
}

func request(t *testing.T, prompt string) video.Request {
	t.Helper()
	r, err := catalogue.OfPrompt(all.Models(), prompt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// manifests are a few manifests in memory.
type manifests map[string]video.Manifest

func (s manifests) Manifest(_ context.Context, job video.Locator) (video.Manifest, bool, error) {
	if job.ID == "unread" {
		return video.Manifest{}, false, errThrottled
	}
	m, ok := s[job.ID]
	return m, ok, nil
}

func (s manifests) Forget(_ context.Context, job video.Locator, hash string, at time.Time) error {
	if m, ok := s[job.ID]; ok && m.ForgottenAt.IsZero() {
		s[job.ID] = m.Forget(hash, at)
	}
	return nil
}

func (s manifests) PutPoster(_ context.Context, job video.Locator, webp []byte) error {
	if webp == nil {
		return errThrottled
	}
	if m := s[job.ID]; !m.Poster {
		m.Poster, s[job.ID] = true, m
	}
	return nil
}

func (s manifests) RemovePoster(_ context.Context, job video.Locator) error {
	if m, ok := s[job.ID]; ok {
		m.Poster, s[job.ID] = false, m
	}
	return nil
}

func (s manifests) Remove(_ context.Context, job video.Locator) error {
	delete(s, job.ID)
	return nil
}

// broken returns an execution that ended without a video.
func broken(status types.ExecutionStatus, name, cause string) *sfn.DescribeExecutionOutput {
	e := execution(status, `{"prompt":"a boat"}`)
	if name != "" {
		e.Error, e.Cause = &name, &cause
	}
	return e
}

// service returns a Service whose time is began.
func service(t *testing.T, l jobs.Table, s manifests, m runs.StepFunctions) *jobs.Service {
	t.Helper()
	return jobs.New(l, s, executions(t, m), now)
}

func serviceAt(t *testing.T, l jobs.Table, s manifests, m runs.StepFunctions, at time.Time) *jobs.Service {
	t.Helper()
	return jobs.New(l, s, executions(t, m), func() time.Time { return at })
}
