package table_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video/report"
)

func progress(step report.Step, n int) report.Progress {
	at := time.Date(2026, 8, 21, 10, n, 0, 0, time.UTC)
	return report.Progress{
		Step:   step,
		Wait:   report.Wait{Kind: report.WaitRoom, At: at, Attempt: n, NextAt: at.Add(time.Minute), Until: at.Add(time.Hour), LastError: "429"},
		Events: []report.Event{{At: at, Kind: report.EventRefused, Number: n, Times: 2, Said: "no room"}, {At: at, Kind: report.EventDone}},
	}
}

// One query reads the steps' progress with the job, and progress never conflicts with a write of
// the job.
func TestProgressIsReadWithTheJob(t *testing.T) {
	fake := dynamotest.New(t)
	jobs, ctx := open(fake), t.Context()
	_, version, err := jobs.Create(ctx, entry(t, "job"))
	if err != nil {
		t.Fatal(err)
	}
	for _, told := range []report.Progress{progress(report.StepStore, 1), progress(report.StepSubmit, 1), progress(report.StepSubmit, 2)} {
		if err := jobs.PutProgress(ctx, "job", told); err != nil {
			t.Fatal(err)
		}
	}
	before := fake.Count("Query")
	read, now, err := jobs.Get(ctx, "job")
	if err != nil || now != version || fake.Count("Query") != before+1 {
		t.Fatalf("version %q is %q, after %d queries, %v", version, now, fake.Count("Query")-before, err)
	}
	if want := []report.Progress{progress(report.StepSubmit, 2), progress(report.StepStore, 1)}; !reflect.DeepEqual(read.Progress, want) {
		t.Errorf("got  %+v\nwant %+v", read.Progress, want)
	}
	if got := read.Told(report.StepCheck); !reflect.DeepEqual(got, report.Progress{Step: report.StepCheck}) {
		t.Errorf("Check told %+v", got)
	}
	if _, _, err := jobs.Update(ctx, read, now); err != nil {
		t.Errorf("it is in the way: %v", err)
	}
}

// Progress of a missing job doesn't create one, and progress that can't be read is omitted.
func TestProgressMayBeAnything(t *testing.T) {
	fake := dynamotest.New(t)
	jobs, ctx := open(fake), t.Context()
	if err := jobs.PutProgress(ctx, "job", report.Progress{Step: report.StepCheck}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := jobs.Get(ctx, "job"); err == nil || !strings.Contains(err.Error(), "no job") {
		t.Fatalf("got %v", err)
	}
	if _, _, err := jobs.Create(ctx, entry(t, "job")); err != nil {
		t.Fatal(err)
	}
	for sort, fields := range map[string]map[string]any{
		"progress#submit": {"waiting": "soon", "events": 3},
		"progress#check":  {"waiting": map[string]any{"kind": 3}, "events": []any{"no", map[string]any{"at": "soon"}, map[string]any{"kind": "done"}}},
		"progress#other":  {"events": []any{}},
	} {
		fields["pk"], fields["sk"] = "job#job", sort
		item, err := attributevalue.MarshalMap(fields)
		if err != nil {
			t.Fatal(err)
		}
		if err := fake.Put(item); err != nil {
			t.Fatal(err)
		}
	}
	read, _, err := jobs.Get(ctx, "job")
	if want := []report.Progress{{Step: report.StepSubmit}, {Step: report.StepCheck}}; err != nil || !reflect.DeepEqual(read.Progress, want) {
		t.Errorf("got %+v, %v", read.Progress, err)
	}
}

// Only the SDK retries a failed write of progress.
func TestProgressUnavailable(t *testing.T) {
	fake := dynamotest.New(t)
	jobs := open(fake)
	fake.Fail(func(dynamotest.Call) dynamotest.Fault {
		return dynamotest.Fault{Status: 400, Code: "TransactionConflictException"}
	})
	wantUnavailable(t, jobs.PutProgress(t.Context(), "job", progress(report.StepCheck, 1)))
	if n := fake.Count("PutItem"); n != 1 {
		t.Errorf("it was tried %d times", n)
	}
}
