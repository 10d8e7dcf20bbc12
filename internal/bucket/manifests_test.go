package bucket_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/bucket/s3test"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

const videos = "videos"

// boat is the job of the sample.
var boat = video.Locator{ID: "job-1", CreatedAt: time.Date(2026, 8, 21, 10, 0, 0, 0, time.UTC)}

func sample(t *testing.T) video.Manifest {
	t.Helper()
	request, err := catalogue.Parse(all.Models(), []byte(`{"prompt": "a \"paper\" boat <crosses> a flooded street", "negative_prompt": "blur", "duration": "10", "ratio": "9:16", "cfg_scale": 0.5}`))
	if err != nil {
		t.Fatal(err)
	}
	created := boat.CreatedAt
	return video.Manifest{
		ID: boat.ID, Model: request.Model(), Request: request,
		GenerationID: "60ac7c34-3224-4b14-8e7d-0aa0db708325",
		Origin:       video.Origin{Trigger: video.TriggerAPI, Token: "alice"},
		CreatedAt:    created, SubmittedAt: created.Add(2 * time.Second), CompletedAt: created.Add(88 * time.Second),
		StoringAt: created.Add(89 * time.Second), StoredAt: created.Add(90*time.Second + 123*time.Millisecond), Polls: 4,
		Bytes: 1234567, CRC32: "y/Q5Jg==", Seconds: 10.041, Width: 720, Height: 1280,
		ChargedMicros: 980000, PipelineVersion: "1a2b3c4d5e6f",
	}
}

func TestShelf(t *testing.T) {
	fake := s3test.New(t)
	manifests, ctx := bucket.NewManifests(fake.Client(), videos), t.Context()
	if got, stored, err := manifests.Manifest(ctx, boat); err != nil || stored {
		t.Fatalf("before there is one: %+v, %v, %v", got, stored, err)
	}
	want := sample(t)
	if got, err := manifests.PutManifest(ctx, want); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("wrote %+v, %v", got, err)
	}
	got, stored, err := manifests.Manifest(ctx, boat)
	if err != nil || !stored || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, %v", got, stored, err)
	}

	second := want
	second.CRC32, second.StoredAt = "another", want.StoredAt.Add(time.Hour)
	if got, err := manifests.PutManifest(ctx, second); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("a second one: got %+v, %v", got, err)
	}
	if got, _, err := manifests.Manifest(ctx, boat); err != nil || got.CRC32 != want.CRC32 {
		t.Errorf("the second one took the first one's place: %+v, %v", got, err)
	}
	fake.Put(videos, objectkey.Video(boat), []byte("a video"))
	for _, picture := range []string{"the first", "the second"} {
		if err := manifests.PutPoster(ctx, boat, []byte(picture)); err != nil {
			t.Error(err)
		}
	}
	if got, _ := fake.Object(videos, objectkey.Poster(boat)); string(got.Body) != "the first" {
		t.Errorf("the poster is %q", got.Body)
	}
	for range 2 {
		if err := manifests.Remove(ctx, boat); err != nil {
			t.Error(err)
		}
	}
	if _, there := fake.Object(videos, objectkey.Video(boat)); there {
		t.Error("the video was not removed")
	}
	if _, there := fake.Object(videos, objectkey.Poster(boat)); there {
		t.Error("the poster was not removed")
	}
	if _, stored, err := manifests.Manifest(ctx, boat); err != nil || stored {
		t.Errorf("after it was removed: %v, %v", stored, err)
	}
	if got := manifests.Address(boat); got != "s3://videos/"+objectkey.Video(boat) {
		t.Errorf("address %s", got)
	}
}

// Programs other than Takeup read the manifest's JSON, so its form only changes
// deliberately.
func TestManifestJSON(t *testing.T) {
	fake := s3test.New(t)
	if _, err := bucket.NewManifests(fake.Client(), videos).PutManifest(t.Context(), sample(t)); err != nil {
		t.Fatal(err)
	}
	object, ok := fake.Object(videos, objectkey.Manifest(boat))
	if !ok || object.ContentType != "application/json" {
		t.Fatalf("stored: %v, as %q", ok, object.ContentType)
	}
	golden(t, "manifest.json", object.Body)
}

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; look at it and run the test with -update:\n%s\nwant:\n%s", path, got, want)
	}
}

