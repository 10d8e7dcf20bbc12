package policy

import (
	"maps"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/dev/template"
)

// stack returns plausible outputs of a deployed stack.
func stack() map[string]string {
	return map[string]string{
		"StateMachineArn":      "arn:aws:states:eu-west-1:123456789012:stateMachine:takeup-TextToVideo-1",
		"BatchStateMachineArn": "arn:aws:states:eu-west-1:123456789012:stateMachine:takeup-Batch-1",
		"JobsTable":            "takeup-JobsTable-1",
		"VideosBucket":         "takeup-videos",
		"PromptsBucket":        "takeup-prompts",
		"ProviderKeySecret":    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:Key-a1b2c3",
		"ApiTokenSecret":       "arn:aws:secretsmanager:eu-west-1:123456789012:secret:Token-a1b2c3",
		"UnhandledPromptsUrl":  "https://sqs.eu-west-1.amazonaws.com/123456789012/takeup-UnhandledPrompts-1",
		"UntoldEventsUrl":      "https://sqs.eu-west-1.amazonaws.com/123456789012/takeup-UntoldEvents-1",
		"WebhooksUrl":          "https://sqs.eu-west-1.amazonaws.com/123456789012/takeup-Webhooks", "SlowWebhooksUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/takeup-SlowWebhooks", "UndeliveredWebhooksUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/takeup-UndeliveredWebhooks",
		"WebhookSecret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:Webhook-AbCdEf",
	}
}

