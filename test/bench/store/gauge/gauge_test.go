package gauge

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pipeline returns a pipeline of shell scripts.
func pipeline(t *testing.T, scripts ...string) Pipeline {
	p := Pipeline{Dir: t.TempDir(), Env: os.Environ(), Limit: time.Minute}
	p.Log = filepath.Join(p.Dir, "log")
	for _, script := range scripts {
		p.Stages = append(p.Stages, []string{"sh", "-c", script})
	}
	return p
}

func TestRun(t *testing.T) {
	for name, c := range map[string]struct {
		scripts []string
		exit    int
		log     string
	}{
		"one":               {[]string{"echo one"}, 0, "one"},
		"a pipe":            {[]string{"echo a; echo b", "sort -r", "tr '\n' ' '"}, 0, "b a"},
		"one fails":         {[]string{"exit 7"}, 7, ""},
		"the first fails":   {[]string{"echo a; exit 3", "cat"}, 3, "a"},
		"the last fails":    {[]string{"echo a", "cat; exit 4"}, 4, "a"},
		"both fail":         {[]string{"exit 5", "exit 6"}, 5, ""},
		"ended by a signal": {[]string{"kill -9 $$"}, 1, ""},
		"the last is gone":  {[]string{"exec yes", "head -n 1"}, 1, "y"},
	} {
		t.Run(name, func(t *testing.T) {
			p := pipeline(t, c.scripts...)
			u, err := Run(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			if u.Exit != c.exit || u.Hung || u.Wall <= 0 || u.CPU <= 0 || u.PeakKiB <= 0 {
				t.Errorf("%+v", u)
			}
			said, err := os.ReadFile(p.Log)
			if err != nil || !strings.HasPrefix(string(said), c.log) {
				t.Errorf("it said %q, %v", said, err)
			}
		})
	}
}

func TestRunNeverEnding(t *testing.T) {
	p := pipeline(t, "exec sleep 1000", "cat")
	p.Limit = 50 * time.Millisecond
	u, err := Run(t.Context(), p)
	if err != nil || !u.Hung || u.Exit == 0 {
		t.Errorf("%+v, %v", u, err)
	}
}

func TestRunOfNothing(t *testing.T) {
	if _, err := Run(t.Context(), Pipeline{}); err == nil {
		t.Error("there is nothing to run, and no error")
	}
	// A stage that was started doesn't outlive one that can't be.
	p := pipeline(t, "exec sleep 1000")
	p.Stages = append(p.Stages, []string{filepath.Join(p.Dir, "absent")})
	if _, err := Run(t.Context(), p); err == nil {
		t.Error("there is no such program, and no error")
	}
}

// The peak of a pipeline is the sum of the stages' own, without the memory of the program that
// starts the measurement.
func TestPeak(t *testing.T) {
	program := filepath.Join(t.TempDir(), "gauge")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../cmd/gauge")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	held := bytes.Repeat([]byte{1}, 64<<20)
	peak := func(p Pipeline) int64 {
		asked, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), program)
		cmd.Stdin = bytes.NewReader(asked)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		var u Usage
		if err := json.Unmarshal(out, &u); err != nil {
			t.Fatal(err)
		}
		return u.PeakKiB
	}
	const mib = 1 << 10
	if got := peak(pipeline(t, "true")); got > 12*mib {
		t.Errorf("a shell holds %d KiB, of a program that holds %d MiB", got, len(held)>>20)
	}
	// dd holds its block in memory.
	block := "exec dd if=/dev/zero of=/dev/null bs=20M count=1"
	if one, two := peak(pipeline(t, block)), peak(pipeline(t, block, block)); one < 20*mib || two < 40*mib {
		t.Errorf("one block of 20 MiB is %d KiB, two are %d", one, two)
	}
}
