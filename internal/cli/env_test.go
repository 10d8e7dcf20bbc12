package cli

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/api/apitest"
)

// TestEnv passes the output of env to a shell, and asks the shell for the variables.
func TestEnv(t *testing.T) {
	w, f := withAPI(t)
	a := newFakeAWS(t, f)
	clear(w.Vars)
	a.outputs["PromptsBucket"] = "it's a $(bucket)"
	if status := w.run(t.Context(), "env", "--stack", "takeup"); status != 0 {
		t.Fatalf("%d, %s", status, &w.Err)
	}
	shell := exec.CommandContext(t.Context(), "sh", "-c",
		`eval "$1" && printf '%s\n' "$API_URL" "$TOKEN" "$PROMPTS_BUCKET" "$VIDEOS_BUCKET" "$STATE_MACHINE_ARN" "$AWS_REGION" "$API_ID"`, "sh", w.Out.String())
	got, err := shell.Output()
	want := strings.Join([]string{a.URL + "/_aws/execute-api/abc/takeup", apitest.Token, "it's a $(bucket)", "videos",
		"arn:aws:states:eu-west-1:000000000000:stateMachine:text-to-video", "eu-west-1", "abc", ""}, "\n")
	if err != nil || string(got) != want {
		t.Errorf("got %v, %s, want %s", err, got, want)
	}
	w.Out.Reset()
	if status := w.run(t.Context(), "env", "--stack", "takeup", "--json"); status != 0 || !strings.Contains(w.Out.String(), `"VIDEOS_BUCKET": "videos"`) {
		t.Errorf("%d, %s", status, &w.Out)
	}
}
