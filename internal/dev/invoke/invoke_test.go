package invoke

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/dev/template"
)

// built is the part of sam build's template that is read.
const built = `Parameters:
  Architecture:
    Type: String
    Default: arm64
Resources:
  SubmitFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: SubmitFunction
      Timeout: 60
      Environment:
        Variables:
          PROVIDER_BASE_URL:
            Ref: ProviderBaseUrl
  AuthorizeFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: AuthorizeFunction
  VideosBucket:
    Type: AWS::S3::Bucket
`

func prepared(t *testing.T, config Config) (*Workspace, map[string]map[string]any) {
	t.Helper()
	config.Built = t.TempDir()
	config.Relay = filepath.Join(config.Built, "relay")
	write := func(path, text string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(config.Built, "template.yaml"), built)
	write(filepath.Join(config.Built, "SubmitFunction", "bootstrap"), "submit")
	write(filepath.Join(config.Built, "AuthorizeFunction", "bootstrap"), "authorize")
	write(config.Relay, "relay")
	w, err := Prepare(filepath.Join(t.TempDir(), "invoke"), config)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(w.Template())
	if err != nil {
		t.Fatal(err)
	}
	var template map[string]any
	if err := json.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	if got := template["Parameters"].(map[string]any)["Architecture"].(map[string]any)["Default"]; got != config.Architecture {
		t.Errorf("the architecture is %v", got)
	}
	return w, functions(template)
}

func variables(function map[string]any) map[string]any {
	return function["Environment"].(map[string]any)["Variables"].(map[string]any)
}

func TestPrepareForAStackOnThisMachine(t *testing.T) {
	w, all := prepared(t, Config{
		Architecture: "x86_64", Endpoint: "http://127.0.0.1:4566",
		Environment: map[string]map[string]string{"SubmitFunction": {"PROVIDER_BASE_URL": "http://localhost:9000", "POLL_WINDOW_SECONDS": "240"}},
	})
	if !slices.Equal(w.Ports, []int{4566, 9000}) {
		t.Errorf("the ports are %v", w.Ports)
	}
	want := map[string]any{"PROVIDER_BASE_URL": "http://localhost:9000", "POLL_WINDOW_SECONDS": "240", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}
	got := variables(all["SubmitFunction"])
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %v", name, got[name])
		}
	}
	if all["SubmitFunction"]["CodeUri"] != w.Code() || all["SubmitFunction"]["Timeout"] != 60.0 {
		t.Errorf("the function is %v", all["SubmitFunction"])
	}
	for name, text := range map[string]string{"bootstrap": "relay", "SubmitFunction": "submit", "AuthorizeFunction": "authorize"} {
		path := filepath.Join(w.Code(), name)
		content, err := os.ReadFile(path)
		info, statErr := os.Stat(path)
		if err != nil || statErr != nil || string(content) != text || info.Mode().Perm()&0o111 == 0 {
			t.Errorf("%s has %q, %v, %v", name, content, err, statErr)
		}
	}
	if err := w.WriteEvent("authorize", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(w.Event("authorize")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the event, which holds the token: %v, %v", info, err)
	}
	if err := w.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(w.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is left: %v", err)
	}
}

// A container reaches AWS without a relay, so the function runs as it was built.
func TestPrepareForADeployedStack(t *testing.T) {
	w, all := prepared(t, Config{
		Architecture: "arm64", Environment: map[string]map[string]string{"SubmitFunction": {"PROVIDER_BASE_URL": "https://api.aimlapi.com"}},
	})
	if len(w.Ports) > 0 {
		t.Errorf("the ports are %v", w.Ports)
	}
	submit := all["SubmitFunction"]
	if _, ok := variables(submit)["AWS_ENDPOINT_URL"]; ok || !strings.HasSuffix(submit["CodeUri"].(string), "/SubmitFunction") {
		t.Errorf("the function is %v", submit)
	}
}

func TestVerdict(t *testing.T) {
	for _, test := range []struct {
		answer string
		failed string // the error's name
		none   bool
	}{
		{answer: `{"id":"a","status":"generating"}`},
		{answer: `null`},
		{answer: `{"statusCode":500,"body":"{\"errorType\":\"x\"}"}`},
		{answer: `{"errorType":"Unauthorized","errorMessage":"Unauthorized"}`, failed: "Unauthorized"},
		{answer: `{"errorMessage":"it ended","errorType":"Runtime.ExitError"}`, failed: "Runtime.ExitError"},
		{answer: ``, none: true},
		{answer: `Function timed out`, none: true},
	} {
		err := verdict("SubmitFunction", []byte(test.answer))
		var failed *FunctionFailed
		var none *NoAnswer
		if errors.As(err, &failed) != (test.failed != "") || failed != nil && failed.Type != test.failed || errors.As(err, &none) != test.none {
			t.Errorf("%q gives %v", test.answer, err)
		}
	}
}

func TestName(t *testing.T) {
	ids := []string{"SubmitFunction", "CheckFunction"}
	for _, given := range []string{"submit", "SubmitFunction"} {
		if name, err := Name(given, ids); err != nil || name != "submit" || logicalID(name) != "SubmitFunction" {
			t.Errorf("%s is %q, %v", given, name, err)
		}
	}
	for given, want := range map[string]string{"": "no function is given; choose one of check, submit", "x": `there is no function "x"; choose one of check, submit`} {
		if _, err := Name(given, ids); err == nil || err.Error() != want {
			t.Errorf("%q gives %v", given, err)
		}
	}
}

