package commands

import (
	"bytes"
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/test/harness/checkout"
)

// waitLimit bounds each command. It is far more than any should take.
const waitLimit = 5 * time.Minute

const root = "../../.."

// TestCommands runs each command in runs, exactly as written, in a copy of the repository. Every
// command of the documents is either in runs or in listed. For the transcripts that runs names,
// it also compares the output.
func TestCommands(t *testing.T) {
	found := documented(t)
	if t.Failed() {
		return
	}
	w := newShell(t)
	run := 0
	for _, r := range runs {
		printed, ok := w.run(t, r)
		if !ok {
			t.Errorf("%s\ndoesn't do what the documents say: correct them, or what it runs", r.command)
			continue
		}
		run++
		if !r.transcript {
			continue
		}
		c := found[slices.IndexFunc(found, func(c Command) bool { return c.Text == r.command })]
		if stale := Stale(c.Output, printed); c.Output == "" || len(stale) > 0 {
			t.Errorf("%s\nhas no transcript, or an outdated one:\n%s\nReplace it with\n%s", c, strings.Join(stale, "\n"), printed)
		}
	}
	t.Logf("commands=%d run=%d listed=%d", len(found), run, len(listed)+len(InDocker()))
}

// documented returns the commands of all documents, each once. It fails if a command is only in
// a document or only in the tables.
func documented(t *testing.T) []Command {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	var found []Command
	isFound := func(text string) bool {
		return slices.ContainsFunc(found, func(c Command) bool { return c.Text == text })
	}
	for _, file := range append([]string{filepath.Join(root, "README.md"), filepath.Join(root, "CONTRIBUTING.md")}, files...) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		all, err := Find(name, string(text))
		if err != nil {
			t.Error(err)
		}
		for _, c := range all {
			if isFound(c.Text) {
				continue
			}
			found = append(found, c)
			_, isListed := listed[c.Text]
			isListed = isListed || slices.Contains(InDocker(), c.Text)
			isRun := slices.ContainsFunc(runs, func(r run) bool { return r.command == c.Text })
			switch {
			case isRun && isListed:
				t.Errorf("%s\nis both in runs and in listed, in test/suites/commands/table_test.go: take it out of one", c)
			case !isRun && !isListed:
				t.Errorf("%s\nis new: put it into runs, in test/suites/commands/table_test.go, with what shows that it works; into InDocker if it needs a Docker engine; or into listed with the reason why it can't run here", c)
			}
		}
	}
	for _, r := range runs {
		if !isFound(r.command) {
			t.Errorf("no document has %q any more: take it out of runs, in test/suites/commands/table_test.go", r.command)
		}
	}
	for _, command := range slices.Concat(InDocker(), slices.Collect(maps.Keys(listed))) {
		if !isFound(command) {
			t.Errorf("no document has %q any more: take it out of InDocker, in test/suites/commands/find.go, or of listed, in test/suites/commands/table_test.go", command)
		}
	}
	for command, reason := range listed {
		if reason == "" {
			t.Errorf("%q is listed without a reason", command)
		}
	}
	return found
}

// shell is the environment in which commands run.
type shell struct {
	dir string
	env []string
}

func newShell(t *testing.T) *shell {
	tools, err := filepath.Abs(filepath.Join(root, ".tools"))
	if err != nil {
		t.Fatal(err)
	}
	w := &shell{dir: checkout.New(t, root)}
	bin := t.TempDir()
	// jq, as pinned by test/go.mod. A jq on the machine may be missing or old.
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "jq"), "github.com/itchyny/gojq/cmd/gojq")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building jq: %v\n%s", err, said)
	}
	w.env = checkout.Env(w.dir, "GOBIN="+bin)
	for i, v := range w.env {
		if path, ok := strings.CutPrefix(v, "PATH="); ok {
			w.env[i] = "PATH=" + bin + ":" + filepath.Join(tools, "awscli", "bin") + ":" + path
		}
	}
	return w
}

// run runs a command. It returns the output and whether the command did what it should.
func (w *shell) run(t *testing.T, r run) (string, bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	script := "set -euo pipefail\n"
	if !r.stackless {
		script += "eval \"$(takeup env)\"\n"
	}
	script += r.before + "\n" + r.command + "\n" + r.after + "\n"
	cmd := checkout.Shell(ctx, w.dir, w.env, script)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	err := cmd.Run()
	t.Logf("%5.1f s $ %s\n%s", time.Since(began).Seconds(), r.command, &stdout)
	if err != nil || !strings.Contains(stdout.String(), r.want) {
		t.Logf("%v; it should print %q, and standard error is:\n%s", err, r.want, &stderr)
		return "", false
	}
	return stderr.String() + stdout.String(), true
}
