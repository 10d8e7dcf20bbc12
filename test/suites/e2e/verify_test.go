package e2e

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/test/verifyaws"
)

// testVerify runs all steps of make verify-aws, with the engine in place of AWS. Each passes, or
// says why it can't be shown here. One of them deletes the stack. What docs/deploy.md shows of the
// output is in it.
func (w *world) testVerify(t *testing.T) {
	source, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	results, err := verifyaws.Run(t.Context(), verifyaws.Options{
		Config: w.stack.Config(), Stack: stack.StackName, Local: true,
		API: stack.StageURL(w.stack.AWS, w.stack.Outputs), Template: source,
		Groups: verifyaws.Groups(), LoadRequests: 30, Output: io.MultiWriter(&output, t.Output()),
	})
	if err != nil {
		t.Fatal(err)
	}
	passed := 0
	for _, r := range results {
		switch r.Outcome {
		case verifyaws.Passed:
			passed++
		case verifyaws.NotHere:
		case verifyaws.Differs, verifyaws.Skipped:
			t.Error(r)
		}
	}
	if passed < 14 {
		t.Errorf("only %d steps passed", passed)
	}
	for line := range strings.Lines(documentedSteps(t)) {
		if !strings.Contains(output.String(), line) {
			t.Errorf("docs/deploy.md shows %q, which is not in the output", line)
		}
	}
}

// documentedSteps returns the lines of make verify-aws that docs/deploy.md shows.
func documentedSteps(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```text\n(pass {6}.+?)```").FindSubmatch(text)
	if block == nil {
		t.Fatal("docs/deploy.md shows no output of make verify-aws")
	}
	return string(block[1])
}
