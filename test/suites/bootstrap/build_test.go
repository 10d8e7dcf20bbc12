package bootstrap

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/takeup/takeup/test/harness/lambdas"
)

// root is the root of the repository.
const root = "../../.."

// build builds all functions and returns their paths.
func build(t *testing.T, all map[string]lambdas.Function) map[string]string {
	t.Helper()
	dir, binaries := t.TempDir(), map[string]string{}
	for name, f := range all {
		binaries[name] = filepath.Join(dir, name, "bootstrap")
		if err := lambdas.Build(t.Context(), root, f.Folder, binaries[name]); err != nil {
			t.Fatal(err)
		}
	}
	return binaries
}

// event reads a function's sample event from events/.
func event(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "events", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return content
}
