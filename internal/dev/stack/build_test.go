package stack

import (
	"os"
	"path/filepath"
	"testing"
)

// write writes a file within dir.
func write(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFingerprint(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{
		"go.mod", "go.sum", "template.yaml", "tools/samconfig.toml", "tools/sam.txt",
		"functions/submit/main.go", "internal/a/a.go", "statemachine/m.asl.json",
	} {
		write(t, root, name, name)
	}
	of := func(arch string) string {
		sum, err := fingerprint(root, arch, goFlags("1a2b3c"))
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	last := of("arm64")
	if of("arm64") != last {
		t.Error("the same sources have two fingerprints")
	}
	if of("x86_64") == last {
		t.Error("two architectures have the same fingerprint")
	}
	write(t, root, "internal/a/a_test.go", "anything")
	write(t, root, "docs/page.md", "anything")
	// sam deploy --guided writes this file, for another stack.
	write(t, root, "samconfig.toml", "[default.deploy.parameters]\nprofile = \"prod\"\n")
	if of("arm64") != last {
		t.Error("what is not built changes the fingerprint")
	}
	for name, content := range map[string]string{
		"internal/a/a.go": "changed", "internal/a/new.txt": "embedded", "template.yaml": "changed",
		"functions/submit/main.go": "changed", "statemachine/m.asl.json": "changed", "tools/sam.txt": "changed",
	} {
		write(t, root, name, content)
		if sum := of("arm64"); sum == last {
			t.Errorf("a changed %s has the same fingerprint", name)
		} else {
			last = sum
		}
	}
	if err := os.Rename(filepath.Join(root, "internal/a/new.txt"), filepath.Join(root, "internal/a/other.txt")); err != nil {
		t.Fatal(err)
	}
	if of("arm64") == last {
		t.Error("a renamed file has the same fingerprint")
	}
}
