package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/video"
)

func orderOf(t *testing.T, prompt string) order {
	t.Helper()
	request, err := video.NewRequest(prompt)
	if err != nil {
		t.Fatal(err)
	}
	return order{request: request, out: t.TempDir(), bucket: "videos", expect: 10 * time.Second, interval: 2 * time.Second, free: true}
}

func TestGenerate(t *testing.T) {
	f, w := newFakeAPI(t), newTestWorld(t)
	f.posts = []answer{posted()}
	f.gets = []answer{got("queued"), got("queued"), got("generating"), got("generating"), got("a new word"), f.completed()}
	f.videos = []http.HandlerFunc{serveVideo("a video")}
	o := orderOf(t, `costs $5, "quoted"`)
	looks := 0
	o.storing = func(context.Context, string) bool { looks++; return looks > 1 }

	a := &api{world: w.world, base: f.URL, token: token}
	id, err := a.generate(t.Context(), o)
	if err != nil || id != "api-1" {
		t.Fatalf("got %q, %v", id, err)
	}
	path := filepath.Join(o.out, "api-1.mp4")
	if content, err := os.ReadFile(path); err != nil || string(content) != "a video" {
		t.Errorf("the file has %q, %v", content, err)
	}
	want := `job api-1: kling-video/v1/pro/text-to-video 5s
   0.0 s  queued
   4.0 s  generating
   6.0 s  storing
   8.0 s  a new word
  10.0 s  storing
  10.0 s  done
video  ` + path + `, 7 bytes
S3     s3://videos/videos/api-1/video.mp4
time   10.0 s
cost   0.56 USD (1120000 credits), by the stand-in: nobody paid
`
	if w.text.String() != want {
		t.Errorf("it told\n%s\nwant\n%s", w.text, want)
	}
	first := f.calls[0]
	if first.method != "POST" || first.path != "/v2/video/generations" || first.body["prompt"] != `costs $5, "quoted"` || len(first.key) != 32 {
		t.Errorf("it sent %+v", first)
	}
	if f.calls[1].path != "/v2/video/generations?generation_id=api-1" {
		t.Errorf("it asked %s", f.calls[1].path)
	}
	noPart(t, o.out)
}

// noPart holds that nothing half-made is left.
func noPart(t *testing.T, dir string) {
	t.Helper()
	parts, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(parts) > 0 {
		t.Errorf("left behind: %v, %v", parts, err)
	}
}

