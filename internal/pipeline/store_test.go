package pipeline_test

import (
	"context"
	"errors"
	"testing"

	"github.com/takeup/takeup/internal/pipeline"
	"github.com/takeup/takeup/internal/video"
)

// copier keeps what it was asked to copy, and gives err.
type copier struct {
	copied []string
	err    error
}

func (c *copier) Copy(ctx context.Context, source func(context.Context) (string, error), key string) (video.Copied, error) {
	url, err := source(ctx)
	if err != nil {
		return video.Copied{}, err
	}
	c.copied = append(c.copied, url+" to "+key)
	return video.Copied{Bytes: 42, CRC32: "abc"}, c.err
}

func TestStore(t *testing.T) {
	const url = "https://cdn.example/1.mp4?signature=s"
	finished := video.Generation{ID: "gen-1", State: video.Finished, URL: url, Credits: 1_960_000}
	for _, test := range []struct {
		name       string
		generation video.Generation
		err        error // of the retrieve
		copyErr    error
		ending     string
		recorded   bool
	}{
		{"stored", finished, nil, nil, "", false},
		{"no answer", video.Generation{}, &video.Unanswered{Err: errors.New("502")}, nil, "VideoUnavailable", false},
		{"no URL", video.Generation{State: video.Finished}, nil, nil, "VideoUnavailable", false},
		{"running again", video.Generation{State: video.Running}, nil, nil, "VideoUnavailable", false},
		{"ended by the provider", video.Generation{State: video.Failed}, nil, nil, "GenerationFailed", true},
		{"the source fails", finished, nil, errors.New("it answered 403"), "VideoUnavailable", false},
		{"S3 fails", finished, nil, &video.ServiceUnavailable{Doing: "storing", Err: errors.New("503")}, "ServiceUnavailable", false},
		{"not a video", finished, nil, &video.VideoRejected{Reason: "it is not an mp4"}, "VideoRejected", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(answer{id: "gen-1"})
			job, err := w.Run(t.Context(), bare())
			if err != nil {
				t.Fatal(err)
			}
			w.provider.retrieve = func(string) (video.Generation, error) { return test.generation, test.err }
			files := &copier{err: test.copyErr}
			store := &pipeline.Store{Provider: w.provider, Keys: w.keys, Ledger: w.ledger, Copier: files, Shelf: w.shelf, Now: w.clock.Now}
			job, err = store.Run(t.Context(), job)
			if (err == nil) != (test.ending == "") || err != nil && video.EndingName(err) != test.ending {
				t.Fatalf("got %v, want %s", err, test.ending)
			}
			if recorded := w.ledger.entry(t, "job-1").Ending != nil; recorded != test.recorded {
				t.Errorf("an ending in the ledger: %v, want %v", recorded, test.recorded)
			}
			manifest, stored := w.shelf["job-1"]
			if stored != (test.ending == "") {
				t.Fatalf("a manifest is there: %v", stored)
			}
			if !stored {
				return
			}
			if job.Status != video.Stored || job.Video != "s3://videos/job-1" {
				t.Errorf("got %+v", job)
			}
			if manifest.Bytes != 42 || manifest.CRC32 != "abc" || manifest.CreditsUsed != 1_960_000 || manifest.Request.Prompt() != prompt || manifest.GenerationID != "gen-1" {
				t.Errorf("the manifest is %+v", manifest)
			}
			if _, err := store.Run(t.Context(), job); err != nil || len(files.copied) != 1 {
				t.Errorf("stored again: %v, copied %v", err, files.copied)
			}
		})
	}
}
