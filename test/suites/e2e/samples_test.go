package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// testSamples runs the provider's sample clients. Only the base URL, the key and the poll
// interval are changed. Each gets its video.
func (w *world) testSamples(t *testing.T) {
	python, err := filepath.Abs("../../../.tools/schemathesis/bin/python") // its packages include requests
	if err != nil {
		t.Fatal(err)
	}
	for file, program := range map[string]string{"sample.py": python, "sample.mjs": "node", "sample.sh": "bash"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			source, err := os.ReadFile(filepath.Join("samples", file))
			if err != nil {
				t.Fatal(err)
			}
			text := string(source)
			for old, changed := range map[string]string{
				"https://api.aimlapi.com": w.stack.API, "<YOUR_AIMLAPI_KEY>": w.stack.Token,
				"SECONDS_BETWEEN_POLLS = 15": "SECONDS_BETWEEN_POLLS = 0.3", "SECONDS_BETWEEN_POLLS=15": "SECONDS_BETWEEN_POLLS=0.3",
			} {
				text = strings.Replace(text, old, changed, 1)
			}
			changed, video := filepath.Join(t.TempDir(), file), filepath.Join(t.TempDir(), "video.mp4")
			if err := os.WriteFile(changed, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			said, err := exec.CommandContext(t.Context(), program, changed, w.prompt("a sample, in "+file), video).CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, strings.ReplaceAll(string(said), w.stack.Token, "TOKEN"))
			}
			job := strings.TrimSpace(string(said))
			w.stored(t, job)
			if got, err := os.ReadFile(video); err != nil || !bytes.Equal(got, w.served(t, job)) {
				t.Errorf("it got %d bytes, %v", len(got), err)
			}
		})
	}
}
