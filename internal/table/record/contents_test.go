package record_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/table/record"
)

func content(job string) record.Content {
	return record.Content{Job: job, Key: "a b.txt", Copied: true, At: time.Date(2026, 8, 21, 10, 0, 0, 0, time.UTC), Origin: "b.txt", Refused: true}
}

func TestContentsLetOneWriterThrough(t *testing.T) {
	c, ctx := open(dynamotest.New(t)), t.Context()
	if known, version, err := c.Content(ctx, "sum"); known != (record.Content{}) || version != "" || err != nil {
		t.Fatalf("before there is one: %+v, %q, %v", known, version, err)
	}
	if err := c.PutContent(ctx, "sum", content("a"), ""); err != nil {
		t.Fatal(err)
	}
	wantConflict(t, c.PutContent(ctx, "sum", content("b"), ""))
	known, version, err := c.Content(ctx, "sum")
	if known != content("a") || version == "" || err != nil {
		t.Fatalf("read %+v, %q, %v", known, version, err)
	}
	if err := c.PutContent(ctx, "sum", content("c"), version); err != nil {
		t.Fatal(err)
	}
	wantConflict(t, c.PutContent(ctx, "sum", content("d"), version))
	wantConflict(t, c.PutContent(ctx, "another", content("d"), version))
	if known, _, err := c.Content(ctx, "sum"); known.Job != "c" || err != nil {
		t.Errorf("read %+v, %v", known, err)
	}
}

// The SDK's second try recognizes its own write after a lost answer.
func TestContentsLoseAnswers(t *testing.T) {
	for name, fault := range map[string]dynamotest.Fault{
		"cut": {After: true, Cut: true}, "500": {After: true, Status: 500, Code: "InternalServerError"},
	} {
		fake := dynamotest.New(t)
		c := open(fake)
		fake.Fail(func(call dynamotest.Call) dynamotest.Fault {
			if call.Op == "PutItem" && call.Count == 1 {
				return fault
			}
			return dynamotest.Fault{}
		})
		if err := c.PutContent(t.Context(), "sum", content("a"), ""); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if known, _, err := c.Content(t.Context(), "sum"); known.Job != "a" || err != nil {
			t.Errorf("%s: read %+v, %v", name, known, err)
		}
	}
}

func TestContentsUnavailable(t *testing.T) {
	fake := dynamotest.New(t)
	c := open(fake)
	for sum, fields := range map[string]map[string]any{"garbled": {"job": 3, "at": "soon"}, "empty": {}} {
		fields["pk"], fields["sk"] = "content#"+sum, "content"
		item, err := attributevalue.MarshalMap(fields)
		if err != nil {
			t.Fatal(err)
		}
		if err := fake.Put(item); err != nil {
			t.Fatal(err)
		}
		_, _, err = c.Content(t.Context(), sum)
		wantUnavailable(t, err)
	}
	fake.Fail(func(dynamotest.Call) dynamotest.Fault {
		return dynamotest.Fault{Status: 500, Code: "InternalServerError"}
	})
	_, _, err := c.Content(t.Context(), "sum")
	wantUnavailable(t, err)
	wantUnavailable(t, c.PutContent(t.Context(), "sum", content("a"), ""))
}
