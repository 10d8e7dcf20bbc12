package operate

import (
	"errors"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/cli/clitest"
	"github.com/takeup/takeup/internal/reconcile/gather"
	"github.com/takeup/takeup/internal/reconcile/repair"
	"github.com/takeup/takeup/internal/video"
)

// An execution is read back unless the table has the outcome of its job from it.
func TestConcluded(t *testing.T) {
	ended := video.Entry{Execution: "ended", Started: true, Outcome: &video.Outcome{}}
	stored := video.Entry{Execution: "stored", Started: true, Manifest: &video.Manifest{}}
	open := video.Entry{Execution: "open", Started: true}
	redriven := ended
	redriven.Redrives, redriven.Execution = 1, "redriven-r1"
	known := concluded(map[string]video.Entry{"ended": ended, "stored": stored, "open": open, "redriven": redriven})
	for name, want := range map[string]bool{"ended": true, "stored": true, "open": false, "redriven": false, "redriven-r1": false, "none": false} {
		if known(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

func TestShowRepaired(t *testing.T) {
	w, _ := clitest.WithAPI(t)
	whole := repaired{Done: repair.Done{Created: []string{"a"}, Amended: []string{"b", "c"}}, Repaired: true}
	if err := showRepaired(w.Env, whole, false); err != nil || !strings.Contains(w.Out.String(), "1 lost jobs, 2 outdated jobs") {
		t.Errorf("printed %s, %v", &w.Out, err)
	}
	var open *Unsettled
	partly := repaired{Done: repair.Done{Unexplained: []string{"x"}}, Unknown: []gather.Unknown{{Source: "the logs", Reason: "403"}}}
	w.Out.Reset()
	if err := showRepaired(w.Env, partly, false); !errors.As(err, &open) || !strings.Contains(w.Out.String(), "unknown: the logs: 403") || !strings.Contains(w.Out.String(), "the request: x") {
		t.Errorf("printed %s, %v", &w.Out, err)
	}
	w.Out.Reset()
	if err := showRepaired(w.Env, partly, true); !errors.As(err, &open) || !strings.Contains(w.Out.String(), `"repaired": false`) {
		t.Errorf("printed %s, %v", &w.Out, err)
	}
}
