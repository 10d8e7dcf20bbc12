package e2e

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/batches"
	"github.com/takeup/takeup/internal/notify"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/internal/table/outbox"
	"github.com/takeup/takeup/internal/video"
)

// ear is a queue that a rule of the event bus fills.
type ear struct {
	w     *world
	queue string
	heard map[string]notify.Video // by the id of the event
	types map[string]string
}

// listen creates a rule for the events of Takeup.
func (w *world) listen(t *testing.T) *ear {
	t.Helper()
	name, bus := "heard", eventbridge.NewFromConfig(w.stack.Config())
	queue, err := w.sqs.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		t.Fatal(err)
	}
	attributes, err := w.sqs.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: queue.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bus.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: &name, EventPattern: new(`{"source":["takeup"]}`)}); err != nil {
		t.Fatal(err)
	}
	arn := attributes.Attributes["QueueArn"]
	if _, err := bus.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: &name, Targets: []types.Target{{Id: &name, Arn: &arn}}}); err != nil {
		t.Fatal(err)
	}
	return &ear{w: w, queue: *queue.QueueUrl, heard: map[string]notify.Video{}, types: map[string]string{}}
}

// hear waits for an event, and checks each that comes against its schema.
func (e *ear) hear(t *testing.T, id, detailType string) notify.Video {
	t.Helper()
	await(t, "the event "+id, func() bool {
		reply, err := e.w.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &e.queue, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, message := range reply.Messages {
			e.take(t, *message.Body)
			if _, err := e.w.sqs.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &e.queue, ReceiptHandle: message.ReceiptHandle}); err != nil {
				t.Fatal(err)
			}
		}
		_, there := e.heard[id]
		return there
	})
	if e.types[id] != detailType {
		t.Errorf("%s is a %q, want %q", id, e.types[id], detailType)
	}
	return e.heard[id]
}

func (e *ear) take(t *testing.T, body string) {
	t.Helper()
	got := decode[struct {
		Source     string
		DetailType string `json:"detail-type"`
		Detail     any
	}](t, []byte(body))
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile("../../../docs/events.schema.json#/$defs/" + url.PathEscape(got.DetailType))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(got.Detail); err != nil || got.Source != notify.Source {
		t.Errorf("%s: %v", body, err)
	}
	detail := decode[struct{ Detail notify.Video }](t, []byte(body)).Detail
	e.w.mu.Lock()
	secrets := append(slices.Clone(e.w.prompts), e.w.private...)
	e.w.mu.Unlock()
	if slices.ContainsFunc(append(secrets, "X-Amz-"), func(secret string) bool { return strings.Contains(body, secret) }) {
		t.Errorf("it tells %s", body)
	}
	e.heard[detail.ID], e.types[detail.ID] = detail, got.DetailType
}

// poison puts an item into the outbox that can't be told, and returns its key.
func (w *world) poison(t *testing.T, name string) string {
	t.Helper()
	table, key := w.stack.Outputs["JobsTable"], "job#"+name+".1"
	item := map[string]dynamotypes.AttributeValue{
		"pk": &dynamotypes.AttributeValueMemberS{Value: outbox.Partition}, "sk": &dynamotypes.AttributeValueMemberS{Value: key},
	}
	if _, err := w.items.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item}); err != nil {
		t.Fatal(err)
	}
	return key
}

// keptUntold waits for the message about an item that could not be told.
func (w *world) keptUntold(t *testing.T, key string) {
	t.Helper()
	queue := w.stack.Outputs["UntoldEventsUrl"]
	await(t, "the message about "+key, func() bool {
		reply, err := w.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(reply.Messages, func(m sqstypes.Message) bool { return strings.Contains(*m.Body, key) })
	})
}

