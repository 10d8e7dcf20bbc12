package script_test

import (
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

// Check names each setting that is wrong.
func TestCheck(t *testing.T) {
	if err := script.DefaultSettings().Check(); err != nil {
		t.Fatal(err)
	}
	rule := func(on script.Kind, f script.Fault) func(*script.Settings) {
		return func(s *script.Settings) { s.Faults = []script.Rule{{On: on, Fault: f}} }
	}
	for want, wrong := range map[string]func(*script.Settings){
		"keys":                      func(s *script.Settings) { s.Keys = []string{""} },
		"job_seconds":               func(s *script.Settings) { s.JobSeconds = -1 },
		"queue_share":               func(s *script.Settings) { s.QueueShare = 1.5 },
		"id_form":                   func(s *script.Settings) { s.IDForm = "long" },
		"universal_status":          func(s *script.Settings) { s.UniversalStatus = 204 },
		"concurrent":                func(s *script.Settings) { s.Concurrent = -1 },
		"fate: outcome":             func(s *script.Settings) { s.Fate.Outcome = "lost" },
		"faults[0]: on":             rule("nothing", script.Fault{Reset: true}),
		"faults[0]: fault is empty": rule(script.KindCreate, script.Fault{}),
		"faults[0]: retry_after":    rule(script.KindCreate, script.Fault{RetryAfter: "1"}),
		"faults[0]: cut_after":      rule(script.KindDownload, script.Fault{CutAfter: 1, StallAfter: 1}),
	} {
		s := script.DefaultSettings()
		wrong(&s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}

// The ledger counts a fault by its name, or by what it does.
func TestLabel(t *testing.T) {
	for want, f := range map[string]script.Fault{
		"mine":             {Name: "mine", Reset: true},
		"reset after":      {Reset: true, After: true},
		"status 503":       {Status: 503, DelaySeconds: 1},
		"body":             {Body: "{}"},
		"delay":            {DelaySeconds: 1},
		"word transcoding": {Word: "transcoding"},
		"stall":            {StallAfter: 1},
		"cut":              {CutAfter: 1},
	} {
		if got := f.Label(); got != want {
			t.Errorf("%+v: %q, want %q", f, got, want)
		}
	}
}
