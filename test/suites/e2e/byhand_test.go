package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/test/harness/executions"
)

// startByHand starts an execution as aws stepfunctions start-execution does.
func (w *world) startByHand(t *testing.T, name, input string) {
	t.Helper()
	if _, err := executions.Start(t.Context(), w.sfn, w.stack.Outputs["StateMachineArn"], name, input); err != nil {
		t.Fatal(err)
	}
}

func (w *world) testByHand(t *testing.T) {
	const name = "By-hand_1"
	prompt := w.prompt("a bare request object, started by hand")
	w.startByHand(t, name, fmt.Sprintf(`{"prompt":%q,"aspect_ratio":"1:1"}`, prompt))
	job := w.succeeded(t, name)
	if job.ID != name || job.Status != video.Stored || job.Video != "s3://"+w.stack.Outputs["VideosBucket"]+"/videos/"+name+"/video.mp4" {
		t.Errorf("it ends with %+v", job)
	}
	w.stored(t, name)
	w.discreet(t, name, prompt)
}

// discreet fails the test if an execution's history contains a URL, a key, or a prompt that
// Submit was not given.
func (w *world) discreet(t *testing.T, name, prompt string) {
	t.Helper()
	events := w.history(t, name)
	submitted := slices.IndexFunc(events, func(e types.HistoryEvent) bool { return e.Type == types.HistoryEventTypeTaskStateExited })
	if submitted < 0 {
		t.Fatalf("no task of %s has ended", name)
	}
	states := false // the history includes the states' inputs and outputs
	for i, event := range events {
		text, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"http://", "https://", "ksSign", w.stack.Token, w.provider.Settings().Keys[0], providerKey} {
			if strings.Contains(string(text), secret) {
				t.Errorf("event %d, %s, shows %q", i+1, event.Type, secret)
			}
		}
		states = states || i >= submitted && strings.Contains(string(text), "generation_id")
		if i >= submitted && strings.Contains(string(text), prompt) {
			t.Errorf("event %d, %s, after Submit, shows the prompt", i+1, event.Type)
		}
	}
	if !states {
		t.Error("the history shows no job, which is too little to check for prompts")
	}
}

func (w *world) history(t *testing.T, name string) []types.HistoryEvent {
	t.Helper()
	pages := sfn.NewGetExecutionHistoryPaginator(w.sfn, &sfn.GetExecutionHistoryInput{ExecutionArn: w.execution(t, name).ExecutionArn})
	var events []types.HistoryEvent
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, page.Events...)
	}
	return events
}

func (w *world) testByHandRefused(t *testing.T) {
	const name = "by-hand-refused"
	prompt := w.prompt("a request for seven seconds, by hand")
	w.startByHand(t, name, fmt.Sprintf(`{"prompt":%q,"duration":7}`, prompt))
	w.failed(t, name, "InvalidRequest")
	if w.sent(prompt) {
		t.Error("it was sent")
	}
	got := w.end(t, name)
	if got.Status != video.StateFailed || got.Error == nil || got.Error.Name != "InvalidRequest" || !strings.Contains(got.Error.Message, "5 or 10") {
		t.Errorf("the API returned %+v, %+v", got, got.Error)
	}
}
