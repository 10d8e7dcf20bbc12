package webhooks

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/takeup/takeup/internal/notify/receiver"
	"github.com/takeup/takeup/internal/notify/webhook"
	"github.com/takeup/takeup/internal/table"
)

// The queues.
const (
	first = "first"
	aside = "aside"
	dead  = "dead"
)

// queues are SQS.
type queues struct {
	ready map[string]chan string // what is visible of each
}

// capacity is far more than a queue ever has.
const capacity = 1 << 20

func newQueues() *queues {
	q := &queues{ready: map[string]chan string{}}
	for _, name := range []string{first, aside, dead} {
		q.ready[name] = make(chan string, capacity)
	}
	return q
}

func (q *queues) of() webhook.Queues {
	return webhook.Queues{Client: q, First: first, Aside: aside, Dead: dead}
}

// SendMessageBatch implements webhook.QueueClient.
func (q *queues) SendMessageBatch(ctx context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error) {
	pause(ctx, sendTime)
	out := &sqs.SendMessageBatchOutput{}
	for _, e := range in.Entries {
		q.put(*in.QueueUrl, *e.MessageBody, time.Duration(e.DelaySeconds)*time.Second)
		out.Successful = append(out.Successful, types.SendMessageBatchResultEntry{Id: e.Id})
	}
	return out, nil
}

func (q *queues) put(name, body string, delay time.Duration) {
	if delay > 0 {
		time.AfterFunc(delay, func() { q.put(name, body, 0) })
		return
	}
	q.ready[name] <- body
}

// take waits for a message; false if the context is done before.
func (q *queues) take(ctx context.Context, name string) (string, bool) {
	select {
	case <-ctx.Done():
		return "", false
	case body := <-q.ready[name]:
		return body, true
	}
}

// receivers is what the table knows of the receivers.
type receivers struct{ *table.Table }

// Receiver implements webhook.Receivers.
func (r receivers) Receiver(ctx context.Context, name string) (receiver.Receiver, string, error) {
	pause(ctx, readTime)
	return r.Table.Receiver(ctx, name)
}

// PutReceiver implements webhook.Receivers.
func (r receivers) PutReceiver(ctx context.Context, name string, known receiver.Receiver, version string) error {
	pause(ctx, writeTime)
	return r.Table.PutReceiver(ctx, name, known, version)
}
