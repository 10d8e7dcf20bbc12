package templatecheck

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const machineFile = "statemachine/text_to_video.asl.json"

// files returns a copy of the repository's files that a Project is read from.
func files(t *testing.T) fstest.MapFS {
	t.Helper()
	root := os.DirFS("../../..")
	copied := fstest.MapFS{}
	for _, pattern := range []string{
		"template.yaml", "statemachine/*.json", outcomesFile, "internal/lambdaenv/settings/*.go", "functions/*/main.go", "events/*.json",
	} {
		found, err := fs.Glob(root, pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: found %q, %v", pattern, found, err)
		}
		for _, name := range found {
			text, err := fs.ReadFile(root, name)
			if err != nil {
				t.Fatal(err)
			}
			copied[name] = &fstest.MapFile{Data: text}
		}
	}
	return copied
}

func TestProject(t *testing.T) {
	p, err := ReadProject(files(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range Check(p) {
		t.Error(finding)
	}
}

// variant is a way to break the project, and the rule that catches it. Without an old text, new
// is the whole file. Without either, the file is removed.
type variant struct{ rule, why, file, old, new string }

func broken() []variant {
	return []variant{
		{"targets", "a Next that is misspelt", machineFile, `"Next": "Completed?"`, `"Next": "Complete?"`},
		{"targets", "a Default that is misspelt", machineFile, `"Default": "Wait"`, `"Default": "Await"`},
		{"targets", "a choice that goes nowhere", machineFile, `"waiting", "Next": "Wait for Room"`, `"waiting", "Next": "Room"`},
		{"targets", "no such start", machineFile, `"StartAt": "Submit"`, `"StartAt": "Begin"`},
		{"targets", "a state without a way out", machineFile, `"SecondsPath": "$.wait_seconds",
      "Next": "Check"`, `"SecondsPath": "$.wait_seconds"`},
		{"reachable", "a state that nothing goes to", machineFile, `"waiting", "Next": "Wait for Room"`, `"waiting", "Next": "Wait"`},
		{"ends", "a circle without an end", machineFile, `"End": true`, `"Next": "Wait"`},
		{"defaults", "a choice without a default", machineFile, `],
      "Default": "Wait"`, `]`},
		{"statuses", "a status that no step gives", machineFile, `"StringEquals": "waiting"`, `"StringEquals": "queued"`},
		{"statuses", "a choice by another field", machineFile, `"$.status", "StringEquals": "waiting"`, `"$.state", "StringEquals": "waiting"`},
		{"waits", "a wait that is fixed", machineFile, `"SecondsPath": "$.wait_seconds"`, `"Seconds": 10`},
		{"timeouts", "a task that gives up with its function", machineFile, `"TimeoutSeconds": 930`, `"TimeoutSeconds": 900`},
		{"timeouts", "a task without a time-out", machineFile, `"TimeoutSeconds": 75,`, ``},
		{"timeouts", "a function that runs on", "template.yaml", "Timeout: 900", "Timeout: 930"},
		{"final outcomes", "an outcome that is tried again", machineFile, `"OutOfCredits",`, ``},
		{"final outcomes", "an outcome that a later version adds", outcomesFile, "(e *InvalidRequest) Error()", "(e *TooLate) Error() string { return \"\" }\n\nfunc (e *InvalidRequest) Error()"},
		{"final outcomes", "a paid video that is given up at once", machineFile, `"VideoRejected",`, `"VideoRejected", "VideoUnavailable",`},
		{"final outcomes", "retries of what ends a job", machineFile, `"MaxAttempts": 0`, `"MaxAttempts": 1`},
		{"final outcomes", "retries by default", machineFile, `],
          "MaxAttempts": 0`, `]`},
		{"all else", "errors of which none is known", machineFile, `, "States.TaskFailed"]`, `]`},
		{"all else", "a time-out that is not tried again", machineFile, `["States.Timeout", "States.TaskFailed"]`, `["States.TaskFailed"]`},
		{"all else", "retries all at once", machineFile, `"JitterStrategy": "FULL"`, `"JitterStrategy": "NONE"`},
		{"patience", "a video that is given up soon", machineFile, `"MaxAttempts": 14`, `"MaxAttempts": 4`},
		{"patience", "a video that is not tried for again", machineFile, `["VideoUnavailable"]`, `["GenerationOverdue"]`},
		{"patience", "unknown errors that are given up soon", machineFile, `"MaxAttempts": 20`, `"MaxAttempts": 12`},
		{"patience", "services that are given up soon", machineFile, `"MaxAttempts": 30`, `"MaxAttempts": 5`},
		{"known errors", "an outcome that was renamed", outcomesFile, "(e *VideoUnavailable) Error()", "(e *VideoAbsent) Error()"},
		{"known errors", "a failure that Step Functions does not have", machineFile, `"States.Timeout", `, `"States.Timeout", "Lambda.Crashed", `},
		{"known errors", "a Go type with its pointer", machineFile, `["VideoUnavailable"]`, `["*video.VideoUnavailable"]`},
		{"substitutions", "a placeholder that is not given", "template.yaml", "        StoreFunctionArn: !GetAtt StoreFunction.Arn\n", ""},
		{"substitutions", "a placeholder that is not used", "template.yaml", "      DefinitionSubstitutions:\n", "      DefinitionSubstitutions:\n        Extra: text\n"},
		{"steps", "a step that calls another's function", "template.yaml", "CheckFunctionArn: !GetAtt CheckFunction.Arn", "CheckFunctionArn: !GetAtt StoreFunction.Arn"},
		{"steps", "a state that is named otherwise", machineFile, `"Resource": "${CheckFunctionArn}"`, `"Resource": "${StoreFunctionArn}"`},
		{"invocations", "a step that may not be invoked", "template.yaml", "                  - !GetAtt StoreFunction.Arn\n", ""},
		{"invocations", "a function too many that may be invoked", "template.yaml", "                  - !GetAtt StoreFunction.Arn\n", "                  - !GetAtt StoreFunction.Arn\n                  - !GetAtt ApiFunction.Arn\n"},

		{"names", "a function built from another folder", "template.yaml", "CodeUri: functions/check/", "CodeUri: functions/store/"},
		{"names", "a function without an event", "events/store.json", "", ""},
		{"names", "an event for nothing", "events/publish.json", "", "{}"},
		{"names", "a folder that is no function", "functions/publish/main.go", "", "package main\ntype environment struct{}\nvar _ = settings.Load[environment]"},
		{"names", "a function that is not built", "template.yaml", "Metadata: { BuildMethod: go1.x }", "Metadata: { BuildMethod: makefile }"},
		{"environment", "a setting that is not given", "template.yaml", "          MAX_VIDEO_MIB: !Ref MaxVideoMiB\n", ""},
		{"environment", "a setting that is not read", "template.yaml", "          MAX_VIDEO_MIB:", "          MAX_VIDEO_BYTES: 1\n          MAX_VIDEO_MIB:"},
		{"environment", "a setting of an embedded type that is not given", "template.yaml", "          PROVIDER_ROUTE: !Ref ProviderRoute\n", ""},
		{"logs", "two functions with one log group", "template.yaml", "LogGroup: !Ref CheckLogs", "LogGroup: !Ref SubmitLogs"},
		{"logs", "a function without a log group", "template.yaml", "      LoggingConfig: { LogGroup: !Ref CheckLogs }\n", ""},
		{"logs", "logs that are kept for ever", "template.yaml", "      RetentionInDays: !Ref LogRetentionDays\n", ""},
		{"logs", "a name that the next stack has too", "template.yaml", `!Select [2, !Split [/, !Ref AWS::StackId]]`, `text-to-video`},
		{"logs", "prompts in the state machine's logs", "template.yaml", "IncludeExecutionData: false", "IncludeExecutionData: true"},
		{"limits", "a function that outlives its caller", "template.yaml", "Timeout: 29", "Timeout: 30"},
		{"submission", "a submission that is cut off", "template.yaml", "    MaxValue: 45\n", "    MaxValue: 60\n"},
		{"poll window", "a poll window that is cut off", "template.yaml", "    MaxValue: 240\n", "    MaxValue: 300\n"},
		{"policies", "any action of a service", "template.yaml", "Action: s3:GetObjectVersion", "Action: s3:*"},
		{"policies", "any resource", "template.yaml", "Resource: !Sub ${VideosBucket.Arn}/rejected/*", `Resource: "*"`},
		{"policies", "any bucket", "template.yaml", "Resource: !Sub ${VideosBucket.Arn}/rejected/*", `Resource: !Sub arn:${AWS::Partition}:s3:::*`},
		{"policies", "a SAM policy template", "template.yaml", "      Policies:\n", "      Policies:\n        - S3CrudPolicy: { BucketName: !Ref VideosBucket }\n"},
		{"comments", "two actions without a comment", "template.yaml", "            # The job; how long earlier ones took and what they cost; and whether the table is\n            # paused, which is a condition of each claim. A transaction needs the actions of\n            # its items: a claim updates the money counters.\n", ""},
		{"comments", "two resources without a comment", "template.yaml", "            # A manifest, and the video and the poster that URLs are signed for; and what a batch's\n            # results are made of.\n", ""},
		{"comments", "a listing without a comment", "template.yaml", "          # No key is listed: see StoreFunction. Any key can be a prompt file.\n", ""},

		{"references", "a resource that is not there", "template.yaml", "Bucket: !Ref VideosBucket\n", "Bucket: !Ref FilmsBucket\n"},
		{"references", "a placeholder that is not there", "template.yaml", "${VideosBucket.Arn}/rejected", "${FilmsBucket.Arn}/rejected"},
		{"references", "an attribute of nothing", "template.yaml", "!GetAtt UnhandledPrompts.Arn", "!GetAtt Unhandled.Arn"},
		{"parameters", "a parameter that is not used", "template.yaml", "MAX_VIDEO_MIB: !Ref MaxVideoMiB", "MAX_VIDEO_MIB: 2048"},
		{"parameters", "a parameter without a description", "template.yaml", "    Description: The largest video that is stored, in MiB.\n", ""},
		{"parameters", "a number without bounds", "template.yaml", "    MaxValue: 10240\n", ""},
		{"parameters", "a default that is refused", "template.yaml", "Default: 2048", "Default: 20480"},
		{"parameters", "a default that is no allowed value", "template.yaml", "Default: arm64", "Default: arm"},
		{"parameters", "a text without a pattern", "template.yaml", `    AllowedPattern: ^[\x21-\x7E]+$` + "\n", ""},
		{"parameters", "a refusal without a word", "template.yaml", "    ConstraintDescription: must be a whole number from 1 to 10240\n", ""},
		{"groups", "a parameter in no group", "template.yaml", "[MaxVideoMiB, ", "["},
		{"outputs", "an output that is read and is gone", "template.yaml", "  ApiStage:\n", "  Stage:\n"},
		{"outputs", "an output without a description", "template.yaml", "    Description: The REST API's id.\n", ""},
		{"buckets", "a bucket that can be made public", "template.yaml", "        BlockPublicPolicy: true\n", ""},
		{"buckets", "a bucket that is not encrypted", "template.yaml", "      BucketEncryption:\n", "      Encryption:\n"},
		{"buckets", "uploads that are never ended", "template.yaml", "            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }\n", ""},
		{"buckets", "videos that go with the stack", "template.yaml", "they outlive the stack.\n    DeletionPolicy: RetainExceptOnCreate\n", "they outlive the stack.\n"},
		{"tables", "jobs that go with the stack", "template.yaml", "that a failed first deploy just created holds nothing.\n    DeletionPolicy: RetainExceptOnCreate\n", "that a failed first deploy just created holds nothing.\n"},
		{"tables", "jobs that can't be restored", "template.yaml", "PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false"},
		{"tables", "what expires and stays", "template.yaml", "AttributeName: expires", "AttributeName: expiry"},
		{"tables", "jobs that anybody may delete", "template.yaml", "      DeletionProtectionEnabled: !Ref TableDeletionProtection\n", ""},
		{"tables", "jobs that are paid by the hour", "template.yaml", "PAY_PER_REQUEST", "PROVISIONED"},
		{"buckets", "prompts without versions", "template.yaml", "VersioningConfiguration: { Status: Enabled }", "VersioningConfiguration: { Status: Suspended }"},
		{"plain http", "a bucket without its policy", "template.yaml", "      Bucket: !Ref PromptsBucket\n      PolicyDocument:", "      Bucket: !Ref VideosBucket\n      PolicyDocument:"},
		{"plain http", "a policy for the bucket alone", "template.yaml", `Resource: [!GetAtt VideosBucket.Arn, !Sub "${VideosBucket.Arn}/*"]`, "Resource: [!GetAtt VideosBucket.Arn]"},
		{"plain http", "a policy that denies TLS", "template.yaml", `aws:SecureTransport: "false"`, `aws:SecureTransport: "true"`},
		{"uploads", "one way of uploading", "template.yaml", "Events: s3:ObjectCreated:*", "Events: s3:ObjectCreated:Put"},
		{"uploads", "a filter", "template.yaml", "            Events: s3:ObjectCreated:*\n", "            Events: s3:ObjectCreated:*\n            Filter: { S3Key: { Rules: [{ Name: suffix, Value: .txt }] } }\n"},
		{"uploads", "events that are lost", "template.yaml", "          OnFailure: { Type: SQS,", "          OnSuccess: { Type: SQS,"},
		{"uploads", "events that are soon forgotten", "template.yaml", "MessageRetentionPeriod: 1209600", "MessageRetentionPeriod: 345600"},
		{"secrets", "a webhook that CloudFormation shows", "template.yaml", "  WebhookUrl:\n    Type: String\n    NoEcho: true\n", "  WebhookUrl:\n    Type: String\n"},
		{"webhooks", "one limit for all receivers", "template.yaml", "      EventSourceArn: !GetAtt SlowWebhooks.Arn\n      BatchSize: 1\n      ScalingConfig: { MaximumConcurrency: 10 }\n", "      EventSourceArn: !GetAtt SlowWebhooks.Arn\n      BatchSize: 1\n"},
		{"webhooks", "a delivery that others repeat", "template.yaml", "      BatchSize: 1\n      ScalingConfig", "      BatchSize: 10\n      ScalingConfig"},
		{"webhooks", "a message that is handed out while it is delivered", "template.yaml", "VisibilityTimeout: 180", "VisibilityTimeout: 30"},
		{"webhooks", "a message that is lost", "template.yaml", "      RedrivePolicy: { deadLetterTargetArn: !GetAtt UndeliveredWebhooks.Arn, maxReceiveCount: 20 }\n", ""},
		{"routes", "a page that asks for the token", "template.yaml", "Method: GET, Path: /, Auth: { Authorizer: NONE } } }", "Method: GET, Path: / } }"},
		{"routes", "a method that nobody answers", "template.yaml", `Method: PATCH, Path: "/{proxy+}"`, `Method: PUT, Path: "/{proxy+}"`},
		{"routes", "a route without the token", "template.yaml", `Method: POST, Path: "/{proxy+}" }`, `Method: POST, Path: "/{proxy+}", Auth: { Authorizer: NONE } }`},
		{"routes", "an API without its authorizer", "template.yaml", "DefaultAuthorizer: Token", "DefaultAuthorizer: NONE"},
		{"routes", "a route too many", "template.yaml", `PageHead: { Type: Api, Properties: { RestApiId: !Ref Api, Method: HEAD`, `PageHead: { Type: Api, Properties: { RestApiId: !Ref Api, Method: PUT`},
		{"throttles", "a public method that shares the callers' limit", "template.yaml", `{ ResourcePath: "/", HttpMethod: GET, ThrottlingRateLimit: !Ref PublicRequestsPerSecond`, `{ ResourcePath: "/", HttpMethod: GET, ThrottlingRateLimit: !Ref ApiRequestsPerSecond`},
		{"throttles", "a public method without a limit of its own", "template.yaml", `ResourcePath: "/~1assets~1{proxy+}", HttpMethod: HEAD`, `ResourcePath: "/~1assets", HttpMethod: HEAD`},
		{"throttles", "a method that API Gateway logs", "template.yaml", `LoggingLevel: "OFF"`, `LoggingLevel: INFO`},
		{"deployments", "gateway responses that stay the old ones", "template.yaml", "      AlwaysDeploy: true\n", ""},
		{"error bodies", "a body that is no JSON", "template.yaml", `"message":$context.error.messageString`, `"message":$context.error.message`},
		{"error bodies", "a body without a field", "template.yaml", `,"statusCode":413`, ``},
		{"error bodies", "another status than the answer's", "template.yaml", `"statusCode":429`, `"statusCode":400`},
		{"error bodies", "a kind that is forgotten", "template.yaml", "        REQUEST_TOO_LARGE:\n", "        UNSUPPORTED_MEDIA_TYPE:\n"},
		{"error bodies", "a variable that is not known", "template.yaml", `"requestId":"$context.requestId","statusCode":413`, `"requestId":"$context.awsRequestId","statusCode":413`},
		{"error bodies", "a header that no page needs", "template.yaml", "{ Access-Control-Allow-Origin: *origin,", "{ X-Origin: *origin,"},
		{"domain", "a path before the API's", "template.yaml", "      Stage: !Ref Api.Stage\n", "      Stage: !Ref Api.Stage\n      BasePath: v1\n"},
		{"domain", "another stage", "template.yaml", "      Stage: !Ref Api.Stage\n", "      Stage: live\n"},
		{"domain", "an address that is not the domain's", "template.yaml", `Value: !If [OwnDomain, !Sub "https://${DomainName}"`, `Value: !If [OwnDomain, !Sub "https://${DomainName}/takeup"`},
		{"domain", "a domain without a name", "template.yaml", "    Condition: OwnDomain\n    Properties:\n      DomainName: !Ref DomainName\n", "    Properties:\n      DomainName: !Ref DomainName\n"},
		{"secrets", "a key that is shown", "template.yaml", "    NoEcho: true\n", ""},
		{"secrets", "a key in an environment", "template.yaml", "RESUBMIT_LOST: !Ref ResubmitLost", "RESUBMIT_LOST: !Sub ${ResubmitLost}${ProviderKey}"},
		{"secrets", "a token without a name", "template.yaml", "GenerateStringKey: default", "GenerateStringKey: token"},
		{"tracing", "functions that are not recorded", "template.yaml", "    Tracing: !Ref Tracing\n", ""},
		{"tracing", "a function that is always recorded", "template.yaml", "      CodeUri: functions/check/\n", "      CodeUri: functions/check/\n      Tracing: Active\n"},
		{"tracing", "an API that is always recorded", "template.yaml", "TracingEnabled: !If [Traced, true, !Ref AWS::NoValue]", "TracingEnabled: true"},
		{"tracing", "a machine that is not recorded", "template.yaml", "      TracingConfiguration: !If [Traced, { Enabled: true }, !Ref AWS::NoValue]\n", ""},
		{"tracing", "a machine that may not record", "template.yaml", "Roles: [!Ref TextToVideoRole, !Ref BatchRole]", "Roles: [!Ref TextToVideoRole]"},
		{"tracing", "rights without tracing", "template.yaml", "    Condition: Traced\n", ""},
		{"mails", "a choice that the code doesn't know", "template.yaml", "AllowedValues: [attention, all, none]", "AllowedValues: [attention, all, none, endings]"},
		{"mails", "a function that outlives its lease", "template.yaml", "CodeUri: functions/outbox/\n      Timeout: 60\n", "CodeUri: functions/outbox/\n      Timeout: 120\n"},
		{"mails", "mails to another topic than the alarms", "template.yaml", "!If [OwnTopic, !Ref NotifyTopicArn, !Ref Notifications], \"\"]", "!If [OwnTopic, !Ref NotifyTopicArn, !Ref UntoldEvents], \"\"]"},
		{"mails", "an address that is subscribed to one's own topic alone", "template.yaml", "TopicArn: *topic", "TopicArn: !Ref Notifications"},
		{"mails", "a partition that has no mails", "template.yaml", "dynamodb:LeadingKeys: [mail]", "dynamodb:LeadingKeys: [mails]"},
		{"mails", "a right to another topic", "template.yaml", "Action: sns:Publish\n            Resource: *topic", "Action: sns:Publish\n            Resource: !Ref Notifications"},
		{"mails", "a right too many", "template.yaml", "Action: sns:Publish\n            Resource: *topic", "Action: sns:Subscribe\n            Resource: *topic"},
		{"secrets", "a short token", "template.yaml", "PasswordLength: 48", "PasswordLength: 8"},
	}
}

func TestBroken(t *testing.T) {
	caught := map[string]bool{}
	for _, b := range slices.Concat(broken(), brokenMetrics()) {
		t.Run(b.rule+"/"+b.why, func(t *testing.T) {
			root := files(t)
			switch old := root[b.file]; {
			case b.old != "":
				if !strings.Contains(string(old.Data), b.old) {
					t.Fatalf("%s has no %q to break", b.file, b.old)
				}
				root[b.file] = &fstest.MapFile{Data: []byte(strings.Replace(string(old.Data), b.old, b.new, 1))}
			case b.new != "":
				root[b.file] = &fstest.MapFile{Data: []byte(b.new)}
			default:
				delete(root, b.file)
			}
			p, err := ReadProject(root)
			if err != nil {
				t.Fatal(err)
			}
			found := Check(p)
			if !slices.ContainsFunc(found, func(f Finding) bool { return f.Rule == b.rule }) {
				t.Errorf("the rule %q did not catch it; found %v", b.rule, found)
			}
		})
		caught[b.rule] = true
	}
	for _, r := range rules() {
		if !caught[r.name] {
			t.Errorf("no variant shows that the rule %q can fail", r.name)
		}
	}
}

func TestReadProjectRefuses(t *testing.T) {
	for _, c := range []struct{ why, file, text, want string }{
		{"no template", "template.yaml", "", "no document"},
		{"a list for a template", "template.yaml", "- a", "not a mapping"},
		{"broken YAML", "template.yaml", "a: [", "yaml"},
		{"a long Sub", "template.yaml", "a: !Sub [x, {}]", "short form"},
		{"broken ASL", machineFile, "{", machineFile},
		{"a broken event", "events/api.json", "{", "events/api.json is not JSON"},
		{"broken Go", outcomesFile, "package", outcomesFile},
		{"a function that loads nothing", "functions/api/main.go", "package main", "functions/api/main.go"},
	} {
		t.Run(c.why, func(t *testing.T) {
			root := files(t)
			root[c.file] = &fstest.MapFile{Data: []byte(c.text)}
			if _, err := ReadProject(root); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}
