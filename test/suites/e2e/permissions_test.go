package e2e

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/internal/dev/policy"
	"github.com/takeup/takeup/internal/dev/template"
)

// explained are the grants that no recorded call uses.
func explained() []policy.Exemption {
	return []policy.Exemption{
		{Function: "PromptsFunction", Action: "sqs:SendMessage", Reason: "Lambda sends what could not be handled to the queue, with the function's role"},
		{Function: "OutboxFunction", Action: "dynamodb:DescribeStream", Reason: "Lambda reads the stream, with the function's role"},
		{Function: "OutboxFunction", Action: "dynamodb:GetRecords", Reason: "Lambda reads the stream, with the function's role"},
		{Function: "OutboxFunction", Action: "dynamodb:GetShardIterator", Reason: "Lambda reads the stream, with the function's role"},
		{Function: "DeliverFunction", Action: "sqs:ReceiveMessage", Reason: "Lambda reads the queues with the function's role"},
		{Function: "DeliverFunction", Action: "sqs:DeleteMessage", Reason: "Lambda reads the queues with the function's role"},
		{Function: "DeliverFunction", Action: "sqs:GetQueueAttributes", Reason: "Lambda reads the queues with the function's role"},
		{Function: "TextToVideo", Action: "*", Reason: "Step Functions makes its calls itself"},
		{Function: "Batch", Action: "*", Reason: "Step Functions makes its calls itself"},
		{Function: "BatchFunction", Action: "states:StartExecution", Reason: "the state machine starts the executions; the function does if that failed"},
		{Function: "BatchFunction", Action: "s3:AbortMultipartUpload", Reason: "only files of many megabytes are written in parts, and given up only if that fails"},
		{Function: "ApiFunction", Action: "s3:AbortMultipartUpload", Reason: "as for BatchFunction"},
	}
}

// policies returns what the template in source allows in the stack.
func (w *world) policies(source []byte) (map[string][]policy.Statement, error) {
	parsed, err := template.Parse(source)
	if err != nil {
		return nil, err
	}
	values, err := template.FromOutputs(w.stack.Outputs)
	if err != nil {
		return nil, err
	}
	values.AddFunctions(w.functions)
	return policy.FromTemplate(parsed, values)
}

// grants returns the template's grants.
func (w *world) grants(t *testing.T) []policy.Grant {
	t.Helper()
	source, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	policies, err := w.policies(source)
	if err != nil {
		t.Fatal(err)
	}
	return policy.Grants(policies)
}

// testPermissions compares the calls that the functions made in this run with the template: each
// call is allowed, and each grant was needed.
func (w *world) testPermissions(t *testing.T) {
	source, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	calls := w.calls()
	problems := func(t *testing.T, source []byte) []string {
		policies, err := w.policies(source)
		if err != nil {
			t.Fatal(err)
		}
		return audit(policies, calls)
	}
	for _, problem := range problems(t, source) {
		t.Error(problem)
	}
	for _, function := range []string{"SubmitFunction", "CheckFunction", "StoreFunction", "BatchFunction", "ApiFunction", "AuthorizeFunction", "PromptsFunction", "SettleFunction", "OutboxFunction", "DeliverFunction", "PricesFunction", "WatchFunction"} {
		if !slices.ContainsFunc(calls, func(c policy.Call) bool { return c.Function == function }) {
			t.Errorf("no call of %s was recorded", function)
		}
	}

	// The audit must fail on templates that are wrong.
	for _, broken := range []struct{ name, old, new, want string }{
		{
			"a grant is missing",
			"Action: s3:AbortMultipartUpload", "Action: s3:DeleteObject",
			"StoreFunction calls s3:AbortMultipartUpload on arn:aws:s3:::",
		},
		{
			"a listing is missing",
			"Action: s3:ListBucket", "Action: s3:ListBucketVersions",
			"StoreFunction calls s3:ListBucket on arn:aws:s3:::",
		},
		{
			"an execution's ARN is taken for a machine's",
			":execution:${TextToVideo.Name}:*", ":stateMachine:${TextToVideo.Name}",
			"ApiFunction calls states:DescribeExecution on arn:aws:states:",
		},
		{
			"a grant is too much",
			"Action: s3:AbortMultipartUpload", "Action: [s3:AbortMultipartUpload, s3:PutObjectTagging]",
			"StoreFunction is granted s3:PutObjectTagging on arn:aws:s3:::",
		},
		{
			"a grant is too wide in its actions",
			"Action: states:DescribeExecution", "Action: [states:DescribeExecution, states:StopExecution]",
			"PromptsFunction is granted states:StopExecution on arn:aws:states:",
		},
	} {
		t.Run(broken.name, func(t *testing.T) {
			text := strings.ReplaceAll(string(source), broken.old, broken.new)
			if text == string(source) {
				t.Fatalf("the template has no %q", broken.old)
			}
			found := problems(t, []byte(text))
			if !slices.ContainsFunc(found, func(problem string) bool { return strings.HasPrefix(problem, broken.want) }) {
				t.Errorf("it isn't found: %q", found)
			}
		})
	}
}

