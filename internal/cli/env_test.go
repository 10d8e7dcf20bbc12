package cli

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/api/apitest"
)

// TestEnv gives what env prints to a shell, and asks the shell for the variables.
func TestEnv(t *testing.T) {
	w, f := withAPI(t)
	a := newFakeAWS(t, f)
	clear(w.environment)
	a.outputs["PromptsBucket"] = "it's a $(bucket)"
	if status := w.run(t.Context(), "env", "--stack", "takeup"); status != 0 {
		t.Fatalf("%d, %s", status, &w.err)
	}
	shell := exec.CommandContext(t.Context(), "sh", "-c",
		`eval "$1" && printf '%s\n' "$API_URL" "$TOKEN" "$PROMPTS_BUCKET" "$VIDEOS_BUCKET" "$STATE_MACHINE_ARN" "$AWS_REGION" "$API_ID"`, "sh", w.out.String())
	got, err := shell.Output()
	want := strings.Join([]string{a.URL + "/_aws/execute-api/abc/takeup", apitest.Token, "it's a $(bucket)", "videos",
		"arn:aws:states:eu-west-1:000000000000:stateMachine:text-to-video", "eu-west-1", "abc", ""}, "\n")
	if err != nil || string(got) != want {
		t.Errorf("got %v, %s, want %s", err, got, want)
	}
	w.out.Reset()
	if status := w.run(t.Context(), "env", "--stack", "takeup", "--json"); status != 0 || !strings.Contains(w.out.String(), `"VIDEOS_BUCKET": "videos"`) {
		t.Errorf("%d, %s", status, &w.out)
	}
}

func TestExport(t *testing.T) {
	var out strings.Builder
	if err := export(&out, []variable{{"A", "x y"}, {"B", ""}}); err != nil || out.String() != "export A='x y'\nunset B\n" {
		t.Errorf("got %v, %s", err, out.String())
	}
}

func TestEnvPath(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, path, want string }{
		{"takeup", "/bin", ""},
		{".takeup/bin/takeup", "/bin", here + "/.takeup/bin:/bin"},
		{"/opt/takeup", "/bin:/usr/bin", "/opt:/bin:/usr/bin"},
		{"/opt/takeup", "/bin:/opt", ""},
		{"go run ./cmd/takeup", "/bin", ""},
	} {
		w := &world{name: c.name, getenv: func(string) string { return c.path }}
		if got := w.path(); got != c.want {
			t.Errorf("%s with %s: got %q, want %q", c.name, c.path, got, c.want)
		}
	}
}
