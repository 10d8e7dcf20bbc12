package batch

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/test/harness/charges"
)

func TestCheck(t *testing.T) {
	good := Options{Lines: 1, AtOnce: 64, Job: time.Second}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for what, change := range map[string]func(*Options){
		"no line":    func(o *Options) { o.Lines = 0 },
		"many lines": func(o *Options) { o.Lines = 100_001 },
		"none":       func(o *Options) { o.AtOnce = 0 },
		"too many":   func(o *Options) { o.AtOnce = 65 },
		"no time":    func(o *Options) { o.Job = 0 },
	} {
		o := good
		change(&o)
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("%s: it is not refused", what)
		}
	}
}

// The file is valid, and its lines differ.
func TestSheet(t *testing.T) {
	prompts := map[string]bool{}
	for line, err := range batchfile.Lines(strings.NewReader(string(sheet(30))), batchfile.Options{Format: batchfile.CSV}) {
		if err != nil {
			t.Fatalf("%+v, %v", line, err)
		}
		prompts[line.Request.Prompt()] = true
	}
	if len(prompts) != 30 {
		t.Errorf("there are %d prompts", len(prompts))
	}
}

func TestBareMachine(t *testing.T) {
	text, err := bareMachine("videos", 60, time.Second)
	for _, part := range []string{`"MaxConcurrency":60`, `"Mode":"DISTRIBUTED"`, `"Seconds":1`, `"Bucket":"videos"`} {
		if err != nil || !strings.Contains(text, part) {
			t.Errorf("there is no %s in %s, %v", part, text, err)
		}
	}
}

