package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/bucket/s3test"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/pipeline/store"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/transfer"
	"github.com/takeup/takeup/internal/video"
)

// copier records what it was asked to copy, and returns err.
type copier struct {
	copied []string
	err    error
	urls   int  // URLs that it asks for before the one that it uses
	there  bool // the video exists already, so it asks for no URL
}

func (c *copier) Copy(ctx context.Context, source func(context.Context) (string, error), key string) (video.Copied, error) {
	var url string
	for range max(1, c.urls) {
		if c.there {
			break
		}
		var err error
		if url, err = source(ctx); err != nil {
			return video.Copied{}, fmt.Errorf("copying: %w", err)
		}
	}
	c.copied = append(c.copied, url+" to "+key)
	return video.Copied{Bytes: 42, CRC32: "abc", Duration: 5041 * time.Millisecond, Width: 1280, Height: 720}, c.err
}

func TestStore(t *testing.T) {
	const url = "https://cdn.example/1.mp4?signature=s"
	finished := provider.Generation{ID: "gen-1", State: provider.Finished, URL: url, Micros: 980_000}
	for _, test := range []struct {
		name       string
		generation provider.Generation
		err        error // returned by Retrieve
		copyErr    error
		outcome    string
		recorded   bool
	}{
		{"stored", finished, nil, nil, "", false},
		{"no answer", provider.Generation{}, &provider.Unanswered{Err: errors.New("502")}, nil, "VideoUnavailable", false},
		{"no URL", provider.Generation{State: provider.Finished}, nil, nil, "VideoUnavailable", false},
		{"running again", provider.Generation{State: provider.Running}, nil, nil, "VideoUnavailable", false},
		{"ended by the provider", provider.Generation{State: provider.Failed}, nil, nil, "GenerationFailed", true},
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
			w.provider.retrieve = func(string) (provider.Generation, error) { return test.generation, test.err }
			files := &copier{err: test.copyErr}
			storing := &store.Step{Providers: w.providers(), Jobs: w.jobs, Copier: files, Manifests: w.manifests, Version: "v1", Now: w.clock.Now}
			began := w.clock.Now()
			job.Polls, job.CompletedAt = 3, began
			job, err = storing.Run(t.Context(), job)
			if (err == nil) != (test.outcome == "") || err != nil && video.OutcomeName(err) != test.outcome {
				t.Fatalf("got %v, want %s", err, test.outcome)
			}
			if recorded := w.jobs.entry(t, "job-1").Outcome != nil; recorded != test.recorded {
				t.Errorf("an outcome in the table: %v, want %v", recorded, test.recorded)
			}
			manifest, stored := w.manifests["job-1"]
			if stored != (test.outcome == "") {
				t.Fatalf("a manifest is there: %v", stored)
			}
			if !stored {
				return
			}
			if job.Status != video.Stored || job.Video != "s3://videos/job-1" {
				t.Errorf("got %+v", job)
			}
			want := video.Manifest{
				ID: "job-1", Model: catalogue.Default(all.Models()), Request: manifest.Request, GenerationID: "gen-1",
				Origin: video.Origin{Trigger: video.TriggerExecution}, CreatedAt: began, SubmittedAt: began, CompletedAt: began, StoringAt: began, StoredAt: began, Polls: 3,
				Bytes: 42, CRC32: "abc", Seconds: 5.041, Width: 1280, Height: 720, ChargedMicros: 980_000, PipelineVersion: "v1",
			}
			if !reflect.DeepEqual(manifest, want) || manifest.Request.Prompt() != prompt {
				t.Errorf("the manifest is %+v", manifest)
			}
			if _, err := storing.Run(t.Context(), job); err != nil || len(files.copied) != 1 {
				t.Errorf("stored again: %v, copied %v", err, files.copied)
			}
		})
	}
}

// Store asks the provider for a fresh URL each time that the transfer needs one.
func TestStoreAsksForFreshURLs(t *testing.T) {
	w := newWorld(answer{id: "gen-1"})
	job, err := w.Run(t.Context(), bare())
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	w.provider.retrieve = func(id string) (provider.Generation, error) {
		asked++
		return provider.Generation{ID: id, State: provider.Finished, URL: fmt.Sprint("https://cdn.example/", asked)}, nil
	}
	files := &copier{urls: 3}
	storing := &store.Step{Providers: w.providers(), Jobs: w.jobs, Copier: files, Manifests: w.manifests, Now: w.clock.Now}
	if _, err := storing.Run(t.Context(), job); err != nil || len(files.copied) != 1 || !strings.HasPrefix(files.copied[0], "https://cdn.example/3 ") {
		t.Errorf("%v, copied %v", err, files.copied)
	}
}

// The provider's message must not carry a prompt into an error.
func TestStoreRedactsRefusals(t *testing.T) {
	w := newWorld(answer{id: "gen-1"})
	job, err := w.Run(t.Context(), bare())
	if err != nil {
		t.Fatal(err)
	}
	w.provider.retrieve = func(string) (provider.Generation, error) {
		return provider.Generation{}, &provider.Refusal{Kind: provider.RefusedUnknown, Said: "nothing is known of " + prompt}
	}
	storing := &store.Step{Providers: w.providers(), Jobs: w.jobs, Copier: &copier{urls: 1}, Manifests: w.manifests, Now: w.clock.Now}
	_, err = storing.Run(t.Context(), job)
	if video.OutcomeName(err) != "VideoUnavailable" || strings.Contains(err.Error(), prompt) || !strings.Contains(err.Error(), "nothing is known of") {
		t.Errorf("got %v", err)
	}
}

