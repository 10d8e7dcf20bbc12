package browser

import (
	"bytes"
	"context"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBrowserEnvironment holds what tools/chromium/chromium does against crashes at the start. The
// C library moves the environment, and frees the memory where it was, when a process adds its second
// variable.
func TestBrowserEnvironment(t *testing.T) {
	compiler, err := exec.CommandContext(t.Context(), "go", "env", "CC").Output()
	if err != nil {
		t.Fatal(err)
	}
	library := filepath.Join(t.TempDir(), "setenv.so")
	words := append(strings.Fields(string(compiler)), "-shared", "-fPIC", "-o", library, "testdata/setenv.c")
	if out, err := exec.CommandContext(t.Context(), words[0], words[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var output bytes.Buffer
	t.Run("a text", func(t *testing.T) { // at whose end the browser has ended
		browser := newBrowser(t, chromedp.Env("LD_PRELOAD="+library), chromedp.CombinedOutput(&output))
		ctx, cancel := context.WithTimeout(browser, waitLimit)
		defer cancel()
		if err := chromedp.Do(ctx, chromedp.Navigate("data:text/html,text")); err != nil {
			t.Fatal(err)
		}
		if _, err := chromedp.Run(ctx, chromedp.CaptureScreenshot()); err != nil {
			t.Fatal(err)
		}
	})
	seen, added := map[string]bool{}, map[string]string{}
	for _, line := range regexp.MustCompile(`setenv: (\d+) (adds|replaces) (\w+)`).FindAllStringSubmatch(output.String(), -1) {
		process, how, variable := line[1], line[2], line[3]
		seen[variable] = true
		if how == "replaces" {
			continue
		}
		if first := added[process]; first != "" {
			t.Errorf("a process adds %s to its environment, and then %s", first, variable)
		}
		added[process] = variable
	}
	for _, variable := range []string{"DBUS_SESSION_BUS_ADDRESS", "FC_FONTATIONS"} {
		if !seen[variable] {
			t.Errorf("Chromium doesn't set %s", variable)
		}
	}
}
