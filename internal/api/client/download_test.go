package client_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/api/apitest"
	"github.com/takeup/takeup/internal/api/client"
)

const content = "a video of more than a few bytes"

// files returns the names in a directory.
func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func read(t *testing.T, path string) string {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

func TestDownload(t *testing.T) {
	for _, test := range []struct {
		name   string
		serve  []http.HandlerFunc
		part   string   // left by an earlier download
		ranges []string // asked for
		wrong  string
		left   string // beside the file
	}{
		{name: "whole", serve: []http.HandlerFunc{apitest.File(content)}, ranges: []string{""}},
		{
			name:   "broken off, twice",
			serve:  []http.HandlerFunc{apitest.Broken(content, 5), apitest.Broken(content, 6), apitest.File(content)},
			ranges: []string{"", "bytes=5-", "bytes=11-"},
		},
		{name: "gone on from an earlier one", part: content[:9], serve: []http.HandlerFunc{apitest.File(content)}, ranges: []string{"bytes=9-"}},
		{name: "an earlier one that was all but named", part: content, serve: []http.HandlerFunc{http.NotFound}},
		{name: "an earlier one of another file", part: "another", serve: []http.HandlerFunc{apitest.File(content)}, ranges: []string{"bytes=7-", ""}},
		{name: "an earlier one that is too long", part: content + "!", serve: []http.HandlerFunc{apitest.File(content)}, ranges: []string{""}},
		{name: "a server without ranges", part: content[:9], serve: []http.HandlerFunc{apitest.Answer(200, content)}, ranges: []string{"bytes=9-"}},
		{name: "not found", serve: []http.HandlerFunc{http.NotFound}, wrong: "S3 answered 404", ranges: slices.Repeat([]string{""}, client.Attempts)},
		{
			name: "always broken", serve: []http.HandlerFunc{apitest.Broken(content, 1)}, wrong: "unexpected EOF", left: content[:5],
			ranges: []string{"", "bytes=1-", "bytes=2-", "bytes=3-", "bytes=4-"},
		},
		{name: "too short", serve: []http.HandlerFunc{apitest.Answer(200, "short")}, wrong: "ended after", left: "short", ranges: []string{"", "bytes=5-", "bytes=5-", "bytes=5-", "bytes=5-"}},
		{name: "too long", serve: []http.HandlerFunc{apitest.Answer(200, content+"!!!")}, wrong: "has 33 bytes, and its manifest says 32", ranges: slices.Repeat([]string{""}, client.Attempts)},
		{name: "other bytes", serve: []http.HandlerFunc{apitest.Answer(200, strings.ToUpper(content))}, wrong: "and its manifest says", ranges: slices.Repeat([]string{""}, client.Attempts)},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, c, _ := start(t)
			request, dir := boat(t), t.TempDir()
			done := f.Done("a", request, content)
			f.Add("a", request, done)
			var ranges []string
			var handlers []http.HandlerFunc
			for _, serve := range test.serve {
				handlers = append(handlers, func(w http.ResponseWriter, r *http.Request) {
					ranges = append(ranges, r.Header.Get("Range"))
					serve(w, r)
				})
			}
			f.Serve("a", handlers...)
			if test.part != "" {
				if err := os.WriteFile(filepath.Join(dir, ".a.mp4.part"), []byte(test.part), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			path := filepath.Join(dir, "a.mp4")
			seen := int64(0)
			fetched, err := c.Download(t.Context(), client.Download{Video: done, Path: path, Progress: func(n, total int64) { seen = n }})
			if !slices.Equal(ranges, test.ranges) {
				t.Errorf("it asked for %q, want %q", ranges, test.ranges)
			}
			if test.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), test.wrong) || strings.Contains(err.Error(), apitest.Signature) {
					t.Errorf("got %v", err)
				}
				if test.left == "" && len(files(t, dir)) > 0 || test.left != "" && read(t, filepath.Join(dir, ".a.mp4.part")) != test.left {
					t.Errorf("left behind: %v", files(t, dir))
				}
				return
			}
			if err != nil || !fetched || read(t, path) != content || !slices.Equal(files(t, dir), []string{"a.mp4"}) {
				t.Errorf("got %v, %v; there are %v", fetched, err, files(t, dir))
			}
			if len(ranges) > 0 && seen != int64(len(content)) {
				t.Errorf("it told of %d bytes", seen)
			}
		})
	}
}

