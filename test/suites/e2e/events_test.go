package e2e

import (
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// event returns S3's notification of an upload, as it is delivered.
func (w *world) event(t *testing.T, key, version string) []byte {
	t.Helper()
	payload, err := json.Marshal(events.S3Event{Records: []events.S3EventRecord{{
		EventVersion: "2.1", EventSource: "aws:s3", EventName: "ObjectCreated:Put",
		S3: events.S3Entity{
			Bucket: events.S3Bucket{Name: w.stack.Outputs["PromptsBucket"]},
			Object: events.S3Object{Key: url.QueryEscape(key), VersionID: version},
		},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// deliver invokes PromptsFunction with a payload and waits for the response.
func (w *world) deliver(t *testing.T, payload []byte) {
	t.Helper()
	name := w.functions["PromptsFunction"]
	reply, err := w.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &name, Payload: payload})
	if err != nil {
		t.Fatal(err)
	}
	if reply.FunctionError != nil {
		t.Fatalf("%s: %s", *reply.FunctionError, reply.Payload)
	}
}

// flush invokes each environment of PromptsFunction. The engine holds back the log lines that
// were written too late for the last invocation until the next one.
func (w *world) flush(t *testing.T) {
	t.Helper()
	ignored := json.RawMessage(w.event(t, ".DS_Store", "none"))
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := w.invoke(t.Context(), "PromptsFunction", ignored); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// version returns the newest version of a file in the prompts bucket.
func (w *world) version(t *testing.T, key string) string {
	t.Helper()
	bucket := w.stack.Outputs["PromptsBucket"]
	head, err := w.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	return value(head.VersionId)
}

// testEventAgain redelivers an event while its job runs, after it has ended, and when only Step
// Functions still knows the job.
func (w *world) testEventAgain(t *testing.T) {
	const key = "delivered again.txt"
	job := w.upload(t, key, []byte(w.prompt("an event that is delivered more than once")))
	again := w.event(t, key, w.version(t, key))
	w.deliver(t, again)
	w.succeeded(t, job)
	w.stored(t, job)
	w.deliver(t, again)

	name := w.stack.Outputs["JobsTable"]
	for _, item := range []string{"job", "request"} {
		key := map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: "job#" + job}, "sk": &types.AttributeValueMemberS{Value: item},
		}
		if _, err := w.items.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &name, Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	w.deliver(t, again)
	if entry, _, err := w.table.Get(t.Context(), job); err != nil || entry.Execution != job || !entry.Started || !entry.Unclaimed() {
		t.Errorf("the job was started again: %+v, %v", entry, err)
	}
	if _, err := w.invoke(t.Context(), "SettleFunction", *w.execution(t, job).ExecutionArn); err != nil {
		t.Fatal(err)
	}
	w.stored(t, job)
	if got := w.entry(t, job); got.Manifest == nil {
		t.Errorf("its video is stored, and the table doesn't know it: %+v", got)
	}
	w.boughtOnce(t, job)
	if n := len(w.creates(job)); n != 1 {
		t.Errorf("the provider was asked %d times", n)
	}
}

// testFileGone delivers the event of a version that has since been deleted.
func (w *world) testFileGone(t *testing.T) {
	const key, version = "was here/gone.txt", "0000-no-version"
	w.deliver(t, w.event(t, key, version))
	if outcome, job := w.handled(t, key, version); outcome != "gone" || job != "" {
		t.Errorf("it is %s, job %s", outcome, job)
	}
	if _, rejected := w.find(t, "rejected/was here/gone.txt.json"); rejected {
		t.Error("it was rejected")
	}
}

// testUnhandled sends payloads that are not events of S3, as a misconfigured service would.
func (w *world) testUnhandled(t *testing.T) {
	name, queue := w.functions["PromptsFunction"], w.stack.Outputs["UnhandledPromptsUrl"]
	const payload = `{"detail-type":"not an event of S3"}`
	_, err := w.lambda.Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: &name, Payload: []byte(payload), InvocationType: lambdatypes.InvocationTypeEvent,
	})
	if err != nil {
		t.Fatal(err)
	}
	await(t, "a message in the queue", func() bool {
		reply, err := w.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue})
		if err != nil {
			t.Fatal(err)
		}
		for _, message := range reply.Messages {
			if !strings.Contains(*message.Body, "not an event of S3") || !strings.Contains(*message.Body, "NotAnEvent") {
				t.Errorf("the message is %s", *message.Body)
			}
		}
		return len(reply.Messages) > 0
	})
}
