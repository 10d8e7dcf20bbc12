package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/reconcile"
	"github.com/takeup/takeup/internal/video"
)

const testMachine = "arn:aws:states:us-east-1:000000000000:stateMachine:text-to-video"

// fakeMachine has executions, and those that only StartExecution knows of yet.
type fakeMachine struct {
	executions map[string]*sfn.DescribeExecutionOutput
	hidden     []string
	started    []string
	ends       types.ExecutionStatus // of what is started
}

func (m *fakeMachine) DescribeExecution(_ context.Context, in *sfn.DescribeExecutionInput, _ ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error) {
	name := (*in.ExecutionArn)[strings.LastIndex(*in.ExecutionArn, ":")+1:]
	if !strings.Contains(*in.ExecutionArn, ":execution:text-to-video:") {
		return nil, fmt.Errorf("no ARN of an execution: %s", *in.ExecutionArn)
	}
	if out := m.executions[name]; out != nil {
		return out, nil
	}
	return nil, &types.ExecutionDoesNotExist{}
}

func (m *fakeMachine) StartExecution(_ context.Context, in *sfn.StartExecutionInput, _ ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	if m.executions[*in.Name] != nil || slices.Contains(m.hidden, *in.Name) {
		return nil, &types.ExecutionAlreadyExists{}
	}
	m.started = append(m.started, *in.Name+" "+*in.Input)
	m.executions[*in.Name] = &sfn.DescribeExecutionOutput{Status: m.ends, Input: in.Input, Error: aws.String("VideoRejected"), Cause: aws.String(`{"errorMessage":"no video"}`)}
	return &sfn.StartExecutionOutput{}, nil
}

func execution(status types.ExecutionStatus, input string) *sfn.DescribeExecutionOutput {
	return &sfn.DescribeExecutionOutput{Status: status, Input: &input}
}

type fakeLedger map[string]video.Entry

func (l fakeLedger) Get(_ context.Context, id string) (video.Entry, string, error) {
	entry, ok := l[id]
	if !ok {
		return entry, "", &video.NoEntry{ID: id}
	}
	return entry, "version", nil
}

type fakeShelf map[string]bool

func (s fakeShelf) Manifest(_ context.Context, id string) (video.Manifest, bool, error) {
	return video.Manifest{ID: id}, s[id], nil
}

func ended(id string, err error) video.Entry {
	return video.Entry{ID: id, Phase: video.PhaseAccepted, Ending: video.NewEndingRecord(err, time.Time{})}
}

// newRedriver has a job in each state.
func newRedriver(out *bytes.Buffer) (*redriver, *fakeMachine, reconcile.Listing) {
	const failed, request = types.ExecutionStatusFailed, `{"prompt":"a boat"}`
	resume := func(id string) string { return `{"id":"` + id + `","resume":true}` }
	machine := &fakeMachine{ends: types.ExecutionStatusSucceeded, executions: map[string]*sfn.DescribeExecutionOutput{
		"poor": execution(failed, request), "again": execution(failed, request), "again-r1": execution(failed, resume("again")),
		"running":  execution(types.ExecutionStatusRunning, request),
		"redriven": execution(failed, request), "redriven-r1": execution(types.ExecutionStatusRunning, resume("redriven")),
		"namesake": execution(failed, request), "namesake-r1": execution(types.ExecutionStatusRunning, request),
		"stored": execution(types.ExecutionStatusSucceeded, request), "moderated": execution(failed, request),
		"early":   {Status: failed, Input: aws.String(request), Error: aws.String("Unauthorized")},
		"crashed": execution(types.ExecutionStatusTimedOut, request), "raced": execution(failed, request),
		"removed": execution(types.ExecutionStatusSucceeded, request),
	}, hidden: []string{"raced-r1"}}
	ledger := fakeLedger{
		"poor": ended("poor", &video.OutOfCredits{}), "again": ended("again", &video.SubmissionLost{}),
		"running": {ID: "running"}, "redriven": ended("redriven", &video.Unauthorized{}), "namesake": ended("namesake", &video.Unauthorized{}),
		"stored": {ID: "stored"}, "moderated": ended("moderated", &video.GenerationFailed{Said: "moderation"}),
		"invalid": ended("invalid", &video.InvalidRequest{}), "crashed": {ID: "crashed"}, "forgotten": {ID: "forgotten"},
		"raced": ended("raced", &video.OutOfCredits{}), "removed": {ID: "removed"},
	}
	listing := reconcile.Listing{Manifests: map[string]bool{"stored": true}}
	for id := range ledger {
		listing.Entries = append(listing.Entries, id)
	}
	slices.Sort(listing.Entries)
	return &redriver{
		world:      &world{out: out, sleep: func(context.Context, time.Duration) error { return errors.New("it slept") }},
		executions: executions{client: machine, stateMachine: testMachine}, ledger: ledger, manifests: fakeShelf{"stored": true},
		address: func(id string) string { return "s3://videos/" + video.FileKey(id) },
	}, machine, listing
}

