package commands

// run is a command to run, with its context.
type run struct {
	command       string // exactly as in a document
	before, after string // other commands in the same shell
	want          string // must be in their combined standard output
	stackless     bool   // runs before there is a local stack
	transcript    bool   // compare the output with the document's transcript
}

// aJob starts the job ID, which the documents' commands use.
const aJob = `aws stepfunctions start-execution --name ID --state-machine-arn "$STATE_MACHINE_ARN" \
  --input '{"prompt": "a paper boat"}' >/dev/null`

// ownSQS has the AWS CLI find the local SQS: it has another endpoint for it than AWS_ENDPOINT_URL says.
const ownSQS = `aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }
`

// untoldURL sets QUEUE_URL, as docs/operations.md does.
const untoldURL = ownSQS + "QUEUE_URL=$(aws cloudformation describe-stacks --stack-name takeup --query 'Stacks[0].Outputs[?OutputKey==`UntoldEventsUrl`].OutputValue' --output text)\n"

// runs lists the commands in the order in which they run.
var runs = []run{
	{command: `make run PROMPT="a paper boat crosses a flooded street"`, want: "nobody paid", stackless: true, transcript: true},
	{command: `make up                     # or builds it into .takeup/bin, and starts the local stack`, want: "API", stackless: true},
	{command: `go install ./cmd/takeup     # puts takeup into $(go env GOPATH)/bin`,
		after: `test "$(command -v takeup)" = "$GOBIN/takeup"`},
	{command: `go run ./cmd/takeup list    # or runs it from the sources`},
	{command: `eval "$(takeup env)"`, after: `echo "$API_URL"`, want: "http://127.0.0.1:"},
	{command: `eval "$(takeup env --stack takeup)"`, after: `echo "$API_URL"`, want: "http"},
	{command: `takeup generate "a paper boat crosses a flooded street"`, before: aJob, want: "nobody paid", transcript: true},
	{command: `takeup generate --duration 10 --aspect-ratio 9:16 --file prompt.txt --output videos/`,
		before: `mkdir videos; echo "a paper boat" >prompt.txt`, after: `ls videos`, want: ".mp4"},
	{command: `echo "a paper boat" | takeup generate --no-wait --json | jq -r .id`, want: "api-"},
	{command: `id=$(takeup generate --no-wait --json "a paper boat" | jq -r .id)`, after: `takeup get "$id"`, want: "a paper boat"},
	{command: `takeup estimate --duration 10`, want: "USD"},
	{command: `takeup batch plan prompts.csv`, before: `printf 'Prompt;n\r\n"a paper boat; folded";3\r\n' >prompts.csv`, want: "3 new"},
	{command: `takeup batch plan ideas.txt --lines --duration 10`, before: `printf 'a paper boat\n\na dog' >ideas.txt`, want: "2 new"},
	{command: `takeup batch run prompts.csv --yes`, before: `printf 'Prompt;n\r\n"a paper boat; folded";3\r\n' >prompts.csv`, want: "3: 3 stored"},
	{command: `takeup batch run ideas.txt --lines --duration 10 --yes --no-wait`, before: `printf 'a paper boat\n\na dog' >ideas.txt`, want: "batches-"},
	{command: `takeup list --status error --since 48h`},
	{command: `takeup list --search 'paper boat' --since 30d`, want: "paper boat"},
	{command: `takeup usage --month 2026-08`, want: "2026-08"},
	{command: `takeup usage --owner alice --json`, want: `"owners": []`},
	{command: `takeup doctor`, want: "ok   provider key: accepted", transcript: true},
	{command: `takeup doctor --stack takeup`, want: "ok   provider key: accepted"},
	{command: `takeup reconcile --stack takeup --since 24h`},
	{command: `curl -X POST "$API_URL/v2/generate/video/kling/generation" \
  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \
  -H "Idempotency-Key: boat-1" \
  -d '{"model": "kling-video/v1/pro/text-to-video", "prompt": "a paper boat crosses a flooded street"}'`, want: `"status":"queued"`},
	{command: `curl -X POST "$API_URL/batches" -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \
  -d '{"name": "spring", "format": "csv"}'`, want: `"status":"uploading"`},
	{command: `curl -H "Authorization: Bearer $TOKEN" "$API_URL/v2/generate/video/kling/generation?generation_id=$ID"`,
		before: "takeup get ID --wait\nID=ID", want: `"status":"completed"`},
	{command: `takeup list --all --json | jq -r '.videos[] | select(.error.redrivable) | .id'`,
		before: "takeup cancel --discard ID >/dev/null", want: "ID\n"},
	{command: `takeup redrive --stack takeup --wait ID`, want: "completed"},
	{command: `aws s3 cp prompt.txt s3://$PROMPTS_BUCKET/`, before: `echo "a paper boat" >prompt.txt`,
		after: `aws s3 ls "s3://$PROMPTS_BUCKET/"`, want: "prompt.txt"},
	{command: `aws stepfunctions start-execution --state-machine-arn $STATE_MACHINE_ARN \
  --input '{"prompt": "a paper boat crosses a flooded street"}'`, want: "executionArn"},
	{command: `make build`},
	{command: `takeup caps`, want: `100.00`},
	{command: `takeup caps set --max-usd-per-day 20 --for 12h`, want: `20`},
	{command: `takeup caps reset`},
	{command: `takeup caps set --max-usd-per-day 20 --until 2030-01-01`, want: `2030-01-01`},
	{command: `takeup caps set --max-in-flight none`},
	{command: `takeup caps --stack takeup                                           # what counts against each cap, and when it resets`, want: `20.00`},
	{command: `takeup caps set --stack takeup --max-usd-per-day 20 --for 12h        # instead of the parameter, for a time`},
	{command: `takeup caps set --stack takeup --max-in-flight none --until 2030-01-01`},
	{command: `takeup caps reset --stack takeup                                     # the parameters apply again`},
	{command: `aws cloudwatch describe-alarms --state-value ALARM --alarm-name-prefix takeup- --query 'MetricAlarms[].[AlarmName,AlarmDescription]' --output text`},
	{command: "QUEUE_URL=$(aws cloudformation describe-stacks --stack-name takeup --query 'Stacks[0].Outputs[?OutputKey==`UntoldEventsUrl`].OutputValue' --output text)", after: `echo "$QUEUE_URL"`, want: "UntoldEvents"},
	{command: `aws sqs receive-message --queue-url "$QUEUE_URL" --max-number-of-messages 10 --query 'Messages[].Body' --output text`,
		before: untoldURL + `aws sqs send-message --queue-url "$QUEUE_URL" --message-body "a reason" >/dev/null`, want: "a reason"},
	{command: `aws sqs purge-queue --queue-url "$QUEUE_URL"`, before: untoldURL},
	{command: `aws sqs receive-message --queue-url "$UNDELIVERED_WEBHOOKS_URL" --visibility-timeout 0 --max-number-of-messages 10 --query 'Messages[].Body'`,
		before: ownSQS + `aws sqs send-message --queue-url "$UNDELIVERED_WEBHOOKS_URL" --message-body "a reason" >/dev/null`, want: "a reason"},
	{command: `aws secretsmanager put-secret-value --secret-id "$WEBHOOK_SECRET" --secret-string "$(aws secretsmanager get-random-password --password-length 48 --exclude-punctuation --query RandomPassword --output text)"`,
		want: "AWSCURRENT"},
	{command: `takeup token add alice --stack takeup`},
	{command: `takeup caps set --owner alice --max-usd-per-day 5`, want: `alice`},
	{command: `takeup token list`, want: "alice"},
	{command: `takeup token revoke alice --stack takeup`, want: "alice"},
	{command: `takeup list --owner alice --status queued`},
	{command: `takeup token revoke alice`, before: "takeup token add alice >/dev/null", want: "alice"},
	{command: `aws secretsmanager put-secret-value --secret-id "$PROVIDER_KEY_SECRET" --secret-string file://new-key`,
		before: `printf simulator-key >new-key`, want: "VersionId"},
	{command: `takeup token add alice --stack takeup --max-usd-per-day 5            # a token with a cap of its own`},
	{command: `takeup caps set --stack takeup --owner alice --max-usd-per-day 10    # or none`, want: `alice`},
	// Last, since takeup has no token afterwards.
	{command: `takeup token revoke default --stack takeup`, want: "default"},
}