func TestEffect(t *testing.T) {
	for _, test := range []struct{ name, event, want string }{
		{"submit", `{"execution":"a-boat","input":{}}`, "buys a video, at the price that takeup estimate shows, unless job a-boat was submitted before. No execution runs the job then; takeup redrive a-boat resumes it."},
		{"check", `{"id":"a-boat"}`, "ends job a-boat if"},
		{"store", `{"id":"a-boat"}`, "copies the video of job a-boat"},
		{"prompts", `{}`, "Each job buys a video"},
		{"api", `{"httpMethod":"POST"}`, "buys the video"},
		{"api", `{"httpMethod":"GET"}`, "changes nothing"},
		{"api", `[`, "buys the video"},
		{"authorize", `{}`, "changes nothing"},
	} {
		if got := Effect(test.name, []byte(test.event)); !strings.Contains(got, test.want) {
			t.Errorf("%s %s: %s", test.name, test.event, got)
		}
	}
}

// TestEnvironments compares the environments with the template of this repository.
func TestEnvironments(t *testing.T) {
	outputs := map[string]string{
		"JobsTable": "jobs", "VideosBucket": "videos", "PromptsBucket": "prompts",
		"ProviderKeySecret": "arn:aws:secretsmanager:eu-west-1:1:secret:key", "ApiTokenSecret": "arn:aws:secretsmanager:eu-west-1:1:secret:token",
		"StateMachineArn":      "arn:aws:states:eu-west-1:1:stateMachine:machine",
		"BatchStateMachineArn": "arn:aws:states:eu-west-1:1:stateMachine:batch",
		"UnhandledPromptsUrl":  "https://sqs.eu-west-1.amazonaws.com/1/queue",
		"UntoldEventsUrl":      "https://sqs.eu-west-1.amazonaws.com/1/untold",
		"WebhooksUrl":          "https://sqs.eu-west-1.amazonaws.com/1/Webhooks", "SlowWebhooksUrl": "https://sqs.eu-west-1.amazonaws.com/1/SlowWebhooks", "UndeliveredWebhooksUrl": "https://sqs.eu-west-1.amazonaws.com/1/UndeliveredWebhooks",
		"WebhookSecret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:Webhook-AbCdEf",
		"NotifyTopic":   "arn:aws:sns:eu-west-1:1:told",
	}
	got, err := Environments(os.DirFS("../../.."), "boats", outputs, map[string]string{"ProviderBaseUrl": "https://provider.example", "PollWindowSeconds": "9", "WebhookUrl": "****"})
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]map[string]string{
		"SubmitFunction":    {"JOBS_TABLE": "jobs", "PROVIDER_BASE_URL": "https://provider.example", "POLL_WINDOW_SECONDS": "9", "PROVIDER_KEY_SECRET": outputs["ProviderKeySecret"]},
		"CheckFunction":     {"JOBS_TABLE": "jobs"},
		"StoreFunction":     {"MAX_VIDEO_MIB": "2048"},
		"PromptsFunction":   {"STATE_MACHINE_ARN": outputs["StateMachineArn"]},
		"ApiFunction":       {"PROMPTS_BUCKET": "prompts"},
		"DeliverFunction":   {"WEBHOOK_URL_SECRET": ""},
		"OutboxFunction":    {"STACK_WEBHOOK": "false", "STACK_NAME": "boats", "NOTIFY_TOPIC_ARN": outputs["NotifyTopic"]},
		"AuthorizeFunction": {"API_TOKEN_SECRET": outputs["ApiTokenSecret"]},
	} {
		for name, value := range want {
			if got[id][name] != value {
				t.Errorf("%s: %s is %q", id, name, got[id][name])
			}
		}
	}
	var wrong *template.BadOutput
	if _, err := Environments(os.DirFS("../../.."), "", nil, nil); !errors.As(err, &wrong) {
		t.Errorf("without outputs: %v", err)
	}
	if _, err := Environments(os.DirFS(t.TempDir()), "", outputs, nil); err == nil || !strings.Contains(err.Error(), "Takeup's repository") {
		t.Errorf("elsewhere: %v", err)
	}
}

func TestEngine(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "docker.sock")
	var none *NoEngine
	if _, err := FindEngine(t.Context(), "unix://"+socket); !errors.As(err, &none) || !strings.Contains(err.Error(), "apt-get install docker.io") {
		t.Errorf("without an engine: %v", err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan string, 4)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		if strings.Contains(r.URL.Path, "arm64") {
			w.WriteHeader(http.StatusNotFound)
		}
	})}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		if err := server.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	e, err := FindEngine(t.Context(), "unix://"+socket)
	if err != nil || e.Address != "unix://"+socket {
		t.Fatal(err)
	}
	if !e.HasImage(t.Context(), Image("x86_64")) || e.HasImage(t.Context(), Image("arm64")) {
		t.Error("it takes an image for another")
	}
	<-asked
	if got, want := <-asked, "/images/public.ecr.aws/lambda/provided:al2023-x86_64/json"; got != want {
		t.Errorf("it asked for %s, not %s", got, want)
	}
	if other, err := FindEngine(t.Context(), "ssh://host"); err != nil || other.HasImage(t.Context(), "x") {
		t.Errorf("one by SSH: %v", err)
	}
}
