package progress

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/vbauerster/mpb/v8"

	"github.com/takeup/takeup/internal/cli/clitest"
)

func TestCounterDrawsABar(t *testing.T) {
	w := clitest.New(t)
	var screen bytes.Buffer
	c := NewCounter(w.Env, &screen)
	if c.bars != nil {
		t.Fatal("a bar is drawn where nobody sees it")
	}
	refresh := make(chan any)
	c.draw(mpb.WithManualRefresh(refresh))
	for i, text := range []string{"0 of 300", "150 of 300", "600 of 300"} {
		c.Show(float64(i)/2, "running", text)
		for range 3 { // two may be on their way
			refresh <- w.Now()
		}
	}
	if err := w.Sleep(t.Context(), 4*time.Second); err != nil {
		t.Fatal(err)
	}
	c.Line("batch %d", 1)
	refresh <- w.Now()
	c.Close()
	c.Close()
	shown := screen.String()
	for _, words := range []string{"--] 0 of 300", "--] 150 of 300", "=>] 600 of 300", "   4.0 s  batch 1\n"} {
		if !strings.Contains(shown, words) {
			t.Errorf("%q is not in\n%s", words, shown)
		}
	}
	if strings.Contains(shown, "0.0 s  0 of 300\n") {
		t.Errorf("a line is printed beside the bar:\n%s", shown)
	}
}

// Without a bar there is a line for each step.
func TestCounterPrintsLines(t *testing.T) {
	w := clitest.New(t)
	c := NewCounter(w.Env, &w.Out)
	for i, step := range []string{"a", "a", "b", "a"} {
		c.Show(0.5, step, strings.Repeat("x", i+1))
		if err := w.Sleep(t.Context(), time.Second); err != nil {
			t.Fatal(err)
		}
	}
	c.Close()
	const want = "   0.0 s  x\n   2.0 s  xxx\n   3.0 s  xxxx\n"
	if w.Out.String() != want || c.Took() != 4*time.Second {
		t.Errorf("after %s it printed\n%s", c.Took(), &w.Out)
	}
}
