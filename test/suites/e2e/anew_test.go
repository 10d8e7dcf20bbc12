package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/dev/policy"
)

// testBegunAnew stops jobs before Submit has claimed them and sends each request again: the same
// job begins anew and is paid for once.
//
// It needs the stack to itself, since it keeps Submit from the table meanwhile.
func (w *world) testBegunAnew(t *testing.T) {
	submit, table := w.role(t, "SubmitFunction"), slices.DeleteFunc(w.grants(t), func(g policy.Grant) bool {
		return g.Function != "SubmitFunction" || !strings.HasPrefix(g.Action, "dynamodb:")
	})
	file := func(t *testing.T, prompt, _ string) string {
		const key = "anew/boat.txt"
		_, job := w.handled(t, key, w.put(t, key, []byte(prompt)))
		return job
	}
	request := func(t *testing.T, prompt, _ string) string {
		return w.post(t, fmt.Sprintf(`{"prompt":%q}`, prompt), "Idempotency-Key: "+prompt[:9])
	}
	for _, test := range []struct {
		name string
		send func(t *testing.T, prompt, job string) string
		anew func(t *testing.T, prompt, job string) string // called with the job that send returned
	}{
		{"a prompt file", file, file},
		{"a request", request, request},
		{"a redrive", request, func(t *testing.T, _, job string) string {
			_, err := invokeAPI[api.Generation](w, t, http.StatusAccepted, http.MethodPost, api.PathOf(api.RedrivePath, job), "")
			if err != nil {
				t.Fatal(err)
			}
			return job
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			prompt := w.prompt(strings.ReplaceAll(test.name, " ", "-") + " that is stopped before it was claimed")
			submit.without(t, table...)
			before := len(w.recorder.Denied())
			job := test.send(t, prompt, "")
			await(t, "Submit to be kept from the table", func() bool {
				return slices.ContainsFunc(w.recorder.Denied()[before:], func(call policy.Call) bool {
					return w.logical()[call.Function] == "SubmitFunction" && strings.HasPrefix(call.Action, "dynamodb:")
				})
			})
			w.abort(t, job)
			w.ended(t, job)
			submit.restore(t)
			w.charges(t, prompt, 0)

			if again := test.anew(t, prompt, job); again != job {
				t.Fatalf("job %s is restarted as job %s", job, again)
			}
			w.succeeded(t, job+"-r1")
			w.stored(t, job)
			test.send(t, prompt, "")
			w.charges(t, prompt, 1)
			if w.execution(t, job+"-r2") != nil {
				t.Errorf("job %s is restarted although it has its video", job)
			}
		})
	}
}
