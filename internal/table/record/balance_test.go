package record_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/table/dynamotest"
)

func TestBalance(t *testing.T) {
	fake := dynamotest.New(t)
	c, ctx := open(fake), t.Context()
	if b, version, err := c.Balance(ctx); b != (budget.Balance{}) || version != "" || err != nil {
		t.Fatalf("before there is one: %+v, %q, %v", b, version, err)
	}
	version := ""
	for _, want := range []budget.Balance{
		{Micros: 12_345_678, At: time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)}, {Micros: -1, At: time.Date(2026, 8, 21, 12, 15, 0, 0, time.UTC)}, {Micros: 0, At: time.Date(2026, 8, 21, 12, 30, 0, 0, time.UTC)},
	} {
		if err := c.PutBalance(ctx, want, version); err != nil {
			t.Fatal(err)
		}
		wantConflict(t, c.PutBalance(ctx, want, version))
		got, read, err := c.Balance(ctx)
		if got != want || err != nil {
			t.Fatalf("read %+v, %v", got, err)
		}
		version = read
	}
	item, err := attributevalue.MarshalMap(map[string]any{"pk": "balance", "sk": "balance", "version": 4, "micros": "much", "at": "2026-08-21T12:00:00Z"})
	if err != nil {
		t.Fatal(err)
	}
	if err := fake.Put(item); err != nil {
		t.Fatal(err)
	}
	_, _, err = c.Balance(ctx)
	wantUnavailable(t, err)
}
