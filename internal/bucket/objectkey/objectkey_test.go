package objectkey_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/video"
)

// boat is a job.
var boat = video.Locator{ID: "a", CreatedAt: time.Date(2026, 8, 21, 12, 0, 0, 250e6, time.UTC)}

const form = "file-abcdefghijklmnopqrstuvwxyz"

func TestKeys(t *testing.T) {
	for got, want := range map[string]string{
		objectkey.Video(boat):              "videos/a/video.mp4",
		objectkey.Manifest(boat):           "videos/a/video.json",
		objectkey.Poster(boat):             "videos/a/poster.webp",
		objectkey.Upload(form, "txt"):      "uploads/" + form + ".txt",
		objectkey.Rejection("a b.txt"):     "rejected/a b.txt.json",
		objectkey.Rejection("in/boat.txt"): "rejected/in/boat.txt.json",

		objectkey.Rejection(strings.Repeat("x", 1024-14)): "rejected/" + strings.Repeat("x", 1024-14) + ".json",
		objectkey.Rejection(strings.Repeat("x", 1024-13)): "rejected/" + strings.Repeat("x", 977) + "~0a5c61342c8d5efd8597c2f8d0d0fc9d.json",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// again rebuilds the key of a parsed one; false for one that was cut.
func again(k objectkey.Key) (string, bool) {
	switch k.Kind {
	case objectkey.KindVideo:
		return objectkey.Video(k.Job), true
	case objectkey.KindManifest:
		return objectkey.Manifest(k.Job), true
	case objectkey.KindPoster:
		return objectkey.Poster(k.Job), true
	case objectkey.KindUpload:
		return objectkey.Upload(k.Name, k.Extension), true
	}
	return objectkey.Rejection(k.File), !k.Cut
}

func TestParse(t *testing.T) {
	for key, want := range map[string]objectkey.Key{
		"videos/a/video.mp4":             {Kind: objectkey.KindVideo, Job: video.Locator{ID: "a"}},
		"videos/a-b_9/video.json":        {Kind: objectkey.KindManifest, Job: video.Locator{ID: "a-b_9"}},
		"videos/a/poster.webp":           {Kind: objectkey.KindPoster, Job: video.Locator{ID: "a"}},
		"uploads/" + form + ".txt":       {Kind: objectkey.KindUpload, Name: form, Extension: "txt"},
		"uploads/" + form + ".json":      {Kind: objectkey.KindUpload, Name: form, Extension: "json"},
		"rejected/boat.txt.json":         {Kind: objectkey.KindRejection, File: "boat.txt"},
		"rejected/videos/a/video.json":   {Kind: objectkey.KindRejection, File: "videos/a/video"},
		"rejected/uploads/a/b/c.json":    {Kind: objectkey.KindRejection, File: "uploads/a/b/c"},
		"rejected/a.json.json":           {Kind: objectkey.KindRejection, File: "a.json"},
		"rejected/" + form + ".txt.json": {Kind: objectkey.KindRejection, File: form + ".txt"},
	} {
		if got, ok := objectkey.Parse(key); !ok || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", key, got, ok, want)
		}
	}
	for _, key := range []string{
		"", "video.mp4", "videos/", "videos/a", "videos/a/", "videos/a/video.mp4/", "videos/a/b/video.mp4", "videos//video.mp4",
		"videos/a/other", "videos/a b/video.mp4", "videos/" + strings.Repeat("x", 71) + "/video.mp4", "/videos/a/video.mp4", "a/video.mp4",
		"uploads/", "uploads/a.txt", "uploads/file-abc.txt", "uploads/" + form, "uploads/" + form + ".exe", "uploads/" + form + ".txt.txt",
		"uploads/x/" + form + ".txt", strings.ToUpper("uploads/" + form + ".txt"), "rejected/", "rejected/.json", "rejected/a.txt",
		"rejected/" + strings.Repeat("x", 1024) + ".json",
	} {
		if got, ok := objectkey.Parse(key); ok {
			t.Errorf("%q is taken for %+v", key, got)
		}
		if objectkey.IsUpload(key) {
			t.Errorf("%q is taken for an upload", key)
		}
	}
	if !objectkey.IsUpload(objectkey.Upload(form, "json")) {
		t.Error("the key of an upload is taken for none")
	}
}

func TestParseOfACutKey(t *testing.T) {
	for _, file := range []string{strings.Repeat("x", 1024), strings.Repeat("日", 341), strings.Repeat("𝄞", 256)} {
		key := objectkey.Rejection(file)
		got, ok := objectkey.Parse(key)
		if !ok || !got.Cut || len(key) > 1024 || !utf8.ValidString(key) || !strings.HasPrefix(file, got.File[:len(got.File)-33]) {
			t.Errorf("%d bytes: got %+v, %v", len(file), got, ok)
		}
	}
	if objectkey.Rejection(strings.Repeat("x", 1024)) == objectkey.Rejection(strings.Repeat("x", 1023)+"y") {
		t.Error("two files have one rejection")
	}
}

// FuzzParse checks that a parsed key can be rebuilt, and that every key that is built
// parses.
func FuzzParse(f *testing.F) {
	for _, key := range []string{
		"videos/a/video.mp4", "videos/a/video.json", "uploads/" + form + ".txt", "rejected/boat.txt.json", "rejected/" + strings.Repeat("日", 341), "videos/../video.mp4",
	} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if parsed, ok := objectkey.Parse(key); ok {
			if got, whole := again(parsed); whole && got != key {
				t.Errorf("%q is taken apart as %+v, which is %q", key, parsed, got)
			}
		}
		if video.ValidID(key) {
			job := video.Locator{ID: key, CreatedAt: boat.CreatedAt}
			for _, made := range []string{objectkey.Video(job), objectkey.Manifest(job)} {
				if parsed, ok := objectkey.Parse(made); !ok || parsed.Job.ID != key {
					t.Errorf("%q is taken apart as %+v, %v", made, parsed, ok)
				}
			}
		}
		// S3 allows no other keys.
		if key == "" || len(key) > 1024 || !utf8.ValidString(key) {
			return
		}
		made := objectkey.Rejection(key)
		parsed, ok := objectkey.Parse(made)
		if !ok || parsed.Kind != objectkey.KindRejection || len(made) > 1024 || !utf8.ValidString(made) || !parsed.Cut && parsed.File != key {
			t.Errorf("the rejection of %q is %q, and taken apart as %+v, %v", key, made, parsed, ok)
		}
	})
}
