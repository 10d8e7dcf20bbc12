package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/api/apitest"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/cli/clitest"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

// fakeAWS is a fake AWS with a deployed stack. It has the calls that the commands make to
// CloudFormation, Secrets Manager, Step Functions and S3, and to the API and the provider behind
// them.
type fakeAWS struct {
	*httptest.Server
	outputs, parameters map[string]string
	status              string
	denied              string // a call that is not allowed
	balance             float64
	executions          int // Lambda's limit on concurrent executions
	versioning          string
	api                 http.Handler
	tokens, pending     string // the secret with the API's tokens
	table               *dynamotest.Server
}

func newFakeAWS(t *testing.T, api *apitest.Server) *fakeAWS {
	t.Helper()
	target, err := url.Parse(api.URL)
	if err != nil {
		t.Fatal(err)
	}
	a := &fakeAWS{
		tokens: `{"default":"` + apitest.Token + `"}`, table: dynamotest.New(t),
		status: "CREATE_COMPLETE", balance: 9.8, executions: 1000, versioning: "Enabled",
		api: http.StripPrefix("/_aws/execute-api/abc/takeup", httputil.NewSingleHostReverseProxy(target)),
		outputs: map[string]string{
			"ApiUrl": "https://abc.execute-api.eu-west-1.amazonaws.com/takeup", "ApiId": "abc", "ApiStage": "takeup", "ApiTokenSecret": "token",
			"JobsTable": "jobs", "VideosBucket": "videos", "PromptsBucket": "prompts", "ProviderKeySecret": "key",
			"StateMachineArn":      "arn:aws:states:eu-west-1:000000000000:stateMachine:text-to-video",
			"BatchStateMachineArn": "arn:aws:states:eu-west-1:000000000000:stateMachine:batch",
			"UnhandledPromptsUrl":  "https://sqs.example/1/unhandled", "UntoldEventsUrl": "https://sqs.example/1/untold", "UndeliveredWebhooksUrl": "https://sqs.example/1/undelivered",
		},
	}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	a.parameters = map[string]string{"ProviderBaseUrl": a.URL + "/"}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": a.URL, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-west-1",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_MAX_ATTEMPTS": "1", "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
	return a
}

func (a *fakeAWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_aws/execute-api/") {
		a.api.ServeHTTP(w, r)
		return
	}
	name := r.Header.Get("X-Amz-Target")
	switch {
	case r.URL.Path == "/v2/billing":
		name = "billing"
	case r.Method == http.MethodHead:
		name = "HeadBucket " + strings.Trim(r.URL.Path, "/")
	case r.URL.Query().Has("versioning"):
		name = "GetBucketVersioning"
	case strings.HasSuffix(r.URL.Path, "/account-settings"):
		name = "GetAccountSettings"
	case name == "":
		name = r.FormValue("Action")
	}
	if a.denied != "" && strings.HasSuffix(name, a.denied) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"__type":"AccessDeniedException","message":"you may not"}`)
		return
	}
	if strings.HasPrefix(name, "DynamoDB_") {
		a.table.ServeHTTP(w, r)
		return
	}
	switch name {
	case "GetCallerIdentity":
		w.Header().Set("Content-Type", "text/xml")
		_, _ = io.WriteString(w, "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ann</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>")
	case "billing":
		_ = json.NewEncoder(w).Encode(map[string]any{"current_balance": a.balance, "currency": "USD"})
	case "HeadBucket videos", "HeadBucket prompts":
	case "GetBucketVersioning":
		fmt.Fprintf(w, "<VersioningConfiguration><Status>%s</Status></VersioningConfiguration>", a.versioning)
	case "secretsmanager.GetSecretValue":
		var asked struct{ SecretID string }
		_ = json.NewDecoder(r.Body).Decode(&asked)
		value := map[string]string{"token": a.tokens, "key": "the-key\n"}[asked.SecretID]
		_ = json.NewEncoder(w).Encode(map[string]string{"SecretString": value, "VersionId": "1"})
	case "secretsmanager.PutSecretValue":
		var put struct{ SecretString string }
		_ = json.NewDecoder(r.Body).Decode(&put)
		a.pending = put.SecretString
		_ = json.NewEncoder(w).Encode(map[string]string{"VersionId": "2"})
	case "secretsmanager.UpdateSecretVersionStage":
		a.tokens = a.pending
		_, _ = io.WriteString(w, "{}")
	case "AmazonSQS.GetQueueAttributes":
		_ = json.NewEncoder(w).Encode(map[string]any{"Attributes": map[string]string{"ApproximateNumberOfMessages": "0"}})
	case "AWSStepFunctions.DescribeStateMachine":
		_ = json.NewEncoder(w).Encode(map[string]any{"name": "text-to-video", "status": "ACTIVE"})
	case "GetAccountSettings":
		_ = json.NewEncoder(w).Encode(map[string]any{"AccountLimit": map[string]int{"ConcurrentExecutions": a.executions}})
	case "GetTemplateSummary":
		w.Header().Set("Content-Type", "text/xml")
		_, _ = io.WriteString(w, `<GetTemplateSummaryResponse><GetTemplateSummaryResult><Parameters>`+
			`<member><ParameterKey>ProviderKey</ParameterKey><NoEcho>true</NoEcho></member>`+
			`<member><ParameterKey>ProviderBaseUrl</ParameterKey><DefaultValue>https://api.aimlapi.com</DefaultValue></member>`+
			`</Parameters></GetTemplateSummaryResult></GetTemplateSummaryResponse>`)
	case "DescribeStacks":
		a.stacks(w, r)
	default:
		w.WriteHeader(http.StatusNotImplemented)
	}
}

