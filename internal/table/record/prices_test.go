package record_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/table/dynamotest"
)

func TestPriceList(t *testing.T) {
	fake := dynamotest.New(t)
	c, ctx := open(fake), t.Context()
	if list, version, err := c.PriceList(ctx); !reflect.DeepEqual(list, price.List{}) || version != "" || err != nil {
		t.Fatalf("before there is one: %+v, %q, %v", list, version, err)
	}
	want, err := price.Parse([]byte(`{"data":[
		{"id":"a","aliases":["b"],"type":"t","pricing":{"kind":"fixed","units":[{"measure":"second","price":0.65,"per":1}]}},
		{"id":"c","pricing":{"kind":"variants","dimensions":["audio"],"variants":[{"when":{"audio":true},"price":1e-7,"unit":"video","per":1000}]}},
		{"id":"d","pricing":{"kind":"variable"}}]}`), "https://provider.example/v1/models", time.Date(2026, 8, 21, 10, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	want.ETag = `W/"1"`
	if err := c.PutPriceList(ctx, want, ""); err != nil {
		t.Fatal(err)
	}
	wantConflict(t, c.PutPriceList(ctx, want, ""))
	got, version, err := c.PriceList(ctx)
	if !reflect.DeepEqual(got, want) || version != "1" || err != nil {
		t.Fatalf("read %+v, %q, %v", got, version, err)
	}
	if err := c.PutPriceList(ctx, want, version); err != nil {
		t.Fatal(err)
	}
	wantConflict(t, c.PutPriceList(ctx, want, version))

	large := price.List{Models: []price.Model{{ID: strings.Repeat("x", 300_000)}}}
	if err := c.PutPriceList(ctx, large, "2"); err == nil || !strings.Contains(err.Error(), "at most 300000 are kept") {
		t.Errorf("a list that no item holds: %v", err)
	}
	item, err := attributevalue.MarshalMap(map[string]any{"pk": "prices", "sk": "list", "version": 3, "prices": "["})
	if err != nil {
		t.Fatal(err)
	}
	if err := fake.Put(item); err != nil {
		t.Fatal(err)
	}
	_, _, err = c.PriceList(ctx)
	wantUnavailable(t, err)
}