const (
	needsAccount = "it deploys to an AWS account"
	takesLong    = "it measures for minutes, and what it prints depends on the machine"
)

// listed maps the commands that are not run here to the reason. Those of InDocker are not run
// here either.
var listed = map[string]string{
	`make test`:                    "CI runs it",
	`make test-long`:               "it runs this test",
	`takeup batch run prompts.csv`: "it asks in a terminal; it is run in the form of the README, with --yes",
	`make up`:                      "it is run in the form of docs/cli.md, with a comment",
	`go test ./internal/video ./internal/schedule`: "make test runs them",
	`.tools/sam/bin/sam deploy --guided`:           needsAccount + ", and asks for its settings in a terminal",
	`.tools/sam/bin/sam deploy`:                    needsAccount,
	`git pull`:                                     "it fetches from wherever the repository was cloned from",
	`aws apigateway flush-stage-authorizers-cache --rest-api-id "$API_ID" --stage-name takeup`: "MiniStack has no cache of authorizers to empty",
	`make bench-batch LINES=10000`:          takesLong,
	`make bench-batch LINES=1500 KILL=true`: takesLong,
	`make bench-store`:                      takesLong,
	`make bench-cold STARTS=61`:             takesLong,
	`make bench-list`:                       takesLong,
	`make bench-page`:                       takesLong,
	`aws cloudformation deploy --stack-name takeup-chat --template-file docs/chat.yaml \
  --capabilities CAPABILITY_IAM --parameter-overrides WebhookUrl="$WEBHOOK_URL"`: "the engine's CloudFormation has no API destinations; TestTakeup/triggers/chat creates them by the API",
	`make bench-webhooks`: takesLong,
	`aws sqs start-message-move-task --source-arn "$(aws sqs get-queue-attributes --queue-url "$UNDELIVERED_WEBHOOKS_URL" --attribute-names QueueArn --query Attributes.QueueArn --output text)" --destination-arn "$(aws sqs get-queue-attributes --queue-url "$WEBHOOKS_URL" --attribute-names QueueArn --query Attributes.QueueArn --output text)"`: "MiniStack moves no messages between queues; TestUndelivered moves one back by hand",
}