func TestRedrive(t *testing.T) {
	for _, test := range []struct{ id, name, refused string }{
		{id: "poor", name: "poor-r1"},
		{id: "again", name: "again-r2"},
		{id: "raced", name: "raced-r2"},
		{id: "namesake", name: "namesake-r2"},
		{id: "crashed", name: "crashed-r1"},
		{id: "forgotten", name: "forgotten-r1"},
		{id: "removed", name: "removed-r1"},
		{id: "running", refused: "its execution running is still running"},
		{id: "redriven", refused: "its execution redriven-r1 is still running"},
		{id: "stored", refused: "stored already, at s3://videos/videos/stored/video.mp4"},
		{id: "moderated", refused: "ended with GenerationFailed, which stays; a new request is the way"},
		{id: "invalid", refused: "ended with InvalidRequest, which stays; a new request is the way"},
		{id: "early", refused: "ended with Unauthorized before anything was submitted or paid; send the request anew"},
		{id: "nobody", refused: "no such job; look for its id"},
		{id: "again-r1", refused: "give the job's id, again"},
		{id: "a/b", refused: "1 to 70 of A-Z a-z 0-9 _ and -"},
	} {
		t.Run(strings.ReplaceAll(test.id, "/", "-"), func(t *testing.T) {
			var out bytes.Buffer
			r, machine, _ := newRedriver(&out)
			err := r.each(t.Context(), []string{test.id}, false)
			if test.refused != "" {
				if err == nil || !strings.Contains(err.Error(), test.refused) || len(machine.started) != 0 {
					t.Errorf("got %v, started %v", err, machine.started)
				}
				return
			}
			want := test.name + ` {"id":"` + test.id + `","resume":true}`
			if err != nil || len(machine.started) != 1 || machine.started[0] != want || out.String() != test.name+"\n" {
				t.Errorf("got %v, %v, %q", err, machine.started, out.String())
			}
		})
	}
}

func TestRedriveAll(t *testing.T) {
	var out bytes.Buffer
	r, _, listing := newRedriver(&out)
	if err := r.all(t.Context(), listing, true); err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(out.String())
	if want := []string{"again-r2", "crashed-r1", "forgotten-r1", "namesake-r2", "poor-r1", "raced-r2"}; !slices.Equal(got[:len(want)], want) {
		t.Errorf("started %v, want %v", got, want)
	}
	if !strings.Contains(out.String(), "poor-r1  stored at s3://videos/videos/poor/video.mp4\n") {
		t.Errorf("said %s", out.String())
	}
	out.Reset()
	if err := r.all(t.Context(), reconcile.Listing{}, false); err != nil || out.String() != "no job can be redriven\n" {
		t.Errorf("nothing to redrive: %v, %q", err, out.String())
	}
}

func TestRedriveWait(t *testing.T) {
	var out bytes.Buffer
	r, machine, _ := newRedriver(&out)
	machine.ends = types.ExecutionStatusFailed
	err := r.each(t.Context(), []string{"poor", "nobody"}, true)
	if err == nil || !strings.Contains(err.Error(), "poor-r1 ended without a video: FAILED VideoRejected: no video") || !strings.Contains(err.Error(), "job nobody") {
		t.Errorf("got %v", err)
	}
	if out.String() != "poor-r1\npoor-r1  FAILED VideoRejected\n" {
		t.Errorf("said %q", out.String())
	}
	machine.ends = types.ExecutionStatusRunning
	if err := r.each(t.Context(), []string{"again"}, true); err == nil || !strings.Contains(err.Error(), "goes on without being watched") {
		t.Errorf("interrupted: %v", err)
	}
}
