package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestInvokeRefuses(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	w, f := withAPI(t)
	a := newFakeAWS(t, f)
	a.outputs["ProviderKeySecret"], a.outputs["ApiTokenSecret"] = "arn:aws:secretsmanager:eu-west-1:1:secret:key", "arn:aws:secretsmanager:eu-west-1:1:secret:token"
	a.outputs["UnhandledPromptsUrl"] = "https://sqs.eu-west-1.amazonaws.com/1/queue"
	a.outputs["UntoldEventsUrl"] = "https://sqs.eu-west-1.amazonaws.com/1/untold"
	for _, queue := range []string{"Webhooks", "SlowWebhooks", "UndeliveredWebhooks"} {
		a.outputs[queue+"Url"] = "https://sqs.eu-west-1.amazonaws.com/1/" + queue
	}
	a.outputs["WebhookSecret"] = "arn:aws:secretsmanager:eu-west-1:1:secret:webhook"
	clear(w.Vars)
	w.Vars["DOCKER_HOST"] = "unix://" + filepath.Join(t.TempDir(), "none.sock")
	for _, test := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"invoke", "submit"}, exitUsage, "no stack is running in .takeup; `make up` starts one; for a deployed stack give --stack"},
		{[]string{"invoke", "submit", "--prepare"}, exitUsage, "--prepare is for all functions"},
		{[]string{"invoke", "submit", "--stack", "takeup"}, exitFailed, "run this in Takeup's repository"},
	} {
		w.Err.Reset()
		if status := w.run(t.Context(), test.args...); status != test.status || !strings.Contains(w.Err.String(), test.want) {
			t.Errorf("%q: %d, %s", test.args, status, &w.Err)
		}
	}
	template, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("template.yaml", template, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"invoke", "--stack", "takeup"}, exitUsage, "no function is given; choose one of api, authorize, batch, check, deliver, outbox, prices, prompts, settle, store, submit, watch"},
		{[]string{"invoke", "publish", "--stack", "takeup"}, exitUsage, `there is no function "publish"`},
		{[]string{"invoke", "submit", "--stack", "takeup"}, exitFailed, "needs a Docker engine, and none answers at unix:///"},
	} {
		w.Err.Reset()
		if status := w.run(t.Context(), test.args...); status != test.status || !strings.Contains(w.Err.String(), test.want) {
			t.Errorf("%q: %d, %s", test.args, status, &w.Err)
		}
	}
}
