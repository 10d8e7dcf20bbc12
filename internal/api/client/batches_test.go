package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/apitest"
	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/video"
)

func TestBatchCalls(t *testing.T) {
	f, c, _ := start(t)
	ctx := t.Context()
	made, err := c.CreateBatch(ctx, api.BatchRequest{Name: "spring", Format: api.BatchCSV, Defaults: map[string]any{"duration": 10}}, "a-key")
	if err != nil || made.Batch.ID != "batches-1" || record.State(made.Batch.Status) != record.Uploading || f.Calls()[0].Key != "a-key" {
		t.Fatalf("created %+v, %v with %+v", made, err, f.Calls())
	}
	const content = "prompt\na boat\n"
	if err := c.Upload(ctx, made.Upload, "spring.csv", strings.NewReader(content), int64(len(content))); err != nil || f.Uploaded() != content {
		t.Fatalf("uploaded %q, %v", f.Uploaded(), err)
	}
	for _, state := range []record.State{record.Uploading, record.Planning, record.Planned, record.Planned} {
		if got, err := c.Batch(ctx, "batches-1"); err != nil || record.State(got.Status) != state {
			t.Errorf("got %+v, %v, want it %s", got, err, state)
		}
	}
	if got, err := c.StartBatch(ctx, "batches-1", true); err != nil || record.State(got.Status) != record.Running {
		t.Errorf("started: %+v, %v", got, err)
	}
	if calls := f.Calls(); calls[len(calls)-1].Body["skip_invalid"] != true {
		t.Errorf("started with %+v", calls[len(calls)-1])
	}
	var refused *client.Refused
	if _, err := c.StartBatch(ctx, "batches-1", false); !errors.As(err, &refused) || !refused.State() {
		t.Errorf("started again: %v", err)
	}
	if got, err := c.CancelBatch(ctx, "batches-1"); err != nil || got.Submitted != 20 || record.State(got.Batch.Status) != record.Cancelled {
		t.Errorf("cancelled: %+v, %v", got, err)
	}
	f.AddBatch(f.Batch("b", "autumn", record.Ended))
	page, err := c.Batches(ctx, 1, "")
	if err != nil || len(page.Batches) != 1 || page.Batches[0].ID != "b" || page.Next == nil {
		t.Fatalf("listed %+v, %v", page, err)
	}
	if page, err = c.Batches(ctx, 0, *page.Next); err != nil || len(page.Batches) != 1 || page.Batches[0].ID != "batches-1" || page.Next != nil {
		t.Errorf("listed %+v, %v", page, err)
	}
}

// What is no id is refused before anything is sent.
func TestBatchIDs(t *testing.T) {
	f, c, _ := start(t)
	for name, call := range map[string]func(context.Context, string) error{
		"get":     func(ctx context.Context, id string) error { _, err := c.Batch(ctx, id); return err },
		"start":   func(ctx context.Context, id string) error { _, err := c.StartBatch(ctx, id, false); return err },
		"cancel":  func(ctx context.Context, id string) error { _, err := c.CancelBatch(ctx, id); return err },
		"results": func(ctx context.Context, id string) error { _, err := c.BatchResults(ctx, id, "csv"); return err },
	} {
		var invalid *video.InvalidRequest
		before := len(f.Calls())
		if err := call(t.Context(), "a/../b"); !errors.As(err, &invalid) || len(f.Calls()) > before {
			t.Errorf("%s: %v", name, err)
		}
		var refused *client.Refused
		if err := call(t.Context(), "nobody"); !errors.As(err, &refused) || refused.Status != http.StatusNotFound {
			t.Errorf("%s of none: %v", name, err)
		}
	}
}

func TestUploads(t *testing.T) {
	denied := apitest.Answer(403, `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Invalid according to Policy: Policy expired.</Message></Error>`)
	broken := apitest.Answer(503, "<html>")
	for _, test := range []struct {
		name   string
		faults []http.HandlerFunc
		want   string
		slept  []time.Duration
	}{
		{name: "at once"},
		{name: "in the end", faults: []http.HandlerFunc{broken, broken}, slept: []time.Duration{time.Second, 2 * time.Second}},
		{name: "refused", faults: []http.HandlerFunc{denied}, want: "S3 refused the file (403): AccessDenied: Invalid according to Policy: Policy expired."},
		{name: "never", faults: same(broken), want: "S3 refused the file (503): Service Unavailable", slept: []time.Duration{1e9, 2e9, 4e9, 8e9}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, c, clock := start(t)
			made, err := c.CreateBatch(t.Context(), api.BatchRequest{Name: "spring", Format: api.BatchCSV}, "a-key")
			if err != nil {
				t.Fatal(err)
			}
			f.Fail(test.faults...)
			const content = "prompt\na boat\n"
			err = c.Upload(t.Context(), made.Upload, "spring.csv", strings.NewReader(content), int64(len(content)))
			if test.want == "" && (err != nil || f.Uploaded() != content) || test.want != "" && (err == nil || err.Error() != test.want) {
				t.Errorf("uploaded %q, %v", f.Uploaded(), err)
			}
			if !slices.Equal(clock.slept, test.slept) {
				t.Errorf("it slept %v", clock.slept)
			}
		})
	}
	f, c, _ := start(t)
	form := api.Upload{URL: f.URL + "/upload"}
	f.Close()
	var silent *client.Unreachable
	if err := c.Upload(t.Context(), form, "a", strings.NewReader("a"), 1); !errors.As(err, &silent) {
		t.Errorf("nobody there: %v", err)
	}
}

// The results are the reply, or where it redirects to, without the token.
func TestBatchResults(t *testing.T) {
	f, c, clock := start(t)
	for _, state := range []record.State{record.Running, record.Ended} {
		id := string(state)
		f.AddBatch(f.Batch(id, "spring", state))
		f.AddResults(id, "the results of "+id)
		f.Fail(apitest.Answer(503, `{"message":"try again"}`, "Retry-After: 7"))
		body, err := c.BatchResults(t.Context(), id, api.BatchJSONL)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(body)
		if err != nil || string(got) != "the results of "+id || body.Close() != nil {
			t.Errorf("%s: got %q, %v", id, got, err)
		}
	}
	if want := []time.Duration{7 * time.Second, 7 * time.Second}; !slices.Equal(clock.slept, want) {
		t.Errorf("it slept %v", clock.slept)
	}
	f.AddBatch(f.Batch("early", "spring", record.Planning))
	var refused *client.Refused
	if _, err := c.BatchResults(t.Context(), "early", api.BatchCSV); !errors.As(err, &refused) || refused.Status != http.StatusConflict {
		t.Errorf("too early: %v", err)
	}
}
