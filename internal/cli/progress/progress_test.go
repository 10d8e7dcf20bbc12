package progress

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/vbauerster/mpb/v8"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/cli/clitest"
)

func TestDisplayDrawsABar(t *testing.T) {
	w := clitest.New(t)
	var screen bytes.Buffer
	d := New(w.Env, &screen, 10*time.Second)
	if d.bars != nil {
		t.Fatal("a bar is drawn without a terminal")
	}
	refresh := make(chan any)
	d.draw(mpb.WithManualRefresh(refresh))
	pass := func(seconds time.Duration) {
		t.Helper()
		if err := w.Sleep(t.Context(), seconds*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	pass(4)
	d.Event("generating")
	d.Event("generating")
	refresh <- w.Now()
	refresh <- w.Now()
	d.Close()
	d.Close()
	for _, words := range []string{"   4.0 s  generating\n", "generating, about 6 s left", "4.0 s ["} {
		if !strings.Contains(screen.String(), words) {
			t.Errorf("%q is not in\n%s", words, screen.String())
		}
	}
	if n := strings.Count(screen.String(), "  generating\n"); n != 1 {
		t.Errorf("the event is printed %d times", n)
	}
	pass(60)
	if got := d.text(); got != "generating, longer than usual" || d.fraction() >= 1 {
		t.Errorf("late: %q, %v", got, d.fraction())
	}
}

// While a job is held up, no remaining time is displayed.
func TestDisplayOfAWaitingJob(t *testing.T) {
	w := clitest.New(t)
	d := New(w.Env, &bytes.Buffer{}, 10*time.Second)
	d.Event("queued, waiting for room at the provider")
	d.Hold(true)
	before := d.fraction()
	if err := w.Sleep(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := d.text(); got != "queued, waiting for room at the provider" || d.fraction() != before {
		t.Errorf("it shows %q, and %v after %v", got, d.fraction(), before)
	}
	d.Hold(false)
	left, progress := 20, 0.5
	d.Estimate(&api.Estimate{LeftSeconds: &left, Progress: &progress})
	if d.Event("generating"); d.text() != "generating, about 20 s left" {
		t.Errorf("it shows %q", d.text())
	}
}

func TestDisplayCountsDownFromTheEstimate(t *testing.T) {
	w := clitest.New(t)
	d := New(w.Env, &bytes.Buffer{}, 10*time.Second)
	look := func(seconds time.Duration, want float64, text string) {
		t.Helper()
		if err := w.Sleep(t.Context(), seconds*time.Second); err != nil {
			t.Fatal(err)
		}
		if got := d.fraction(); got < want-0.001 || got > want+0.001 || d.text() != text {
			t.Errorf("%v with %q, want %v with %q", got, d.text(), want, text)
		}
	}
	look(2, 0.2, "sending, about 8 s left")
	d.Event("generating")
	left, progress := 180, 0.4
	d.Estimate(&api.Estimate{LeftSeconds: &left, Progress: &progress})
	look(0, 0.4, "generating, about 3 min left")
	look(90, 0.7, "generating, about 90 s left")
	left, progress = 180, 0.5
	d.Estimate(&api.Estimate{LeftSeconds: &left, Progress: &progress})
	look(0, 0.7, "generating, about 3 min left") // the bar never moves back
	d.Estimate(&api.Estimate{})
	look(30, 0.7, "generating, about 2 min 30 s left")
	d.Downloaded(1500, 20_000_000)
	look(0, 0.7, "generating, 1.5 kB of 20.0 MB")
}