func TestCounter(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	}))
	defer server.Close()
	c, err := newCounter()
	if err == nil {
		err = c.SendTo(server.URL)
	}
	if err != nil {
		t.Fatal(err)
	}
	send := func(method, target, service, body string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, c.Address+"/x", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if target != "" {
			r.Header.Set("X-Amz-Target", target)
		}
		r.Header.Set("User-Agent", "aws-sdk-go-v2/1 app/takeup-Submit-1 m/F")
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=1/20261126/us-east-1/"+service+"/aws4_request")
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if got, _ := io.ReadAll(response.Body); response.StatusCode == http.StatusOK && string(got) != body {
			t.Errorf("%d bytes arrive as %d", len(body), len(got))
		}
		return response.StatusCode
	}
	large := `{"pk":{"S":"job#1"},"list":{"L":[{"S":"` + strings.Repeat("x", 1500) + `"},{"BOOL":true}]},"n":{"N":"12"},"b":{"B":"AAAA"},"m":{"M":{"a":{"S":"b"}}}}`
	for _, call := range []struct {
		method, target, service, body string
		want                          Usage
	}{
		{"POST", "DynamoDB_20120810.Query", "dynamodb", `{"TableName":"jobs"}`, Usage{TableReads: 1}},
		{"POST", "DynamoDB_20120810.BatchGetItem", "dynamodb", `{"RequestItems":{"jobs":{"Keys":[{},{},{}]}}}`, Usage{TableReads: 3}},
		{"POST", "DynamoDB_20120810.PutItem", "dynamodb", `{"Item":` + large + `}`, Usage{TableWrites: 1, TableUnits: 2}},
		{"POST", "DynamoDB_20120810.UpdateItem", "dynamodb", `{"Key":{}}`, Usage{TableWrites: 1, TableUnits: 1}},
		{
			"POST", "DynamoDB_20120810.TransactWriteItems", "dynamodb",
			`{"TransactItems":[{"Put":{"Item":` + large + `}},{"Update":{"Key":{}}},{"ConditionCheck":{"Key":{}}}]}`,
			Usage{TableWrites: 2, TableUnits: 4 + 2 + 2},
		},
		{"POST", "AWSStepFunctions.StartExecution", "states", `{}`, Usage{}},
		{"GET", "", "s3", "", Usage{Gets: 1}},
		{"PUT", "", "s3", "video", Usage{Puts: 1}},
		{"DELETE", "", "s3", "", Usage{}},
		{"GET", "", "lambda", "", Usage{}},
	} {
		before, _ := c.taken()
		if status := send(call.method, call.target, call.service, call.body); status != http.StatusOK {
			t.Errorf("%s %s: %d", call.method, call.target, status)
		}
		before.add(call.want)
		if got, _ := c.taken(); got != before {
			t.Errorf("%s %s: it comes to %+v, want %+v", call.method, call.target, got, before)
		}
	}
	if status := send("POST", "DynamoDB_20120810.PutItem", "dynamodb", "{"); status != http.StatusBadRequest {
		t.Errorf("a body that is no JSON: %d", status)
	}
	if _, calls := c.taken(); len(calls) != 1 || calls["takeup-Submit-1"]["Query"] != 1 || calls["takeup-Submit-1"]["PUT"] != 1 {
		t.Errorf("the calls are %v", calls)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// event returns an event of a history, which happens at a second.
func event(kind types.HistoryEventType, second int, resource, output string) types.HistoryEvent {
	at := time.Unix(int64(second), 0)
	e := types.HistoryEvent{Type: kind, Timestamp: &at}
	switch kind {
	case types.HistoryEventTypeTaskScheduled:
		e.TaskScheduledEventDetails = &types.TaskScheduledEventDetails{Resource: &resource}
	case types.HistoryEventTypeTaskSucceeded:
		e.TaskSucceededEventDetails = &types.TaskSucceededEventDetails{Resource: &resource, Output: &output}
	case types.HistoryEventTypeTaskFailed:
		e.TaskFailedEventDetails = &types.TaskFailedEventDetails{Resource: &resource}
	default:
		e.StateEnteredEventDetails = &types.StateEnteredEventDetails{Name: aws.String(resource)}
	}
	return e
}

func TestHistories(t *testing.T) {
	const lambda, run = "arn:aws:lambda:us-east-1:000000000000:function:batch-1", "arn:aws:states:::states:startExecution.sync:2"
	b := &bench{functions: map[string]function{"batch-1": {name: "BatchFunction", gb: 0.5}}}
	task := func(resource string, from, to int, output string) []types.HistoryEvent {
		ended := event(types.HistoryEventTypeTaskSucceeded, to, resource, output)
		if output == "" {
			ended = event(types.HistoryEventTypeTaskFailed, to, resource, "")
		}
		return []types.HistoryEvent{event(types.HistoryEventTypeTaskScheduled, from, resource, ""), ended}
	}
	join := func(parts ...[]types.HistoryEvent) (all []types.HistoryEvent) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	for name, c := range map[string]struct {
		events []types.HistoryEvent
		want   Work
	}{
		// Line, Next?, Run, Done
		"a line": {join(task(lambda, 0, 2, `{"do":"run"}`), task(run, 2, 9, `{}`)), Work{Transitions: 4, Invocations: 1, GBSeconds: 1}},
		// Line, Next?, Wait, Line, Next?, Done
		"one that waits": {join(task(lambda, 0, 2, `{"do":"wait"}`), task(lambda, 9, 10, `{"do":"done"}`)), Work{Transitions: 6, Invocations: 2, GBSeconds: 1.5}},
		// Line twice, Next?, Run, Visited, Line, Next?, Done
		"one that fails": {
			join(task(lambda, 0, 2, ""), task(lambda, 4, 6, `{"do":"run"}`), task(run, 6, 7, ""), task(lambda, 7, 8, `{"do":"done"}`)),
			Work{Transitions: 8, Invocations: 3, GBSeconds: 2.5},
		},
	} {
		if got, err := b.line(c.events); err != nil || got != c.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := b.line(task(lambda, 0, 1, "<html>")); err == nil {
		t.Error("an output that is no JSON is no error")
	}
	entered := func(kind types.HistoryEventType) []types.HistoryEvent {
		return []types.HistoryEvent{event(kind, 0, "State", "")}
	}
	got, err := b.entered(join(
		entered(types.HistoryEventTypeTaskStateEntered), task(lambda, 0, 2, ""), task(lambda, 3, 4, "{}"), entered(types.HistoryEventTypeChoiceStateEntered),
	))
	if want := (Work{Transitions: 3, Invocations: 2, GBSeconds: 1.5}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	var scaled Work
	if scaled.add(got, 2.5); scaled != (Work{Transitions: 8, Invocations: 5, GBSeconds: 3.75}) {
		t.Errorf("%+v", scaled)
	}
	if none, err := b.sum(context.Background(), nil, b.line); err != nil || none != (Work{}) {
		t.Errorf("%+v, %v", none, err)
	}
}

func TestWrite(t *testing.T) {
	r := &Report{
		Options: Options{Lines: 200, AtOnce: 60, Job: time.Second}, Bare: 4 * time.Second, Plan: 2 * time.Second, Took: 50 * time.Second, Runs: 1,
		Peaks: map[string]int64{"StoreFunction": 20 << 20, "BatchFunction": 31 << 20},
		Usage: Usage{TableWrites: 2000, TableUnits: 6000, TableReads: 4000, Puts: 400, Gets: 600},
		Calls: map[string]map[string]int{"SubmitFunction": {"Query": 1600, "GET": 9}},
		Own:   Work{Transitions: 10, Invocations: 2, GBSeconds: 1}, OfLines: Work{Transitions: 800, Invocations: 200, GBSeconds: 40},
		OfJobs: Work{Transitions: 1200, Invocations: 600, GBSeconds: 200}, Histories: 200,
		Verdict: charges.Verdict{Lines: 200, Done: 200},
	}
	write := func() string {
		t.Helper()
		var b strings.Builder
		if err := r.Write(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	text := write()
	for _, line := range []string{
		"200 lines, 60 at once, jobs of 1s", "the Distributed Map alone 4.0 s", "lines a second 4.00", "state transitions a line 10.05",
		"units of them 42.00", "USD per 1000 lines 0.308", "BatchFunction 31.0", "SubmitFunction, Query 8.00",
	} {
		found := false
		for got := range strings.Lines(text) {
			found = found || strings.Join(strings.Fields(got), " ") == line
		}
		if !found {
			t.Errorf("there is no line %q in\n%s", line, text)
		}
	}
	if strings.Contains(text, "SubmitFunction, GET") {
		t.Errorf("it has rare calls:\n%s", text)
	}
	if !r.Kept() || !strings.HasSuffix(text, "\n\nlines=200 done=200 failed=0 twice=0 missing=0 peak_mib=31 usd_per_1000=0.308\n") {
		t.Errorf("the last line is another:\n%s", text)
	}
	r.Done, r.Failed, r.Reasons = 199, 1, []string{"it was lost"}
	if r.Kept() || !strings.Contains(write(), "\na line has no video: it was lost\nlines=200") {
		t.Error("a line may fail though nothing was killed, or its reason isn't printed")
	}
	r.Kill = true
	if !r.Kept() {
		t.Error("no line may fail though functions were killed")
	}
	r.Kills, r.Runs, r.Twice = 17, 2, 1
	if text := write(); r.Kept() || !strings.Contains(text, "17 processes of functions killed, 2 runs") {
		t.Errorf("%s", text)
	}
}
