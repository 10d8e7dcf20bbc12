package cli

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
	"github.com/takeup/takeup/internal/video"
)

var update = flag.Bool("update", false, "write the golden files")

// testEnv has a clock that only sleeping moves.
type testEnv struct {
	*world
	out, err    bytes.Buffer
	environment map[string]string
	slept       []time.Duration
}

func newTestEnv(t *testing.T) *testEnv {
	t.Helper()
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nothing.Close() })
	clock := apitest.Created
	w := &testEnv{environment: map[string]string{}}
	w.world = &world{
		name: "takeup", in: nothing, out: &w.out, err: &w.err, http: &http.Client{},
		random: strings.NewReader(strings.Repeat("sixteen bytes ok", 4)),
		getenv: func(name string) string { return w.environment[name] },
		now:    func() time.Time { return clock },
		sleep: func(ctx context.Context, d time.Duration) error {
			w.slept = append(w.slept, d)
			clock = clock.Add(d)
			return context.Cause(ctx)
		},
	}
	return w
}

// type has something on standard input.
func (w *testEnv) types(t *testing.T, text string) {
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
	w.in = f
}

// newTestEnvWithAPI is a world in which the environment names a fake API.
func newTestEnvWithAPI(t *testing.T) (*testEnv, *apitest.Server) {
	t.Helper()
	w, f := newTestEnv(t), apitest.New(t, filepath.Join(repositoryRoot(t), "docs", "openapi.yaml"))
	w.environment["TAKEUP_URL"], w.environment["TAKEUP_TOKEN"] = f.URL, apitest.Token
	t.Chdir(t.TempDir())
	return w, f
}

// golden holds what commands printed against a file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
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
		t.Errorf("got\n%s\nwant\n%s\n(go test ./internal/cli -update writes it)", got, want)
	}
}

func request(t *testing.T, prompt string) video.Request {
	t.Helper()
	r, err := video.NewRequest(prompt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// repositoryRoot is the directory of go.mod.
func repositoryRoot(t *testing.T) string {
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
