package gather_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/promptfile"
	"github.com/takeup/takeup/internal/reconcile/gather"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

// starter records the IDs that jobs are started with.
type starter struct{ ids []string }

func (s *starter) Refuse(context.Context, string, *video.InvalidRequest, video.Origin) error {
	return nil
}

func (s *starter) Start(_ context.Context, id string, _ video.Request, _ video.Origin) (jobs.Receipt, error) {
	s.ids = append(s.ids, id)
	return jobs.Receipt{View: view.View{ID: id}}, nil
}

// Job returns the ID that promptfile starts a file's job with.
func TestPromptFileJob(t *testing.T) {
	files := newStore()
	files.putVersion("prompts", "a b.txt", "version-1", "a paper boat", to)
	started := &starter{}
	handler := promptfile.New(files, table.New(&dynamotest.Items{}, "jobs", rand.Text, func(time.Duration) time.Duration { return 0 }), started, nil, "videos", func() time.Time { return to }, slog.New(slog.DiscardHandler))
	event := `{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"prompts"},"object":{"key":"a+b.txt","versionId":"version-1"}}}]}`
	if err := handler.Handle(t.Context(), json.RawMessage(event)); err != nil {
		t.Fatal(err)
	}
	want := gather.PromptFile{Bucket: "prompts", Key: "a b.txt", Version: "version-1", Sum: promptfile.Sum([]byte("a paper boat"))}.Job()
	if len(started.ids) != 1 || started.ids[0] != want {
		t.Errorf("promptfile started %v, want %s", started.ids, want)
	}
}

func (s *store) PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	return &s3.PutObjectOutput{}, nil
}
