package bootstrap

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/takeup/takeup/internal/bucket/s3test"
	"github.com/takeup/takeup/internal/dev/template"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/test/harness/lambdas"
)

// The values of the secrets.
const (
	key   = "key-of-the-bootstrap-tests"
	token = "0123456789abcdefghijABCDEFGHIJ0123456789abcdefgh"
)

// services fakes what the functions call: DynamoDB, S3, three JSON services and the provider.
type services struct {
	jobs     *dynamotest.Server
	s3       *s3test.Server
	provider *sim.Server
	url      string // the provider
	json     string // the JSON services

	mu      sync.Mutex
	started []started
	// messages are the messages that functions sent, each after the URL of its queue.
	messages []string
	fault    script.Fault // of every retrieve call
}

// started is an execution that a function started.
type started struct {
	Machine string `json:"stateMachineArn"`
	Name    string `json:"name"`
	Input   string `json:"input"`
}

func newServices(t *testing.T) *services {
	t.Helper()
	s := &services{jobs: dynamotest.New(t), s3: s3test.New(t)}
	settings, balance := script.DefaultSettings(), 100.0
	settings.Keys, settings.JobSeconds, settings.BalanceUSD = []string{key}, 0, &balance
	var err error
	s.provider, err = sim.New(sim.Config{Settings: settings, Plan: s.plan})
	if err != nil {
		t.Fatal(err)
	}
	provider, fakes := httptest.NewServer(s.provider), httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(provider.Close)
	t.Cleanup(fakes.Close)
	s.url, s.json = provider.URL, fakes.URL
	return s
}

func (s *services) plan(call script.Call) script.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if call.Kind == script.KindRetrieve {
		return s.fault
	}
	return script.Fault{}
}

// retrieves makes the provider answer every retrieve call with body from now on.
func (s *services) retrieves(body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = script.Fault{Body: body}
}

// executions returns the executions that were started.
func (s *services) executions() []started {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.started)
}

// serve answers the functions' requests to Secrets Manager, SQS and Step Functions.
func (s *services) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var in struct {
		SecretID string `json:"SecretId"`
		QueueURL string `json:"QueueUrl"`
		Entries  []struct {
			ID   string `json:"Id"`
			Body string `json:"MessageBody"`
		}
		started
	}
	if err := json.Unmarshal(body, &in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var reply map[string]any
	status := http.StatusOK
	switch r.Header.Get("X-Amz-Target") {
	case "secretsmanager.GetSecretValue":
		value, ok := map[string]string{lambdas.KeySecret: key, lambdas.TokenSecret: `{"alice":"` + token + `"}`, lambdas.WebhookSecret: strings.Repeat("aBc1", 12)}[in.SecretID]
		if !ok {
			reply, status = map[string]any{"__type": "ResourceNotFoundException"}, http.StatusBadRequest
			break
		}
		reply = map[string]any{"ARN": in.SecretID, "SecretString": value, "VersionId": "a-version"}
	case "AmazonSQS.SendMessageBatch":
		var sent []any
		for _, e := range in.Entries {
			sum := md5.Sum([]byte(e.Body))
			sent = append(sent, map[string]any{"Id": e.ID, "MessageId": "m", "MD5OfMessageBody": hex.EncodeToString(sum[:])})
			s.mu.Lock()
			s.messages = append(s.messages, in.QueueURL+" "+e.Body)
			s.mu.Unlock()
		}
		reply = map[string]any{"Successful": sent, "Failed": []any{}}
	case "AWSStepFunctions.StartExecution":
		s.mu.Lock()
		s.started = append(s.started, in.started)
		s.mu.Unlock()
		reply = map[string]any{"executionArn": "arn:" + in.Name, "startDate": 1787313600}
	case "AWSStepFunctions.DescribeExecution":
		reply, status = map[string]any{"__type": "ExecutionDoesNotExist"}, http.StatusBadRequest
	case "AWSStepFunctions.ListExecutions":
		reply = map[string]any{"executions": []any{}}
	default:
		reply, status = map[string]any{"__type": "UnknownOperationException"}, http.StatusBadRequest
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(reply); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// platform is the environment that Lambda itself gives a function.
func (s *services) platform() map[string]string {
	env := lambdas.Platform()
	env["AWS_ENDPOINT_URL"], env["AWS_ENDPOINT_URL_S3"], env["AWS_ENDPOINT_URL_DYNAMODB"] = s.json, s.s3.URL, s.jobs.URL
	return env
}

// parameters are those of the template that have no default, or need another value here.
func (s *services) parameters() template.Values {
	return template.Values{"ProviderBaseUrl": s.url, "LoopbackSources": "true"}
}
