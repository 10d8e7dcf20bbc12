package table_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

func sendings(jobs ...string) []video.Sending {
	var sent []video.Sending
	for i, job := range jobs {
		sent = append(sent, video.Sending{Job: job, At: time.Date(2026, 8, 21, 10, i, 0, 5e6, time.UTC), Retry: i, First: i%2 == 0, Open: i == 1})
	}
	return sent
}

// A job and its sending are written together, or neither is.
func TestSendings(t *testing.T) {
	fake := dynamotest.New(t)
	jobs, ctx := open(fake), t.Context()
	if sent, version, err := jobs.Sendings(ctx, "r"); sent != nil || version != "" || err != nil {
		t.Fatalf("before there are any: %v, %q, %v", sent, version, err)
	}
	if _, _, err := jobs.CreateSent(ctx, entry(t, "a"), "r", sendings("a"), ""); err != nil {
		t.Fatal(err)
	}
	_, _, err := jobs.CreateSent(ctx, entry(t, "b"), "r", sendings("b"), "")
	wantConflict(t, err)
	if _, _, err := jobs.Get(ctx, "b"); err == nil {
		t.Error("the job is there without its sending")
	}
	sent, v1, err := jobs.Sendings(ctx, "r")
	if err != nil || !reflect.DeepEqual(sent, sendings("a")) {
		t.Fatalf("read %+v, %v", sent, err)
	}
	if _, _, err := jobs.CreateSent(ctx, entry(t, "b"), "r", sendings("a", "b"), v1); err != nil {
		t.Fatal(err)
	}
	_, _, err = jobs.CreateSent(ctx, entry(t, "c"), "r", sendings("c"), v1)
	wantConflict(t, err)
	wantConflict(t, jobs.PutSendings(ctx, "r", nil, v1))
	_, v2, err := jobs.Sendings(ctx, "r")
	if err != nil {
		t.Fatal(err)
	}
	if err := jobs.PutSendings(ctx, "r", sendings("a", "b", "c"), v2); err != nil {
		t.Fatal(err)
	}
	if sent, _, err = jobs.Sendings(ctx, "r"); err != nil || !reflect.DeepEqual(sent, sendings("a", "b", "c")) {
		t.Errorf("read %+v, %v", sent, err)
	}
	_, _, err = jobs.CreateSent(ctx, entry(t, "a"), "another", sendings("a"), "")
	wantConflict(t, err)
	if sent, _, err := jobs.Sendings(ctx, "another"); sent != nil || err != nil {
		t.Errorf("sent without its job: %v, %v", sent, err)
	}
}

// The item expires an hour after the last POST. DynamoDB counts seconds.
func TestSendingsExpire(t *testing.T) {
	fake := dynamotest.New(t)
	if err := open(fake).PutSendings(t.Context(), "r", sendings("a", "b"), ""); err != nil {
		t.Fatal(err)
	}
	for _, item := range fake.All() {
		n, _ := item["expires"].(*types.AttributeValueMemberN)
		if want := "1787310060"; n == nil || n.Value != want {
			t.Errorf("it expires at %v, want %s", item["expires"], want)
		}
	}
}

// A transaction recognizes its own write after a lost answer, by the job's mark.
func TestSendingsLoseAnswers(t *testing.T) {
	for name, fault := range map[string]dynamotest.Fault{
		"cut": {After: true, Cut: true}, "500": {After: true, Status: 500, Code: "InternalServerError"},
	} {
		fake := dynamotest.New(t)
		jobs := open(fake)
		fake.Fail(func(call dynamotest.Call) dynamotest.Fault {
			if call.Op == "TransactWriteItems" {
				return fault // at each try
			}
			return dynamotest.Fault{}
		})
		if _, _, err := jobs.CreateSent(t.Context(), entry(t, "a"), "r", sendings("a"), ""); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if sent, _, err := jobs.Sendings(t.Context(), "r"); len(sent) != 1 || err != nil {
			t.Errorf("%s: read %+v, %v", name, sent, err)
		}
	}
}

func TestSendingsUnavailable(t *testing.T) {
	fake := dynamotest.New(t)
	jobs := open(fake)
	fake.Fail(func(dynamotest.Call) dynamotest.Fault {
		return dynamotest.Fault{Status: 500, Code: "InternalServerError"}
	})
	_, _, err := jobs.Sendings(t.Context(), "r")
	wantUnavailable(t, err)
	wantUnavailable(t, jobs.PutSendings(t.Context(), "r", nil, ""))
	_, _, err = jobs.CreateSent(t.Context(), entry(t, "a"), "r", nil, "")
	wantUnavailable(t, err)
}

// FuzzSendings reads an item that another program may have changed: it is either usable or an
// error.
func FuzzSendings(f *testing.F) {
	for _, seed := range []string{`[{"job":"a","at":"2026-08-21T10:00:00.000000000Z","retry":1,"first":true}]`, `[{"job":"a b"}]`, `[{"job":3}]`, `[3]`, `"no"`, `null`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var given any
		if json.Unmarshal(body, &given) != nil {
			return
		}
		item, err := attributevalue.MarshalMap(map[string]any{"pk": "sent#r", "sk": "sent", "version": 3, "mark": "x", "sent": given})
		if err != nil {
			return
		}
		items := &dynamotest.Items{}
		if err := items.Put(item); err != nil {
			t.Fatal(err)
		}
		sent, version, err := table.New(items, "jobs", marks(), none).Sendings(t.Context(), "r")
		if _, ok := err.(*video.ServiceUnavailable); err != nil && !ok {
			t.Errorf("got %v", err)
		}
		for _, one := range sent {
			if err != nil || version != "3" || !video.ValidID(one.Job) {
				t.Errorf("read %+v, version %q, %v", one, version, err)
			}
		}
	})
}
