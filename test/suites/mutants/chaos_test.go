package mutants_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/takeup/takeup/test/chaos"
	"github.com/takeup/takeup/test/chaos/world"
)

// TestVerificationOffIsCaughtByChaos deploys a copy of the repository that stores a file
// whatever its boxes say, and has chaos check what is stored.
func TestVerificationOffIsCaughtByChaos(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	copied := t.TempDir()
	for _, name := range []string{"cmd", "functions", "internal", "statemachine"} {
		if err := os.CopyFS(filepath.Join(copied, name), os.DirFS(filepath.Join(root, name))); err != nil {
			t.Fatal(err)
		}
	}
	// SAM follows a link and would build in the original.
	for _, name := range []string{"go.mod", "go.sum", "template.yaml"} {
		content, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(copied, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"tools", ".tools"} {
		if err := os.Symlink(filepath.Join(root, name), filepath.Join(copied, name)); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(copied, "internal/transfer/sourcefile.go")
	mutant := mutated(t, path, `{ return f.boxes.Complete(length) }`, `{ return nil }`)
	if err := os.WriteFile(path, mutant, 0o600); err != nil {
		t.Fatal(err)
	}

	result, err := chaos.Run(t.Context(), world.Options{
		Root: copied, StateDir: filepath.Join(copied, ".takeup"),
		Jobs: 10, Seed: 1, InFlight: 10,
		// No other fault occurs, so that this one is certain to. The length and the checksum of
		// such a download are right. Only the boxes of the file show that it was cut.
		FirstDownload: "cut, without a length",
		Times:         world.ShortTimes(), Output: t.Output(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := result.Write(t.Output()); err != nil {
		t.Fatal(err)
	}
	if result.Kept() || result.Count("partial") == 0 {
		t.Errorf("not caught: %s", result.Last())
	}
}
