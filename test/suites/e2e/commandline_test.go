package e2e

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/dev/stack"
)

// commandLine is the command-line program, built from this source.
type commandLine struct {
	path, dir string
	env       []string
}

func (w *world) commandLine(t *testing.T) commandLine {
	t.Helper()
	c := commandLine{path: filepath.Join(t.TempDir(), "takeup"), dir: t.TempDir()}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", c.path, "./cmd/takeup")
	build.Dir = "../../.."
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	c.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, "TAKEUP_STACK=" + stack.StackName, "AWS_ENDPOINT_URL=" + w.stack.AWS,
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=" + stack.Region,
	}
	return c
}

func (c commandLine) command(t *testing.T, args ...string) (cmd *exec.Cmd, told *bytes.Buffer) {
	t.Helper()
	cmd, told = exec.CommandContext(t.Context(), c.path, args...), &bytes.Buffer{}
	cmd.Dir, cmd.Env, cmd.Stderr = c.dir, c.env, told
	return cmd, told
}

// run runs a command line and returns its output.
func (c commandLine) run(t *testing.T, args ...string) string {
	t.Helper()
	cmd, told := c.command(t, args...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("takeup %q: %v\n%s%s", args, err, out, told)
	}
	return string(out)
}

var event = regexp.MustCompile(`(?m)^ +[0-9.]+ s  [a-z]+$`)

// testCommandLine uses the program as people do: by the stack's name, in a pipe, interrupted and
// resumed.
func (w *world) testCommandLine(t *testing.T) {
	c := w.commandLine(t)
	told := c.run(t, "generate", w.prompt("a lighthouse in the fog, from a terminal"))
	id := strings.TrimSuffix(strings.Fields(told)[1], ":")
	if n := len(event.FindAllString(told, -1)); n < 2 || n > 5 || strings.ContainsAny(told, "\r\x1b") {
		t.Errorf("piped, it has %d lines of events:\n%s", n, told)
	}
	if file, err := os.ReadFile(filepath.Join(c.dir, id+".mp4")); err != nil || !bytes.Equal(file, w.served(t, id)) {
		t.Errorf("the file has %d bytes, %v", len(file), err)
	}
	w.stored(t, id)

	// Ctrl-C: the job keeps running, and the message says how to get its video.
	cmd, beside := c.command(t, "generate", w.prompt("a lighthouse in the fog, interrupted"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Scan() // the job has started
	id = strings.TrimSuffix(strings.Fields(lines.Text())[1], ":")
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 130 {
		t.Errorf("interrupted, it ends with %v", err)
	}
	said := strings.Split(strings.TrimSpace(beside.String()), "\n")
	back := strings.Fields(said[len(said)-1])
	if len(back) != 3 || back[0] != c.path || back[1] != "download" || back[2] != id {
		t.Fatalf("interrupted, it printed %s", beside)
	}
	c.run(t, back[1:]...)
	w.stored(t, id)

	if listed := c.run(t, "list", "--limit", "50"); !strings.Contains(listed, id) {
		t.Errorf("it is not listed:\n%s", listed)
	}
}

// testDoctor finds nothing wrong with a new stack.
func (w *world) testDoctor(t *testing.T) {
	if report := w.commandLine(t).run(t, "doctor"); strings.Contains(report, "fix:") || strings.Count(report, "ok ") != 20 {
		t.Errorf("doctor printed\n%s", report)
	}
}
