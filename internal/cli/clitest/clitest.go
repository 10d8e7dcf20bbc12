// Package clitest has the shared parts of the commands' tests: an environment with a clock that
// only sleeping advances, a fake API, and golden files.
package clitest

import (
	"bytes"
	"context"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/api/apitest"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

// Update is the flag -update, which writes the golden files instead of comparing them.
var Update = flag.Bool("update", false, "write the golden files")

// Shell is an environment with a clock that only sleeping advances.
type Shell struct {
	*command.Env
	Out, Err bytes.Buffer
	Vars     map[string]string
	Slept    []time.Duration
}

// New returns a Shell with an empty environment.
func New(t *testing.T) *Shell {
	t.Helper()
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nothing.Close() })
	clock := apitest.Created
	w := &Shell{Vars: map[string]string{}}
	w.Env = &command.Env{
		Name: "takeup", In: nothing, Out: &w.Out, Err: &w.Err, HTTP: &http.Client{},
		Random: strings.NewReader(strings.Repeat("sixteen bytes ok", 4)),
		Getenv: func(name string) string { return w.Vars[name] },
		Now:    func() time.Time { return clock },
		Sleep: func(ctx context.Context, d time.Duration) error {
			w.Slept = append(w.Slept, d)
			clock = clock.Add(d)
			return context.Cause(ctx)
		},
	}
	return w
}

// Type makes the text the standard input.
func (w *Shell) Type(t *testing.T, text string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stdin")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	w.In = f
}

// WithAPI returns a Shell whose environment names a fake API, and that API.
func WithAPI(t *testing.T) (*Shell, *apitest.Server) {
	t.Helper()
	w, f := New(t), apitest.New(t, filepath.Join(Root(t), "docs", "openapi.yaml"))
	w.Vars["TAKEUP_URL"], w.Vars["TAKEUP_TOKEN"] = f.URL, apitest.Token
	t.Chdir(t.TempDir())
	return w, f
}

// Golden compares what commands printed with a file.
func Golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *Update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("got\n%s\nwant\n%s\n(go test -update writes it)", got, want)
	}
}

// Request returns a request with a prompt and the default model.
func Request(t *testing.T, prompt string) video.Request {
	t.Helper()
	r, err := catalogue.OfPrompt(all.Models(), prompt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Root returns the directory of go.mod.
func Root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("the test does not run in the repository")
		}
		dir = filepath.Dir(dir)
	}
}
