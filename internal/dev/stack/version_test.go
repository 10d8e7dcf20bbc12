package stack

import (
	"os/exec"
	"regexp"
	"testing"
)

func TestVersion(t *testing.T) {
	root := t.TempDir()
	write(t, root, "internal/a/a.go", "package a")
	if got := version(t.Context(), root); got != "" {
		t.Errorf("the version without a repository is %q", got)
	}
	git := func(args ...string) {
		t.Helper()
		args = append([]string{"-C", root, "-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)
		if out, err := exec.CommandContext(t.Context(), "git", args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	git("init", "--quiet")
	git("add", ".")
	git("commit", "--quiet", "--message", "one")
	first := version(t.Context(), root)
	if !regexp.MustCompile(`^[0-9a-f]{12}$`).MatchString(first) {
		t.Errorf("it is %q", first)
	}
	write(t, root, "docs/page.md", "anything")
	git("add", ".")
	git("commit", "--quiet", "--message", "two")
	if got := version(t.Context(), root); got != first {
		t.Errorf("a commit that changes nothing in the build changes it to %q", got)
	}
	write(t, root, "internal/a/new.go", "package a")
	if got := version(t.Context(), root); got != first+"-dirty" {
		t.Errorf("with a new file it is %q", got)
	}
	git("add", ".")
	git("commit", "--quiet", "--message", "three")
	if got := version(t.Context(), root); got == first || len(got) != 12 {
		t.Errorf("after the commit of a new file it is %q", got)
	}
}
