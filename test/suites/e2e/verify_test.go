package e2e

import (
	"os"
	"testing"

	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/test/verifyaws"
)

// testVerify runs all steps of make verify-aws, with the engine in place of AWS. Each passes, or
// says why it can't be shown here. One of them deletes the stack.
func (w *world) testVerify(t *testing.T) {
	source, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	results, err := verifyaws.Run(t.Context(), verifyaws.Options{
		Config: w.stack.Config(), Stack: stack.StackName, Local: true,
		API: stack.StageURL(w.stack.AWS, w.stack.Outputs), Template: source,
		Groups: verifyaws.Groups(), LoadRequests: 30, Output: t.Output(),
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
}