// probeTold has the ending of a job told by the function, or by the stream before that.
func (w *world) probeTold(t *testing.T) error {
	id := w.fresh()
	entry := video.Entry{ID: id, Execution: id, CreatedAt: time.Now(), Started: true}
	entry.End(&video.InvalidRequest{}, time.Now())
	if _, _, err := w.table.Create(t.Context(), entry); err != nil {
		t.Fatal(err)
	}
	return w.probeOutbox(t, "job#"+id+".1")
}

// probeUntold does the same with an item that can't be told.
func (w *world) probeUntold(t *testing.T) error { return w.probeOutbox(t, w.poison(t, w.fresh())) }

func (w *world) probeOutbox(t *testing.T, key string) error {
	event := fmt.Sprintf(`{"Records":[{"eventName":"INSERT","dynamodb":{"Keys":{"pk":{"S":"outbox"},"sk":{"S":%q}}}}]}`, key)
	if _, err := w.invoke(t.Context(), "OutboxFunction", json.RawMessage(event)); err != nil {
		return err
	}
	_, there, err := outbox.New(w.items, w.stack.Outputs["JobsTable"]).Get(t.Context(), key)
	if err == nil && there {
		err = fmt.Errorf("%s is still to be told", key)
	}
	return err
}

// testEvents hears how jobs end, by the table's stream. A job that is redriven is told again. What
// can't be told holds up nothing.
func (w *world) testEvents(t *testing.T) {
	ear := w.listen(t)
	key := w.poison(t, "told")
	stored := w.post(t, fmt.Sprintf(`{"prompt":%q,"metadata":{"project":"boats"}}`, w.prompt("a boat that is told of")), "Idempotency-Key: told")
	w.stored(t, stored)
	got := ear.hear(t, stored+".1", "Video Completed")
	if got.VideoID != stored || got.N != 1 || *got.Owner != "default" || got.Metadata["project"] != "boats" || got.Cost == nil || got.File == nil || got.File.Bucket != w.stack.Outputs["VideosBucket"] {
		t.Errorf("it tells %+v", got)
	}
	if file := w.object(t, got.File.Key); int64(len(file)) != got.File.Bytes {
		t.Errorf("the file has %d bytes, and it tells %d", len(file), got.File.Bytes)
	}

	job, _ := w.order(t, "told-credits", func(job string) { w.fail(job, once(script.KindCreate, script.Fault{Status: 402})) })
	w.endedWith(t, job, "OutOfCredits", "top it up")
	if got := ear.hear(t, job+".1", "Video Ended"); got.Outcome == nil || got.Outcome.Name != "OutOfCredits" || got.Outcome.Paid != "no" || !got.Outcome.Redrivable || !strings.Contains(got.Outcome.ToDo, "top up") {
		t.Errorf("it tells %+v", got)
	}
	w.startByHand(t, job+"-r1", fmt.Sprintf(`{"id":%q,"resume":true}`, job))
	w.succeeded(t, job+"-r1")
	if got := ear.hear(t, job+".2", "Video Completed"); got.N != 2 || got.Outcome != nil {
		t.Errorf("it tells %+v", got)
	}
	const file = "told.csv"
	w.put(t, file, []byte("prompt,label,metadata.project\n"+w.prompt("a boat of a batch that is told of")+",Boat,told\n"))
	batch := batches.IDOf(batches.NameOfKey(file), "")
	w.batchIs(t, batch, record.Ended, 1)
	ear.hear(t, batch+".1", "Batch Finished")
	if got := ear.hear(t, w.batchItems(t, batch, 1)[0].ID+".1", "Video Completed"); *got.Batch != batch || *got.Line != 2 || *got.Label != "Boat" || got.Metadata["project"] != "told" {
		t.Errorf("it tells %+v", got)
	}

	w.keptUntold(t, key)
	box := outbox.New(w.items, w.stack.Outputs["JobsTable"])
	for _, key := range []string{key, "job#" + stored + ".1", "job#" + job + ".1", "job#" + job + ".2"} {
		await(t, "the end of "+key, func() bool {
			_, there, err := box.Get(t.Context(), key)
			return err == nil && !there
		})
	}
}