// testPlainHTTP reads a missing key by a signed URL. The buckets refuse requests without TLS,
// whatever the caller's rights. The caller is a user who may do everything, since the engine
// doesn't check the rights of the account's root.
func (w *world) testPlainHTTP(t *testing.T) {
	users, user, policy := iam.NewFromConfig(w.stack.Config()), "plain-http", "all"
	if _, err := users.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &user}); err != nil {
		t.Fatal(err)
	}
	allow := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
	if _, err := users.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: &user, PolicyName: &policy, PolicyDocument: &allow}); err != nil {
		t.Fatal(err)
	}
	key, err := users.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &user})
	if err != nil {
		t.Fatal(err)
	}
	config := w.stack.Config()
	config.Credentials = credentials.NewStaticCredentialsProvider(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, "")
	signer := s3.NewPresignClient(s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true }))
	for _, bucket := range []string{"VideosBucket", "PromptsBucket"} {
		name, key := w.stack.Outputs[bucket], "there is no such key"
		signed, err := signer.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: &name, Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		for proto, want := range map[string]int{"https": http.StatusNotFound, "http": http.StatusForbidden} {
			if status, _, reply := call(t, http.MethodGet, signed.URL, "", "", "X-Forwarded-Proto: "+proto); status != want {
				t.Errorf("%s by %s: %d, %s", bucket, proto, status, reply)
			}
		}
	}
}

// calls returns each distinct recorded call, with the template's names of the functions.
func (w *world) calls() []policy.Call {
	names, seen := w.logical(), map[string]bool{}
	var calls []policy.Call
	for _, call := range w.recorder.Calls() {
		if name, ok := names[call.Function]; ok {
			call.Function = name
		}
		if key := fmt.Sprint(call); !seen[key] {
			seen[key] = true
			calls = append(calls, call)
		}
	}
	return calls
}

// audit returns a sentence for each call that isn't allowed, and for each grant that no call
// needed and nothing explains.
func audit(policies map[string][]policy.Statement, calls []policy.Call) []string {
	var problems []string
	for _, c := range calls {
		if !policy.Allowed(policies[c.Function], c) {
			problems = append(problems, fmt.Sprintf("%s calls %s on %s (%v), which the template does not allow", c.Function, c.Action, c.Resource, c.Context))
		}
	}
	unused, idle := policy.Unexempted(policy.Unused(policies, calls), explained())
	for _, g := range unused {
		problems = append(problems, fmt.Sprintf("%s is granted %s on %s (%s), which it never needs", g.Function, g.Action, g.Resource, g.Origin))
	}
	for _, excuse := range idle {
		problems = append(problems, fmt.Sprintf("%s %s is explained, and is either used or not granted", excuse.Function, excuse.Action))
	}
	return problems
}
