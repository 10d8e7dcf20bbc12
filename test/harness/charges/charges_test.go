package charges_test

import (
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/test/harness/charges"
)

func TestCompare(t *testing.T) {
	generation := func(id, outcome string) sim.Generation { return sim.Generation{ClientRequestID: id, Outcome: outcome} }
	a, b := generation("a.1", script.OutcomeCompleted), generation("b.2", script.OutcomeCompleted)
	lines := func(text string) []batchfile.Result {
		read, err := charges.Read(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return read
	}
	const storedA, storedB, failedB = `{"id":"a","status":"completed","s3":"s3://v/a"}`, `{"id":"b","status":"completed","s3":"s3://v/b"}`, `{"id":"b","status":"error"}`
	for name, c := range map[string]struct {
		results     string
		generations []sim.Generation
		want        charges.Verdict
	}{
		"all is well":              {storedA + "\n" + storedB, []sim.Generation{a, b}, charges.Verdict{Lines: 2, Done: 2}},
		"an attempt that failed":   {storedA, []sim.Generation{generation("a.1", script.OutcomeError), a}, charges.Verdict{Lines: 1, Done: 1}},
		"two charges":              {storedA, []sim.Generation{a, generation("a.2", script.OutcomeCompleted)}, charges.Verdict{Lines: 1, Done: 1, Twice: 1}},
		"two lines":                {storedA + storedA, []sim.Generation{a}, charges.Verdict{Lines: 2, Done: 2, Twice: 1}},
		"a charge without a line":  {storedA, []sim.Generation{a, b}, charges.Verdict{Lines: 1, Done: 1, Missing: 1}},
		"a charge without a video": {storedA + failedB, []sim.Generation{a, b}, charges.Verdict{Lines: 2, Done: 1, Failed: 1, Missing: 1}},
		"a video without a charge": {storedA + storedB, []sim.Generation{a}, charges.Verdict{Lines: 2, Done: 2, Missing: 1}},
		"a failure":                {storedA + failedB, []sim.Generation{a, generation("b.1", script.OutcomeError)}, charges.Verdict{Lines: 2, Done: 1, Failed: 1}},
	} {
		if got := charges.Compare(lines(c.results), c.generations); got != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if _, err := charges.Read(strings.NewReader(storedA + "\n<html>")); err == nil || !strings.Contains(err.Error(), "result 2") {
		t.Errorf("%v", err)
	}
}
