package promptfile_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	batch "github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/batches"
	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/promptfile"
	"github.com/takeup/takeup/internal/video"
)

// intake takes every file, and remembers which.
type intake struct {
	sources []batch.Source
	copies  int
	err     error
}

func (i *intake) Arrive(_ context.Context, source batch.Source, copied bool) (batches.Arrived, error) {
	i.sources = append(i.sources, source)
	if copied {
		i.copies++
	}
	return batches.Arrived{Batch: "batches-a", Run: 1}, i.err
}

func withBatches(b *objects, s *starter, i *intake) *promptfile.Files {
	return promptfile.New(b, contents{}, s, i, "videos", func() time.Time { return at }, slog.New(slog.DiscardHandler))
}

// A file with many prompts begins a batch, and is not read here.
func TestFilesThatBeginABatch(t *testing.T) {
	b, s, i := &objects{content: "never read"}, &starter{}, &intake{}
	err := withBatches(b, s, i).Handle(t.Context(), event(
		kept("ObjectCreated:Put", "a+folder/a.csv", "v1"), kept("ObjectCreated:Copy", "B.JSONL", "null"), kept("ObjectCreated:Post", "uploads/batches/batches-a.tsv", "v2"),
	))
	want := []batch.Source{
		{Bucket: "prompts", Key: "a folder/a.csv", Version: "v1", Versioned: true, At: at}, {Bucket: "prompts", Key: "B.JSONL", Version: "e1", At: at},
		{Bucket: "prompts", Key: "uploads/batches/batches-a.tsv", Version: "v2", Versioned: true, At: at},
	}
	if err != nil || !reflect.DeepEqual(i.sources, want) || i.copies != 1 || len(s.ids)+len(s.refused) != 0 {
		t.Errorf("%v; took %+v, and started %q, %q", err, i.sources, s.ids, s.refused)
	}
}

func TestFilesOfNoBatchAreRejected(t *testing.T) {
	b, s := &objects{}, &starter{}
	i := &intake{err: &batches.Refused{Reason: "came by a form of no batch"}}
	if err := withBatches(b, s, i).Handle(t.Context(), event(kept("ObjectCreated:Put", "a.csv", "v1"))); err != nil {
		t.Fatal(err)
	}
	var rejection bucket.Rejection
	if err := json.Unmarshal([]byte(b.written["videos/rejected/a.csv.json"]), &rejection); err != nil || !strings.Contains(rejection.Reason, "of no batch") || len(s.refused) != 1 {
		t.Errorf("%v; it is %+v, %q", err, rejection, s.refused)
	}
	var unhandled *promptfile.Unhandled
	i.err = &video.ServiceUnavailable{Doing: "beginning a batch", Err: errors.New("throttled")}
	if err := withBatches(b, s, i).Handle(t.Context(), event(kept("ObjectCreated:Put", "a.csv", "v1"))); !errors.As(err, &unhandled) {
		t.Error(err)
	}
}