func TestGenerateFails(t *testing.T) {
	for _, test := range []struct {
		name        string
		posts, gets []answer
		videos      []http.HandlerFunc
		token       string
		want        []string
		id          string
		exit        int
		calls       int
	}{
		{
			name:  "refused fields",
			posts: []answer{{status: 400, body: `{"message":["duration is 7; it takes 5 or 10","cfg_scale is 2"],"statusCode":400}`}},
			want:  []string{"(400)", "duration is 7; it takes 5 or 10\n  cfg_scale is 2"}, exit: exitUsage, calls: 1,
		},
		{
			name:  "a wrong token",
			token: "another", want: []string{"(401)", "The token is missing or wrong."}, exit: exitFailed,
		},
		{
			name:  "no error shape",
			posts: []answer{{status: 403, body: `<html>`}},
			want:  []string{"(403)", "is that the address of Takeup's API?"}, exit: exitFailed, calls: 1,
		},
		{
			name:  "trouble that stays",
			posts: []answer{{status: 503, body: `{"message":"try again","statusCode":503}`}},
			want:  []string{"(503)", "try again"}, exit: exitFailed, calls: attempts,
		},
		{
			name:  "another server",
			posts: []answer{{status: 200, body: `{"id":"../../etc/passwd","status":"queued"}`}},
			want:  []string{"no usable id", "is it Takeup's API?"}, exit: exitFailed, calls: 1,
		},
		{
			name:  "an ending",
			posts: []answer{posted()},
			gets: []answer{got("generating"), {status: 200, body: `{"id":"api-1","status":"error","video":null,
				"error":{"name":"OutOfCredits","message":"top it up, then redrive the job"},"meta":null}`}},
			want: []string{"job api-1 ended with OutOfCredits: top it up, then redrive the job"}, id: "api-1", exit: exitFailed, calls: 3,
		},
		{
			name:   "a download that breaks off each time",
			posts:  []answer{posted()},
			gets:   []answer{},
			videos: []http.HandlerFunc{brokenVideo},
			want:   []string{"downloading the video", "unexpected EOF"}, id: "api-1", exit: exitFailed, calls: 1 + attempts,
		},
		{
			name:   "a file that is gone",
			posts:  []answer{posted()},
			videos: []http.HandlerFunc{http.NotFound},
			want:   []string{"S3 answered 404"}, id: "api-1", exit: exitFailed, calls: 1 + attempts,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, w := newFakeAPI(t), newTestWorld(t)
			f.posts, f.gets, f.videos = test.posts, test.gets, test.videos
			if len(f.gets) == 0 {
				f.gets = []answer{f.completed()}
			}
			a := &api{world: w.world, base: f.URL, token: token}
			if test.token != "" {
				a.token = test.token
			}
			o := orderOf(t, "a paper boat")
			id, err := a.generate(t.Context(), o)
			if err == nil {
				t.Fatal("it worked")
			}
			for _, words := range test.want {
				if !strings.Contains(strings.ReplaceAll(err.Error(), f.URL, "it"), words) {
					t.Errorf("it says %q, without %q", err, words)
				}
			}
			if strings.Contains(err.Error(), "signature") {
				t.Errorf("a signed URL is in %q", err)
			}
			if id != test.id {
				t.Errorf("the id is %q, want %q", id, test.id)
			}
			if got := exitStatus(err, false); got != test.exit {
				t.Errorf("the exit status is %d, want %d", got, test.exit)
			}
			if len(f.calls) != test.calls {
				t.Errorf("it made %d calls, want %d", len(f.calls), test.calls)
			}
			for _, made := range f.calls {
				if made.method == "POST" && made.key != f.calls[0].key {
					t.Error("an attempt has another Idempotency-Key: it would be paid again")
				}
			}
			noPart(t, o.out)
		})
	}
}

func TestGenerateGoesOnAfterTrouble(t *testing.T) {
	f, w := newFakeAPI(t), newTestWorld(t)
	busy := answer{status: 429, body: `{"message":"Too Many Requests"}`, header: map[string]string{"Retry-After": "7"}}
	f.posts = []answer{busy, {status: 502, body: "x"}, posted()}
	f.gets = []answer{{status: 200, body: "no JSON"}, f.completed()}
	f.videos = []http.HandlerFunc{brokenVideo, serveVideo("a video")}
	a := &api{world: w.world, base: f.URL, token: token}
	if _, err := a.generate(t.Context(), orderOf(t, "a paper boat")); err != nil {
		t.Fatal(err)
	}
	if want := []time.Duration{7 * time.Second, 2 * time.Second, time.Second, time.Second}; !slices.Equal(w.slept, want) {
		t.Errorf("it slept %v, want %v", w.slept, want)
	}
}

func TestGenerateInterrupted(t *testing.T) {
	f, w := newFakeAPI(t), newTestWorld(t)
	f.posts, f.gets = []answer{posted()}, []answer{got("generating")}
	ctx, cancel := context.WithCancel(t.Context())
	w.sleep = func(ctx context.Context, _ time.Duration) error { cancel(); return context.Cause(ctx) }
	a := &api{world: w.world, base: f.URL, token: token}
	id, err := a.generate(ctx, orderOf(t, "a paper boat"))
	if id != "api-1" || !errors.Is(err, context.Canceled) || exitStatus(err, true) != exitInterrupted {
		t.Errorf("got %q, %v", id, err)
	}
}

func TestDownloadTakesNoOthersName(t *testing.T) {
	f, w := newFakeAPI(t), newTestWorld(t)
	f.videos = []http.HandlerFunc{serveVideo("a video")}
	path := filepath.Join(t.TempDir(), "deeper", "v.mp4")
	for range 2 { // the second finds its own file
		if size, err := w.download(t.Context(), f.URL+"/video", path); err != nil || size != 7 {
			t.Fatalf("got %d, %v", size, err)
		}
	}
	if err := os.WriteFile(path, []byte("another video"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := w.download(t.Context(), f.URL+"/video", path)
	var taken *occupied
	if !errors.As(err, &taken) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "another video" {
		t.Errorf("the other file has %q, %v", content, err)
	}
	noPart(t, filepath.Dir(path))
}