func TestDownloadKeepsOtherFiles(t *testing.T) {
	f, c, _ := start(t)
	request := boat(t)
	done := f.Done("a", request, content)
	path := filepath.Join(t.TempDir(), "deeper", "v.mp4")
	for i := range 2 { // the second finds its own file
		if fetched, err := c.Download(t.Context(), client.Download{Video: done, Path: path}); err != nil || fetched != (i == 0) {
			t.Fatalf("got %v, %v", fetched, err)
		}
	}
	if err := os.WriteFile(path, []byte("another video"), 0o600); err != nil {
		t.Fatal(err)
	}
	var taken *client.Occupied
	if _, err := c.Download(t.Context(), client.Download{Video: done, Path: path}); !errors.As(err, &taken) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	if read(t, path) != "another video" {
		t.Error("the other file was changed")
	}
	if fetched, err := c.Download(t.Context(), client.Download{Video: done, Path: path, Force: true}); err != nil || !fetched || read(t, path) != content {
		t.Errorf("with force: %v, %v", fetched, err)
	}
	if got := files(t, filepath.Dir(path)); !slices.Equal(got, []string{"v.mp4"}) {
		t.Errorf("left behind: %v", got)
	}
}

func TestDownloadLocked(t *testing.T) {
	f, c, _ := start(t)
	request := boat(t)
	done := f.Done("a", request, content)
	path := filepath.Join(t.TempDir(), "a.mp4")
	f.Serve("a", func(w http.ResponseWriter, r *http.Request) {
		var busy *client.Downloading
		if _, err := c.Download(t.Context(), client.Download{Video: done, Path: path}); !errors.As(err, &busy) {
			t.Errorf("a second one at the same time: %v", err)
		}
		apitest.File(content)(w, r)
	})
	if _, err := c.Download(t.Context(), client.Download{Video: done, Path: path}); err != nil {
		t.Error(err)
	}
}

func TestDownloadInterrupted(t *testing.T) {
	f, c, _ := start(t)
	request, dir := boat(t), t.TempDir()
	done := f.Done("a", request, content)
	ctx, cancel := context.WithCancel(t.Context())
	f.Serve("a", apitest.Broken(content, 5), apitest.File(content))
	_, err := c.Download(ctx, client.Download{Video: done, Path: filepath.Join(dir, "a.mp4"), Progress: func(int64, int64) { cancel() }})
	if err == nil || !slices.Equal(files(t, dir), []string{".a.mp4.part"}) {
		t.Errorf("got %v, left %v", err, files(t, dir))
	}
	if _, err := c.Download(t.Context(), client.Download{Video: done, Path: filepath.Join(dir, "a.mp4")}); err != nil || read(t, filepath.Join(dir, "a.mp4")) != content {
		t.Errorf("again: %v", err)
	}
}

// If the file is gone, the API says why, and the download is not repeated.
func TestDownloadOfRemovedVideo(t *testing.T) {
	f, c, _ := start(t)
	request, dir := boat(t), t.TempDir()
	done := f.Done("a", request, content)
	f.Add("a", request, done)
	f.TakeOut("a")
	_, err := c.Download(t.Context(), client.Download{Video: done, Path: filepath.Join(dir, "a.mp4")})
	var refused *client.Refused
	if !errors.As(err, &refused) || !refused.State() || !strings.Contains(err.Error(), "taken out of the bucket") || len(f.Calls()) != 1 {
		t.Errorf("got %v, by %v", err, f.Calls())
	}
	if left := files(t, dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