// A video that an earlier Store left without a manifest gets one, even if the provider no longer
// reports its URL or its price.
func TestStoreOfAVideoThatIsThere(t *testing.T) {
	for _, err := range []error{nil, &provider.Unanswered{Err: errors.New("502")}, &provider.Refusal{Kind: provider.RefusedUnknown}} {
		w := newWorld(answer{id: "gen-1"})
		job, submitErr := w.Run(t.Context(), bare())
		if submitErr != nil {
			t.Fatal(submitErr)
		}
		w.provider.retrieve = func(id string) (provider.Generation, error) {
			return provider.Generation{ID: id, State: provider.Finished, URL: "https://cdn.example/1", Micros: 7}, err
		}
		storing := &store.Step{Providers: w.providers(), Jobs: w.jobs, Copier: &copier{there: true}, Manifests: w.manifests, Now: w.clock.Now}
		_, storeErr := storing.Run(t.Context(), job)
		if manifest := w.manifests["job-1"]; storeErr != nil || manifest.Bytes != 42 || (manifest.ChargedMicros == 7) != (err == nil) {
			t.Errorf("%v: %v, %+v", err, storeErr, manifest)
		}
	}
}

// Fifty concurrent Stores of one job leave one video and one manifest, and each of them reports
// the job as stored.
func TestFiftyStoresAtOnce(t *testing.T) {
	film, err := os.ReadFile("../provider/aimlapi/sim/clip/assets/5s-16x9.mp4")
	if err != nil {
		t.Fatal(err)
	}
	source := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		http.ServeContent(w, r, "v.mp4", time.Time{}, bytes.NewReader(film))
	}))
	defer source.Close()
	w := newWorld(answer{id: "gen-1"})
	job, err := w.Run(t.Context(), bare())
	if err != nil {
		t.Fatal(err)
	}
	w.provider.retrieve = func(id string) (provider.Generation, error) {
		return provider.Generation{ID: id, State: provider.Finished, URL: source.URL + "/v.mp4"}, nil
	}
	fake := s3test.New(t)
	storing := &store.Step{
		Providers: w.providers(), Jobs: w.jobs,
		Copier:    transfer.New(fake.Client(), transfer.Config{Bucket: "videos", MaxBytes: 1 << 30, Loopback: true}),
		Manifests: bucket.NewManifests(fake.Client(), "videos"), Now: w.clock.Now,
	}
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if stored, err := storing.Run(t.Context(), job); err != nil || stored.Status != video.Stored {
				t.Errorf("%+v, %v", stored, err)
			}
		})
	}
	group.Wait()
	if keys := fake.Keys("videos"); !slices.Equal(keys, []string{objectkey.Manifest(job.Locator()), objectkey.Video(job.Locator())}) {
		t.Errorf("there are %v", keys)
	}
	object, _ := fake.Object("videos", objectkey.Video(job.Locator()))
	written, _, err := bucket.NewManifests(fake.Client(), "videos").Manifest(t.Context(), job.Locator())
	if err != nil || !bytes.Equal(object.Body, film) || written.Bytes != int64(len(film)) || written.Seconds != 5 || written.Width <= written.Height {
		t.Errorf("%d bytes, and the manifest %+v, %v", len(object.Body), written, err)
	}
	if open := fake.OpenUploads("videos"); len(open) != 0 {
		t.Errorf("open uploads of %v", open)
	}
}

func TestStoreOfADiscardedVideo(t *testing.T) {
	for _, test := range []struct {
		name       string
		generation provider.Generation
		err        error
		outcome    string
	}{
		{"done", provider.Generation{State: provider.Finished, URL: "https://cdn.example/1.mp4", Micros: 980_000}, nil, "Discarded"},
		{"done, without a URL", provider.Generation{State: provider.Finished}, nil, "Discarded"},
		{"ended by the provider", provider.Generation{State: provider.Failed}, nil, "GenerationFailed"},
		{"no answer", provider.Generation{}, &provider.Unanswered{Err: errors.New("502")}, "VideoUnavailable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(answer{id: "gen-1"})
			job, err := w.Run(t.Context(), bare())
			if err != nil {
				t.Fatal(err)
			}
			entry, version, _ := w.jobs.Get(t.Context(), "job-1")
			entry.DiscardedAt = w.clock.Now()
			if _, _, err := w.jobs.Update(t.Context(), entry, version); err != nil {
				t.Fatal(err)
			}
			w.provider.retrieve = func(string) (provider.Generation, error) { return test.generation, test.err }
			files := &copier{}
			storing := &store.Step{Providers: w.providers(), Jobs: w.jobs, Copier: files, Manifests: w.manifests, Now: w.clock.Now}
			_, err = storing.Run(t.Context(), job)
			if video.OutcomeName(err) != test.outcome || len(files.copied)+len(w.manifests) > 0 {
				t.Errorf("got %v, copied %v, stored %v", err, files.copied, w.manifests)
			}
			var discarded *video.Discarded
			if errors.As(err, &discarded) && (discarded.Micros != test.generation.Micros || discarded.GenerationID != "gen-1") {
				t.Errorf("it says %+v", discarded)
			}
		})
	}
}
