package engines_test

import (
	"errors"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/video"
)

// testForgotten: the texts are removed from the job, its request and the indexes. The rest
// stays. A version that was read before is refused.
func (e engine) testForgotten(t *testing.T) {
	e.create(t, "forgotten")
	jobs := e.open("forgotten", nil)
	at := time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	job := entry(t, "job")
	job.CreatedAt = at.Add(-time.Hour)
	job.End(&video.GenerationFailed{GenerationID: "g", Said: "words"}, job.CreatedAt)
	job, version, err := jobs.Create(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := jobs.Forget(t.Context(), job, version, at); err != nil {
		t.Fatal(err)
	}
	var conflict *video.Conflict
	if _, _, err := jobs.Forget(t.Context(), job, version, at); !errors.As(err, &conflict) {
		t.Errorf("forgotten twice: %v", err)
	}
	got, _, err := jobs.Get(t.Context(), "job")
	if err != nil || !got.ForgottenAt.Equal(at) || got.Request.Prompt() != "" || got.RequestHash != job.RequestHash || got.Outcome.Message == job.Outcome.Message {
		t.Errorf("read %+v, %v", got, err)
	}
	page, _, err := jobs.List(t.Context(), table.Query{Before: table.PlaceAfter(at), Limit: 7})
	if err != nil || len(page) != 1 || page[0].Brief.Prompt != "" || page[0].Brief.Model != job.Request.Model() || !page[0].Entry.ForgottenAt.Equal(at) {
		t.Errorf("listed %+v, %v", page, err)
	}
}
