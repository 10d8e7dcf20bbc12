package record_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

func TestTimes(t *testing.T) {
	jobs, ctx := open(dynamotest.New(t)), t.Context()
	past, version, err := jobs.Times(ctx, "m", 5)
	if err != nil || !reflect.DeepEqual(past, schedule.Past{}) || version != "" {
		t.Fatalf("before there are any: %v, %q, %v", past, version, err)
	}
	want := schedule.Past{
		Seen:    []schedule.Seen{{By: 20 * time.Second}, {After: 83100 * time.Millisecond, By: 90 * time.Second}},
		Charges: []int64{1_960_000, 1},
	}
	if err := jobs.PutTimes(ctx, "m", 5, want, ""); err != nil {
		t.Fatal(err)
	}
	var conflict *video.Conflict
	if err := jobs.PutTimes(ctx, "m", 5, schedule.Past{}, ""); !errors.As(err, &conflict) {
		t.Errorf("written over: %v", err)
	}
	if past, version, err = jobs.Times(ctx, "m", 5); err != nil || !reflect.DeepEqual(past, want) {
		t.Errorf("read %v, %v", past, err)
	}
	if err := jobs.PutTimes(ctx, "m", 5, schedule.Past{}, version); err != nil {
		t.Error(err)
	}
	if err := jobs.PutTimes(ctx, "m", 5, want, version); !errors.As(err, &conflict) {
		t.Errorf("an old version was replaced: %v", err)
	}
	if past, _, err := jobs.Times(ctx, "m", 10); err != nil || !reflect.DeepEqual(past, schedule.Past{}) {
		t.Errorf("another length has %v, %v", past, err)
	}
	if err := jobs.PutTimes(ctx, "m#1/x", 10, want, ""); err != nil {
		t.Fatal(err)
	}
	all, err := jobs.AllTimes(ctx)
	if err != nil || !reflect.DeepEqual(all, map[schedule.Kind]schedule.Past{
		{Model: "m", Duration: 5}: {}, {Model: "m#1/x", Duration: 10}: want,
	}) {
		t.Errorf("all times are %v, %v", all, err)
	}
}

// FuzzTimes reads an item that another program may have written. Its usable values are used, and
// the item is overwritten.
func FuzzTimes(f *testing.F) {
	for _, seed := range []string{`[[80,83]]`, `[[0,20],[1e9,2e9],[9,8],[1,2,3],[70]]`, `null`, `"no"`, `[["a"]]`, `[1960000,-1,0,1.5,"7"]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var given any
		if json.Unmarshal(body, &given) != nil {
			return
		}
		item, err := attributevalue.MarshalMap(map[string]any{"pk": "times", "sk": "m#5", "version": 3, "mark": "x", "seen": given, "charges": given})
		if err != nil {
			return
		}
		items := &dynamotest.Items{}
		if err := items.Put(item); err != nil {
			t.Fatal(err)
		}
		jobs := records(items)
		past, version, err := jobs.Times(t.Context(), "m", 5)
		if err != nil || version != "3" {
			t.Fatalf("version %q, %v", version, err)
		}
		for _, charge := range past.Charges {
			if charge <= 0 {
				t.Errorf("read a charge of %d", charge)
			}
		}
		for _, s := range past.Seen {
			if s.After < 0 || s.By <= 0 || s.After > s.By || s.By > 7*24*time.Hour {
				t.Errorf("read %v", s)
			}
		}
		if err := jobs.PutTimes(t.Context(), "m", 5, past, version); err != nil {
			t.Error(err)
		}
	})
}
