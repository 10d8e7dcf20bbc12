package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/dev/policy"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/internal/schedule/cost"
)

// testTransitions counts the states that two executions entered and compares them with the cost
// formula: one execution whose first check sees the video, and one with two failed polls before
// that.
func (w *world) testTransitions(t *testing.T) {
	failed := 0
	w.fail("transitions-more", func(call script.Call) script.Fault {
		if call.Kind != script.KindRetrieve || failed == 2 {
			return script.Fault{}
		}
		failed++
		return script.Fault{Status: http.StatusServiceUnavailable}
	})
	for _, name := range []string{"transitions", "transitions-more"} {
		w.startByHand(t, name, fmt.Sprintf(`{"prompt":%q}`, w.prompt("a job whose transitions are counted, "+name)))
	}
	for name, least := range map[string]int{"transitions": 1, "transitions-more": 3} {
		w.succeeded(t, name)
		entered, checks := 0, 0
		for _, event := range w.history(t, name) {
			// Each type of state has its own event type for this.
			if !strings.HasSuffix(string(event.Type), "StateEntered") {
				continue
			}
			entered++
			if *event.StateEnteredEventDetails.Name == "Check" {
				checks++
			}
		}
		if checks < least || entered != cost.Transitions(checks) {
			t.Errorf("%s entered %d states with %d checks; the formula says %d", name, entered, checks, cost.Transitions(checks))
		}
		if got, want := w.tableRequests(name), (requests{queries: cost.TableQueries, puts: cost.TablePuts(checks)}); got != want {
			t.Errorf("the steps of %s made %+v for it; the formula says %+v", name, got, want)
		}
	}
}

// requests counts the requests to the table for the items of a job.
type requests struct{ queries, puts int }

// tableRequests counts the table requests of a job's steps.
func (w *world) tableRequests(job string) requests {
	var made requests
	names := w.logical()
	for _, call := range w.recorder.Calls() {
		step := slices.Contains([]string{"SubmitFunction", "CheckFunction", "StoreFunction"}, names[call.Function])
		switch {
		case !step || call.Context[policy.LeadingKeys] != "job#"+job:
		case call.Action == "dynamodb:Query":
			made.queries++
		case call.Action == "dynamodb:PutItem":
			made.puts++
		}
	}
	return made
}
