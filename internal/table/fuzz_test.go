package table_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

// FuzzJob reads a job that another program may have changed: it is either the job or an error.
func FuzzJob(f *testing.F) {
	f.Add([]byte(`{"id":"job","version":1,"mark":"m","created_at":"2026-08-21T10:00:00.000000000Z"}`), `{"prompt":"a boat"}`)
	f.Add([]byte(`{"id":"other"}`), `{}`)
	f.Add([]byte(`{"id":"job","version":"1","claimed_at":"soon","outcome":{"name":3}}`), `[`)
	f.Fuzz(func(t *testing.T, body []byte, sent string) {
		var given map[string]any
		if json.Unmarshal(body, &given) != nil || given == nil {
			return
		}
		given["pk"], given["sk"] = "job#job", "job"
		items := &dynamotest.Items{}
		for _, fields := range []map[string]any{given, {"pk": "job#job", "sk": "request", "request": sent}} {
			item, err := attributevalue.MarshalMap(fields)
			if err != nil {
				return
			}
			if err := items.Put(item); err != nil {
				t.Fatal(err)
			}
		}
		read, version, err := table.New(items, "jobs", marks(), none).Get(t.Context(), "job")
		if err == nil && (read.ID != "job" || version == "" || version == "0" || read.Mark == "") {
			t.Errorf("read %+v, version %q", read, version)
		}
		if _, ok := err.(*video.ServiceUnavailable); err != nil && !ok {
			t.Errorf("got %v", err)
		}
	})
}
