package processes_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/takeup/takeup/test/harness/processes"
)

// TestMain also serves as the functions of TestWatch, which starts the test binary as processes.
func TestMain(m *testing.M) {
	if os.Getenv("START_AS") == "function" {
		_, _ = os.Stdout.WriteString("running\n")
		_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed
	}
	os.Exit(m.Run())
}

// start starts the binary as a function, and returns when it runs.
func start(t *testing.T, binary, name string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(binary)
	cmd.Env = []string{"START_AS=function", "AWS_LAMBDA_FUNCTION_NAME=" + name}
	out, err := cmd.StdoutPipe()
	if err == nil {
		_, err = cmd.StdinPipe()
	}
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return cmd
}

func TestWatch(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "bootstrap")
	if err := os.WriteFile(binary, content, 0o755); err != nil {
		t.Fatal(err)
	}
	w, err := processes.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	first := func(int) int { return 0 }
	if killed, err := w.Kill(first); killed != "" || err != nil {
		t.Errorf("killed %q before any look, %v", killed, err)
	}
	ours := start(t, binary, "submit")
	start(t, self, "of another stack")
	if err := w.Look(); err != nil {
		t.Fatal(err)
	}
	if peaks := w.Peaks(); len(peaks) != 1 || peaks["submit"] < 1<<20 {
		t.Errorf("the peaks are %v", peaks)
	}
	if killed, err := w.Kill(first); killed != "submit" || err != nil {
		t.Errorf("killed %q, %v", killed, err)
	}
	if err := ours.Wait(); err == nil {
		t.Error("it was not killed")
	}
	if killed, err := w.Kill(first); killed != "" || err != nil {
		t.Errorf("killed %q again, %v", killed, err)
	}
	if err := w.Look(); err != nil {
		t.Fatal(err)
	}
	if peaks := w.Peaks(); len(peaks) != 1 {
		t.Errorf("afterwards, the peaks are %v", peaks)
	}
}