func projectPolicies(t *testing.T) map[string][]Statement {
	t.Helper()
	text, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := template.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	outputs := stack()
	outputs["JobsTableStreamArn"] = "arn:aws:dynamodb:eu-west-1:123456789012:table/takeup-JobsTable-1/stream/2026-08-21T12:00:00.000"
	values, err := template.FromOutputs(outputs)
	if err != nil {
		t.Fatal(err)
	}
	values.AddFunctions(map[string]string{"SubmitFunction": "takeup-Submit-1", "CheckFunction": "takeup-Check-1", "StoreFunction": "takeup-Store-1", "BatchFunction": "takeup-Batch-1"})
	all, err := FromTemplate(parsed, values)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// With an existing table, each grant and each environment names that table.
func TestPoliciesOfAnotherTable(t *testing.T) {
	text, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := template.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	outputs := stack()
	outputs["JobsTable"] = "restored"
	values, err := template.FromOutputs(outputs)
	if err != nil {
		t.Fatal(err)
	}
	values.AddFunctions(map[string]string{"SubmitFunction": "takeup-Submit-1", "CheckFunction": "takeup-Check-1", "StoreFunction": "takeup-Store-1", "BatchFunction": "takeup-Batch-1"})
	values["JobsTableName"] = "restored"
	delete(values, "JobsTable")
	delete(values, "JobsTable.Arn")
	all, err := FromTemplate(parsed, values)
	if err != nil {
		t.Fatal(err)
	}
	const jobs = "arn:aws:dynamodb:eu-west-1:123456789012:table/restored"
	for _, function := range []string{"SubmitFunction", "CheckFunction", "StoreFunction", "ApiFunction", "PromptsFunction", "SettleFunction", "PricesFunction"} {
		if !Allowed(all[function], Call{Function: function, Action: "dynamodb:PutItem", Resource: jobs}) {
			t.Errorf("%s may not write the existing table", function)
		}
		values["ProviderKeySecret.Id"], values["AWS::StackName"] = "key", "takeup"
		if env, err := parsed.Environment(function, values); err != nil || env["JOBS_TABLE"] != "restored" {
			t.Errorf("%s has the table %q, %v", function, env["JOBS_TABLE"], err)
		}
	}
	for _, index := range []string{"by-day", "by-status"} {
		if !Allowed(all["ApiFunction"], Call{Function: "ApiFunction", Action: "dynamodb:Query", Resource: jobs + "/index/" + index}) {
			t.Errorf("the API may not list by %s", index)
		}
	}
}

func TestAllowed(t *testing.T) {
	const (
		videos, prompts = "arn:aws:s3:::takeup-videos", "arn:aws:s3:::takeup-prompts"
		machine         = "arn:aws:states:eu-west-1:123456789012:stateMachine:takeup-TextToVideo-1"
		executions      = "arn:aws:states:eu-west-1:123456789012:execution:takeup-TextToVideo-1:"
		key             = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:Key-a1b2c3"
		token           = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:Token-a1b2c3"
		jobs            = "arn:aws:dynamodb:eu-west-1:123456789012:table/takeup-JobsTable-1"
	)
	control := map[string]string{LeadingKeys: "control"}
	all := projectPolicies(t)
	for _, c := range []struct {
		call Call
		want bool
	}{
		{Call{Function: "SubmitFunction", Action: "dynamodb:PutItem", Resource: jobs}, true},
		{Call{Function: "SubmitFunction", Action: "DynamoDB:putitem", Resource: jobs}, true},
		{Call{Function: "SubmitFunction", Action: "dynamodb:ConditionCheckItem", Resource: jobs}, true},
		{Call{Function: "SubmitFunction", Action: "dynamodb:PutItem", Resource: jobs, Context: control}, true},
		{Call{Function: "ApiFunction", Action: "dynamodb:PutItem", Resource: jobs, Context: control}, false},
		{Call{Function: "ApiFunction", Action: "dynamodb:PutItem", Resource: jobs, Context: map[string]string{LeadingKeys: "job#a"}}, true},
		{Call{Function: "ApiFunction", Action: "dynamodb:Query", Resource: jobs, Context: control}, true},
		{Call{Function: "PromptsFunction", Action: "dynamodb:PutItem", Resource: jobs, Context: control}, false},
		{Call{Function: "CheckFunction", Action: "dynamodb:PutItem", Resource: jobs, Context: control}, false},
		{Call{Function: "StoreFunction", Action: "dynamodb:PutItem", Resource: jobs, Context: control}, false},
		{Call{Function: "SettleFunction", Action: "dynamodb:PutItem", Resource: jobs, Context: control}, false},
		{Call{Function: "PricesFunction", Action: "dynamodb:PutItem", Resource: jobs, Context: control}, false},
		{Call{Function: "ApiFunction", Action: "dynamodb:UpdateItem", Resource: jobs, Context: control}, false},
		{Call{Function: "CheckFunction", Action: "dynamodb:UpdateItem", Resource: jobs, Context: control}, false},
		{Call{Function: "StoreFunction", Action: "dynamodb:UpdateItem", Resource: jobs, Context: control}, false},
		{Call{Function: "SettleFunction", Action: "dynamodb:UpdateItem", Resource: jobs, Context: control}, false},
		{Call{Function: "SettleFunction", Action: "dynamodb:UpdateItem", Resource: jobs, Context: map[string]string{LeadingKeys: "money"}}, true},
		{Call{Function: "PricesFunction", Action: "dynamodb:UpdateItem", Resource: jobs}, false},
		{Call{Function: "PricesFunction", Action: "secretsmanager:GetSecretValue", Resource: key}, true},
		{Call{Function: "ApiFunction", Action: "secretsmanager:GetSecretValue", Resource: key}, false},
		{Call{Function: "SubmitFunction", Action: "dynamodb:DeleteItem", Resource: jobs}, false},
		{Call{Function: "SubmitFunction", Action: "dynamodb:Query", Resource: jobs}, true},
		{Call{Function: "SubmitFunction", Action: "dynamodb:Query", Resource: jobs + "/index/by-day"}, false},
		{Call{Function: "SubmitFunction", Action: "dynamodb:Query", Resource: jobs + "/index/by-turn"}, true},
		{Call{Function: "SubmitFunction", Action: "dynamodb:Scan", Resource: jobs}, false},
		{Call{Function: "SubmitFunction", Action: "s3:GetObject", Resource: videos + "/videos/a/video.json"}, false},
		{Call{Function: "SubmitFunction", Action: "secretsmanager:GetSecretValue", Resource: key}, true},
		{Call{Function: "SubmitFunction", Action: "secretsmanager:GetSecretValue", Resource: token}, false},
		{Call{Function: "CheckFunction", Action: "dynamodb:GetItem", Resource: jobs}, false},
		{Call{Function: "CheckFunction", Action: "dynamodb:PutItem", Resource: jobs}, true},
		{Call{Function: "StoreFunction", Action: "dynamodb:PutItem", Resource: jobs}, true},
		{AbsentKey("StoreFunction", videos, "videos/a/video.json"), true},
		{AbsentKey("StoreFunction", prompts, "videos/a/video.json"), false},
		// The patterns of keys allow further directories above a job's own.
		{AbsentKey("StoreFunction", videos, "videos/2026/08/21/a/video.json"), true},
		{Call{Function: "StoreFunction", Action: "s3:PutObject", Resource: videos + "/videos/2026/08/21/a/video.mp4"}, true},
		{Call{Function: "StoreFunction", Action: "s3:PutObject", Resource: videos + "/videos/2026/08/21/a/video.json"}, true},
		{Call{Function: "StoreFunction", Action: "s3:AbortMultipartUpload", Resource: videos + "/videos/2026/08/21/a/video.mp4"}, true},
		{Call{Function: "StoreFunction", Action: "s3:DeleteObject", Resource: videos + "/videos/2026/08/21/a/video.mp4"}, true},
		{Call{Function: "ApiFunction", Action: "s3:GetObject", Resource: videos + "/videos/2026/08/21/a/video.mp4"}, true},
		{Call{Function: "ApiFunction", Action: "s3:PutObject", Resource: videos + "/videos/2026/08/21/a/video.json"}, true},
		{Call{Function: "ApiFunction", Action: "s3:DeleteObject", Resource: videos + "/videos/2026/08/21/a/video.json"}, true},
		{Call{Function: "SettleFunction", Action: "s3:GetObject", Resource: videos + "/videos/2026/08/21/a/video.json"}, true},
		{Call{Function: "StoreFunction", Action: "s3:PutObject", Resource: videos + "/videos/a/video.mp4"}, true},
		{Call{Function: "StoreFunction", Action: "s3:AbortMultipartUpload", Resource: videos + "/videos/a/video.mp4"}, true},
		{Call{Function: "StoreFunction", Action: "s3:DeleteObject", Resource: videos + "/videos/a/video.mp4"}, true},
		{Call{Function: "StoreFunction", Action: "s3:DeleteObject", Resource: videos + "/rejected/a.json"}, false},
		{Call{Function: "ApiFunction", Action: "states:StartExecution", Resource: machine}, true},
		{Call{Function: "ApiFunction", Action: "states:StartExecution", Resource: machine + "0"}, false},
		{Call{Function: "ApiFunction", Action: "states:DescribeExecution", Resource: executions + "a"}, true},
		{Call{Function: "ApiFunction", Action: "states:DescribeExecution", Resource: machine}, false},
		{Call{Function: "ApiFunction", Action: "states:ListExecutions", Resource: machine}, false},
		{Call{Function: "ApiFunction", Action: "states:StopExecution", Resource: executions + "a"}, true},
		{Call{Function: "PromptsFunction", Action: "states:StopExecution", Resource: executions + "a"}, false},
		{Call{Function: "ApiFunction", Action: "dynamodb:Query", Resource: jobs + "/index/by-day"}, true},
		{Call{Function: "ApiFunction", Action: "dynamodb:Query", Resource: jobs + "/index/by-status"}, true},
		{Call{Function: "ApiFunction", Action: "dynamodb:PutItem", Resource: jobs}, true},
		{Call{Function: "ApiFunction", Action: "dynamodb:DeleteItem", Resource: jobs}, false},
		{Call{Function: "ApiFunction", Action: "s3:PutObject", Resource: videos + "/videos/a/video.json"}, true},
		{Call{Function: "ApiFunction", Action: "s3:PutObject", Resource: videos + "/videos/a/video.mp4"}, false},
		{Call{Function: "ApiFunction", Action: "s3:PutObject", Resource: videos + "/videos/a/poster.webp"}, true},
		{Call{Function: "ApiFunction", Action: "s3:GetObject", Resource: videos + "/videos/a/poster.webp"}, true},
		{Call{Function: "StoreFunction", Action: "s3:DeleteObject", Resource: videos + "/videos/a/poster.webp"}, true},
		{Call{Function: "ApiFunction", Action: "s3:DeleteObject", Resource: videos + "/videos/a/video.json"}, true},
		{Call{Function: "ApiFunction", Action: "s3:DeleteObject", Resource: videos + "/rejected/a.json"}, false},
		{Call{Function: "ApiFunction", Action: "s3:PutObject", Resource: videos + "/batches/a/results.csv"}, true},
		{Call{Function: "ApiFunction", Action: "s3:PutObject", Resource: videos + "/batches/a/1/lines.jsonl"}, false},
		{Call{Function: "ApiFunction", Action: "s3:PutObject", Resource: prompts + "/uploads/a.txt"}, true},
		{Call{Function: "ApiFunction", Action: "s3:PutObject", Resource: prompts + "/a.txt"}, false},
		{Call{Function: "ApiFunction", Action: "secretsmanager:GetSecretValue", Resource: token}, false},
		{Call{Function: "AuthorizeFunction", Action: "secretsmanager:GetSecretValue", Resource: token}, true},
		{Call{Function: "AuthorizeFunction", Action: "secretsmanager:GetSecretValue", Resource: key}, false},
		{Call{Function: "PromptsFunction", Action: "s3:GetObjectVersion", Resource: prompts + "/a dir/b.TXT"}, true},
		{Call{Function: "PromptsFunction", Action: "s3:PutObject", Resource: prompts + "/a.txt"}, false},
		{Call{Function: "PromptsFunction", Action: "s3:PutObject", Resource: videos + "/rejected/a.txt.json"}, true},
		{Call{Function: "PromptsFunction", Action: "sqs:SendMessage", Resource: "arn:aws:sqs:eu-west-1:123456789012:takeup-UnhandledPrompts-1"}, true},
		{Call{Function: "TextToVideo", Action: "lambda:InvokeFunction", Resource: "arn:aws:lambda:eu-west-1:123456789012:function:takeup-Store-1"}, true},
		{Call{Function: "TextToVideo", Action: "lambda:InvokeFunction", Resource: "arn:aws:lambda:eu-west-1:123456789012:function:takeup-Api-1"}, false},
		{Call{Function: "PromptsFunction", Action: "dynamodb:Query", Resource: jobs}, true},
		{Call{Function: "SettleFunction", Action: "dynamodb:Query", Resource: jobs + "/index/by-status"}, true},
		{Call{Function: "SettleFunction", Action: "dynamodb:Query", Resource: jobs + "/index/by-day"}, false},
		{Call{Function: "SettleFunction", Action: "states:DescribeExecution", Resource: executions + "a"}, true},
		{Call{Function: "SettleFunction", Action: "states:ListExecutions", Resource: machine}, true},
		{Call{Function: "SettleFunction", Action: "states:StopExecution", Resource: executions + "a"}, false},
		{Call{Function: "SettleFunction", Action: "s3:PutObject", Resource: videos + "/videos/a/video.json"}, false},
		{Call{Function: "OutboxFunction", Action: "dynamodb:DeleteItem", Resource: jobs, Context: map[string]string{LeadingKeys: "outbox"}}, true},
		{Call{Function: "OutboxFunction", Action: "dynamodb:DeleteItem", Resource: jobs, Context: map[string]string{LeadingKeys: "job#a"}}, false},
		{Call{Function: "OutboxFunction", Action: "dynamodb:PutItem", Resource: jobs}, false},
		{Call{Function: "OutboxFunction", Action: "dynamodb:GetRecords", Resource: jobs + "/stream/2026-08-21T12:00:00.000"}, true},
		{Call{Function: "OutboxFunction", Action: "events:PutEvents", Resource: "arn:aws:events:eu-west-1:123456789012:event-bus/default", Context: map[string]string{"events:source": "takeup"}}, true},
		{Call{Function: "OutboxFunction", Action: "events:PutEvents", Resource: "arn:aws:events:eu-west-1:123456789012:event-bus/default", Context: map[string]string{"events:source": "aws.states"}}, false},
		{Call{Function: "OutboxFunction", Action: "events:PutEvents", Resource: "arn:aws:events:eu-west-1:123456789012:event-bus/other"}, false},
		{Call{Function: "OutboxFunction", Action: "sqs:SendMessage", Resource: "arn:aws:sqs:eu-west-1:123456789012:takeup-UntoldEvents-1"}, true},
		{Call{Function: "SettleFunction", Action: "events:PutEvents", Resource: "arn:aws:events:eu-west-1:123456789012:event-bus/default"}, false},
		{Call{Function: "NoFunction", Action: "dynamodb:Query", Resource: jobs}, false},
	} {
		if got := Allowed(all[c.call.Function], c.call); got != c.want {
			t.Errorf("%+v: allowed is %v", c.call, got)
		}
	}
}

// TestOwnKey: functions that read or write an encrypted store may use its key, and only through
// the store's service.
func TestOwnKey(t *testing.T) {
	text, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := template.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	values, err := template.FromOutputs(stack())
	if err != nil {
		t.Fatal(err)
	}
	const key = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd"
	values["KmsKeyArn"], values["AWS::URLSuffix"] = key, "amazonaws.com"
	values.AddFunctions(map[string]string{"SubmitFunction": "takeup-Submit-1", "CheckFunction": "takeup-Check-1", "StoreFunction": "takeup-Store-1", "BatchFunction": "takeup-Batch-1"})
	all, err := FromTemplate(parsed, values)
	if err != nil {
		t.Fatal(err)
	}
	via := func(service string) map[string]string { return map[string]string{"kms:ViaService": service} }
	for _, function := range parsed.Functions() {
		for _, action := range []string{"kms:Decrypt", "kms:GenerateDataKey"} {
			call := Call{Function: function, Action: action, Resource: key, Context: via("s3.eu-west-1.amazonaws.com")}
			if got, want := Allowed(all[function], call), function != "AuthorizeFunction"; got != want {
				t.Errorf("%s %s by S3: allowed is %v", function, action, got)
			}
			call.Context = nil
			if Allowed(all[function], call) {
				t.Errorf("%s may use %s with the key directly", function, action)
			}
		}
		if !Allowed(all[function], Call{Function: function, Action: "kms:Decrypt", Resource: key, Context: via("secretsmanager.eu-west-1.amazonaws.com")}) {
			t.Errorf("%s can't read a secret", function)
		}
	}
}

const small = `
Resources:
  AFunction:
    Type: AWS::Serverless::Function
    Properties:
      Policies:
        - Statement:
            - { Effect: Allow, Action: [s3:GetObject, s3:PutObject], Resource: [arn:aws:s3:::b/x/*, arn:aws:s3:::b/y] }
            - Effect: Allow
              Action: s3:ListBucket
              Resource: !Ref B
              Condition: { StringEquals: { s3:prefix: x/1 } }
`

func TestUnused(t *testing.T) {
	parsed, err := template.Parse([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	policies, err := FromTemplate(parsed, template.Values{"B": "arn:aws:s3:::b"})
	if err != nil {
		t.Fatal(err)
	}
	grant := func(action, resource string) Grant {
		return Grant{Function: "AFunction", Action: action, Resource: "arn:aws:s3:::b" + resource, Origin: "Policies"}
	}
	get, put, put2, list := grant("s3:GetObject", "/y"), grant("s3:PutObject", "/x/*"), grant("s3:PutObject", "/y"), grant("s3:ListBucket", "")
	calls := []Call{{Function: "AFunction", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/x/1"}}
	for _, c := range []struct {
		why  string
		more Call
		want []Grant
	}{
		{"another function's call", Call{Function: "BFunction", Action: "s3:PutObject", Resource: "arn:aws:s3:::b/y"}, []Grant{get, put, put2, list}},
		{"one pair", Call{Function: "AFunction", Action: "s3:PutObject", Resource: "arn:aws:s3:::b/y"}, []Grant{get, put, list}},
		{"a condition that holds", AbsentKey("AFunction", "arn:aws:s3:::b", "x/1"), []Grant{get, put, put2}},
		{"a condition that does not", AbsentKey("AFunction", "arn:aws:s3:::b", "x/12"), []Grant{get, put, put2, list}},
	} {
		if got := Unused(policies, append(calls, c.more)); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.why, got, c.want)
		}
	}

	puts := Exemption{"AFunction", "s3:PutObject", "because"}
	gets := Exemption{"AFunction", "s3:GetObject", "because"}
	grants, idle := Unexempted([]Grant{put, list}, []Exemption{puts, gets})
	if !reflect.DeepEqual(grants, []Grant{list}) || !reflect.DeepEqual(idle, []Exemption{gets}) {
		t.Errorf("unexplained %v, idle %v", grants, idle)
	}
}

func TestPoliciesRefuses(t *testing.T) {
	for _, c := range []struct{ why, old, new, want string }{
		{"a denial", "Effect: Allow", "Effect: Deny", "Deny is not supported"},
		{"a NotAction", "Action: s3:ListBucket", "NotAction: s3:ListBucket", "NotAction is not supported"},
		{"no action", "              Action: s3:ListBucket\n", "", "no action"},
		{"a reference without a value", "!Ref B", "!Ref C", "no value for C"},
		{"an attribute without a value", "!Ref B", "!GetAtt C.Arn", "no value for C.Arn"},
		{"a text without a value", "!Ref B", "!Sub ${C}/x", "no value for C"},
		{"another intrinsic function", "!Ref B", "!ImportValue B", "not a text"},
		{"another operator", "StringEquals", "StringNotEquals", "StringNotEquals is not supported"},
		{"a managed policy", "      Policies:\n", "      Policies:\n        - ReadOnlyAccess\n", "not a policy with statements"},
		{"a policy for another role", "Resources:\n", "Resources:\n  P: { Type: AWS::IAM::Policy, Properties: { Roles: [!Ref Admin], PolicyDocument: {} } }\n", "not the role"},
	} {
		t.Run(c.why, func(t *testing.T) {
			parsed, err := template.Parse([]byte(strings.Replace(small, c.old, c.new, 1)))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := FromTemplate(parsed, template.Values{"B": "arn:aws:s3:::b"}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestFromOutputsRefuses(t *testing.T) {
	for name := range stack() {
		outputs := maps.Clone(stack())
		delete(outputs, name)
		if _, err := template.FromOutputs(outputs); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: got %v", name, err)
		}
	}
}

func FuzzLike(f *testing.F) {
	f.Add("arn:aws:s3:::b/videos/*/video.mp4", "arn:aws:s3:::b/videos/a/video.mp4")
	f.Add("a?c*", "abcd")
	f.Add("**", "")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern)+len(text) > 64 || strings.Count(pattern, "*") > 6 || !ascii(pattern+text) {
			return
		}
		quoted := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(pattern))
		want := regexp.MustCompile(`(?s)\A` + quoted + `\z`).MatchString(text)
		if got := like(pattern, text); got != want {
			t.Errorf("like(%q, %q) is %v", pattern, text, got)
		}
	})
}

// ascii: like compares bytes, and ARNs are ASCII where a pattern has a "?".
func ascii(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r > 127 }) < 0
}
