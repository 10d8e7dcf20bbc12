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
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/providers"
	"github.com/takeup/takeup/internal/video"
)

var update = flag.Bool("update", false, "write the golden files")

// testWorld has a clock that only sleeping moves.
type testWorld struct {
	*world
	out, err    bytes.Buffer
	environment map[string]string
	slept       []time.Duration
}

func newTestWorld(t *testing.T) *testWorld {
	t.Helper()
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nothing.Close() })
	clock := apitest.Created
	w := &testWorld{environment: map[string]string{}}
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
func (w *testWorld) types(t *testing.T, text string) {
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

// withAPI is a world in which the environment names a fake API.
func withAPI(t *testing.T) (*testWorld, *apitest.Server) {
	t.Helper()
	spec, err := filepath.Abs("../../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w, f := newTestWorld(t), apitest.New(t, spec)
	w.environment["TAKEUP_URL"], w.environment["TAKEUP_TOKEN"] = f.URL, apitest.Token
	t.Chdir(t.TempDir())
	return w, f
}

// run types a command line, and gives its exit status.
func (w *testWorld) run(ctx context.Context, args ...string) int {
	err := command(ctx, w.world, args)
	if err != nil {
		w.complain(err)
	}
	return exitStatus(err, ctx.Err() != nil)
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
		t.Errorf("got\n%s\nwant\n%s\n(go test ./cmd/takeup -update writes it)", got, want)
	}
}

func request(t *testing.T, prompt string) video.Request {
	t.Helper()
	r, err := catalogue.OfPrompt(providers.Models(), prompt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