func (a *fakeAWS) stacks(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/xml")
	if err := r.ParseForm(); err != nil || r.Form.Get("StackName") != "takeup" {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, "<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack does not exist</Message></Error></ErrorResponse>")
		return
	}
	var members strings.Builder
	for name, value := range a.outputs {
		fmt.Fprintf(&members, "<member><OutputKey>%s</OutputKey><OutputValue>%s</OutputValue></member>", name, value)
	}
	parameters := ""
	for name, value := range a.parameters {
		parameters += fmt.Sprintf("<member><ParameterKey>%s</ParameterKey><ParameterValue>%s</ParameterValue></member>", name, value)
	}
	fmt.Fprintf(w, "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackStatus>%s</StackStatus><Outputs>%s</Outputs><Parameters>%s</Parameters></member></Stacks></DescribeStacksResult></DescribeStacksResponse>",
		a.status, &members, parameters)
}

func TestStackByName(t *testing.T) {
	w, f := withAPI(t)
	a := newFakeAWS(t, f)
	clear(w.Vars)
	addJobs(t, f)
	if status := w.run(t.Context(), "download", "stored", "--stack", "takeup"); status != 0 || !strings.Contains(w.Out.String(), "S3     s3://videos/"+objectkey.Video(video.Locator{ID: "stored", CreatedAt: apitest.Created})+"\n") {
		t.Errorf("got %d, %s%s", status, &w.Out, &w.Err)
	}
	w.Vars["TAKEUP_STACK"] = "takeup"
	if status := w.run(t.Context(), "list"); status != 0 {
		t.Errorf("by the environment: %d, %s", status, &w.Err)
	}
	for _, test := range []struct {
		name string
		set  func()
		args []string
		want string
	}{
		{"another name", func() {}, []string{"list", "--stack", "other"}, "the stack other was not found in region eu-west-1; give the name that it was deployed with"},
		{"no token", func() { a.denied = "GetSecretValue" }, []string{"list"}, "your AWS credentials need secretsmanager:GetSecretValue"},
		{"no default token", func() { a.denied, a.tokens = "", `{}` }, []string{"list"}, "create it with takeup token add default, or set TAKEUP_URL and TAKEUP_TOKEN to the API's address and a token of your own"},
		{"no tokens", func() { a.tokens = "a-bare-token-0123456789" }, []string{"list"}, "put a JSON object of names and tokens there"},
		{"no credentials", func() { a.denied = "DescribeStacks" }, []string{"list"}, "check your AWS credentials"},
		{"another's stack", func() { a.denied = ""; delete(a.outputs, "VideosBucket") }, []string{"list"}, "the stack takeup has no output VideosBucket"},
		{"another's, with the same outputs", func() { a.outputs["VideosBucket"] = "videos"; a.parameters = nil }, []string{"list"}, "no parameter ProviderBaseUrl"},
	} {
		test.set()
		w.Err.Reset()
		if status := w.run(t.Context(), test.args...); status != exitFailed || !strings.Contains(w.Err.String(), test.want) {
			t.Errorf("%s: %d, %s", test.name, status, &w.Err)
		}
	}
	t.Setenv("AWS_REGION", "")
	if status := w.run(t.Context(), "list"); status != exitUsage || !strings.Contains(w.Err.String(), "the AWS region is unknown") {
		t.Errorf("no region: %d, %s", status, &w.Err)
	}
}

func TestDoctorOfAStack(t *testing.T) {
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	w, f := withAPI(t)
	a := newFakeAWS(t, f)
	clear(w.Vars)
	var printed strings.Builder
	for _, test := range []struct {
		name string
		set  func()
	}{
		{"all correct", func() {}},
		{"several problems", func() {
			a.status, a.balance, a.versioning, a.denied = "ROLLBACK_COMPLETE", 0.5, "Suspended", "HeadBucket videos"
		}},
		{"a new account", func() { a.executions, a.parameters["PollWindowSeconds"] = 10, "240" }},
		{"the key is not accepted", func() { a.denied = "billing" }},
		{"no secret is read", func() { a.denied = "GetSecretValue" }},
		{"no stack", func() { a.denied = "DescribeStacks" }},
	} {
		test.set()
		w.Out.Reset()
		status := w.run(t.Context(), "doctor", "--stack", "takeup")
		fmt.Fprintf(&printed, "# %s\n%s(%d)\n\n", test.name, &w.Out, status)
	}
	t.Chdir(here)
	clitest.Golden(t, "doctor-stack", strings.ReplaceAll(printed.String(), a.URL, "http://aws"))
}