func TestGarbledManifests(t *testing.T) {
	for _, body := range []string{"", "{", "[]", "null", "{}", `{"id":"another"}`, `{"id":"job-1","bytes":"many"}`} {
		fake := s3test.New(t)
		fake.Put(videos, objectkey.Manifest(boat), []byte(body))
		_, stored, err := bucket.NewManifests(fake.Client(), videos).Manifest(t.Context(), boat)
		if _, ok := err.(*video.ServiceUnavailable); !ok || stored {
			t.Errorf("%q is read as a manifest: %v, %v", body, stored, err)
		}
	}
}

func TestS3Failing(t *testing.T) {
	always := func(fault s3test.Fault) func(s3test.Call) s3test.Fault {
		return func(s3test.Call) s3test.Fault { return fault }
	}
	first := func(fault s3test.Fault) func(s3test.Call) s3test.Fault {
		return func(call s3test.Call) s3test.Fault {
			if call.Count == 1 {
				return fault
			}
			return s3test.Fault{}
		}
	}
	firstPut := func(fault s3test.Fault) func(s3test.Call) s3test.Fault {
		return func(call s3test.Call) s3test.Fault {
			if call.Op == "PutObject" && call.Count == 1 {
				return fault
			}
			return s3test.Fault{}
		}
	}
	denied, slow, cut := s3test.Fault{Status: 403, Code: "AccessDenied"}, s3test.Fault{Status: 503, Code: "SlowDown"}, s3test.Fault{Cut: true}
	for name, c := range map[string]struct {
		hook             func(s3test.Call) s3test.Fault
		readable, stored bool
	}{
		"denied":                 {hook: always(denied)},
		"503 always":             {hook: always(slow)},
		"cut always":             {hook: always(cut)},
		"no bucket":              {hook: always(s3test.Fault{Status: 404, Code: "NoSuchBucket"})},
		"503 once":               {hook: first(slow), readable: true, stored: true},
		"cut once":               {hook: first(cut), readable: true, stored: true},
		"503 after it took":      {hook: first(s3test.Fault{After: true, Status: 503, Code: "SlowDown"}), readable: true, stored: true},
		"409":                    {hook: always(s3test.Fault{Status: 409, Code: "ConditionalRequestConflict"})},
		"412, and there is none": {hook: firstPut(s3test.Fault{Status: 412, Code: "PreconditionFailed"})},
		"412 after it took":      {hook: firstPut(s3test.Fault{After: true, Status: 412, Code: "PreconditionFailed"}), readable: true, stored: true},
		"body cut when read":     {hook: always(s3test.Fault{CutBody: true}), stored: true},
	} {
		t.Run(name, func(t *testing.T) {
			fake := s3test.New(t)
			manifests := bucket.NewManifests(fake.Client(), videos)
			fake.Fail(c.hook)
			if _, err := manifests.PutManifest(t.Context(), sample(t)); (err == nil) != c.stored {
				t.Errorf("put: %v", err)
			} else if _, ok := err.(*video.ServiceUnavailable); err != nil && !ok {
				t.Errorf("put: %T: %v", err, err)
			}
			_, stored, err := manifests.Manifest(t.Context(), boat)
			if (err == nil && stored) != c.readable {
				t.Errorf("get: %v, %v", stored, err)
			} else if _, ok := err.(*video.ServiceUnavailable); err != nil && !ok {
				t.Errorf("get: %T: %v", err, err)
			}
		})
	}
}

// An interrupted removal leaves no manifest without its video.
func TestRemovalInTrouble(t *testing.T) {
	for name, refused := range map[string]string{"the manifest": objectkey.Manifest(boat), "the poster": objectkey.Poster(boat), "the video": objectkey.Video(boat)} {
		fake := s3test.New(t)
		manifests := bucket.NewManifests(fake.Client(), videos)
		if _, err := manifests.PutManifest(t.Context(), sample(t)); err != nil {
			t.Fatal(err)
		}
		fake.Put(videos, objectkey.Video(boat), []byte("a video"))
		fake.Fail(func(call s3test.Call) s3test.Fault {
			if call.Op == "DeleteObject" && call.Key == refused {
				return s3test.Fault{Status: 403, Code: "AccessDenied"}
			}
			return s3test.Fault{}
		})
		err := manifests.Remove(t.Context(), boat)
		if _, ok := err.(*video.ServiceUnavailable); !ok || !strings.Contains(err.Error(), refused) {
			t.Errorf("%s can't be removed: %v", name, err)
		}
		if _, there := fake.Object(videos, objectkey.Video(boat)); !there {
			t.Errorf("%s can't be removed, and the video is gone", name)
		}
	}
}

func TestPosterInTrouble(t *testing.T) {
	fake := s3test.New(t)
	manifests := bucket.NewManifests(fake.Client(), videos)
	fake.Fail(func(s3test.Call) s3test.Fault { return s3test.Fault{Status: 403, Code: "AccessDenied"} })
	for doing, err := range map[string]error{
		"stored": manifests.PutPoster(t.Context(), boat, []byte("a picture")), "removed": manifests.RemovePoster(t.Context(), boat),
	} {
		if unavailable := (*video.ServiceUnavailable)(nil); !errors.As(err, &unavailable) {
			t.Errorf("it can't be %s: %v", doing, err)
		}
	}
}

// A manifest is forgotten completely or not at all, and concurrent changes survive.
func TestForget(t *testing.T) {
	whole := sample(t)
	hash, at := whole.Request.Hash(), whole.StoredAt.Add(time.Hour)
	for name, c := range map[string]struct {
		fault     s3test.Fault
		meanwhile func(*testing.T, *bucket.Manifests) // runs before the write
		fails     bool
	}{
		"undisturbed":     {},
		"the answer lost": {fault: s3test.Fault{After: true, Cut: true}},
		"503 once":        {fault: s3test.Fault{Status: 503, Code: "SlowDown"}},
		"409 once":        {fault: s3test.Fault{Status: 409, Code: "ConditionalRequestConflict"}},
		"denied":          {fault: s3test.Fault{Status: 403, Code: "AccessDenied"}, fails: true},
		"removed meanwhile": {meanwhile: func(t *testing.T, s *bucket.Manifests) {
			if err := s.Remove(t.Context(), boat); err != nil {
				t.Error(err)
			}
		}},
		"forgotten meanwhile": {meanwhile: func(t *testing.T, s *bucket.Manifests) {
			if err := s.Forget(t.Context(), boat, hash, at); err != nil {
				t.Error(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			fake := s3test.New(t)
			manifests := bucket.NewManifests(fake.Client(), videos)
			if err := manifests.Forget(t.Context(), boat, hash, at); err != nil {
				t.Errorf("where there is none: %v", err)
			}
			if _, err := manifests.PutManifest(t.Context(), whole); err != nil {
				t.Fatal(err)
			}
			once := false
			fake.Fail(func(call s3test.Call) s3test.Fault {
				if call.Op != "PutObject" || once {
					return s3test.Fault{}
				}
				once = true
				if c.meanwhile != nil {
					c.meanwhile(t, manifests)
				}
				return c.fault
			})
			err := manifests.Forget(t.Context(), boat, hash, at)
			got, stored, readErr := manifests.Manifest(t.Context(), boat)
			switch {
			case readErr != nil, (err != nil) != c.fails:
				t.Errorf("%v; read: %v", err, readErr)
			case c.fails && !reflect.DeepEqual(got, whole):
				t.Errorf("left %+v", got)
			case name == "removed meanwhile" && stored:
				t.Error("it is there again")
			case c.fails || name == "removed meanwhile":
			case !reflect.DeepEqual(got, whole.Forget(hash, at)) || got.Request.Prompt() != "" || got.RequestHash != hash:
				t.Errorf("left %+v", got)
			}
		})
	}
}

// Two concurrent stores of a video leave one manifest, and neither fails.
func TestTwoAtOnce(t *testing.T) {
	fake := s3test.New(t)
	manifests := bucket.NewManifests(fake.Client(), videos)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if _, err := manifests.PutManifest(t.Context(), sample(t)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if _, stored, err := manifests.Manifest(t.Context(), boat); err != nil || !stored {
		t.Errorf("%v, %v", stored, err)
	}
}
