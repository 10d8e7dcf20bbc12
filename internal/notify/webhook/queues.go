package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/takeup/takeup/internal/notify"
)

// QueueClient is the part of SQS's API that Queues use.
type QueueClient interface {
	SendMessageBatch(context.Context, *sqs.SendMessageBatchInput, ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
}

// Queues are the queues of deliveries, by their URLs.
type Queues struct {
	Client QueueClient
	First  string // of first attempts
	Aside  string // of those that would hold up others
	Dead   string // of those that were given up
}

// delivery is a message, and how long it stays invisible.
type delivery struct {
	Message
	delay time.Duration
}

// One call sends up to ten messages of up to 256 KB together.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
const (
	maxEntries = 10
	maxBytes   = 200_000
)

// send sends deliveries to a queue, and returns an error or nil for each. A *notify.Refused is for
// one that SQS will never take.
func (q Queues) send(ctx context.Context, url string, all []delivery) []error {
	errs := make([]error, len(all))
	bodies, sizes := make([]string, len(all)), make([]int, len(all))
	for i, d := range all {
		body, err := json.Marshal(d.Message)
		bodies[i], sizes[i], errs[i] = string(body), len(body), err
	}
	for from, to := range notify.Calls(sizes, maxEntries, maxBytes) {
		q.sendSome(ctx, url, all[from:to], bodies[from:to], errs[from:to])
	}
	return errs
}

// sendSome makes one call. It may fail for some of its messages.
func (q Queues) sendSome(ctx context.Context, url string, some []delivery, bodies []string, errs []error) {
	in := &sqs.SendMessageBatchInput{QueueUrl: &url}
	for i, d := range some {
		if errs[i] != nil {
			continue
		}
		errs[i] = errors.New("SQS did not answer for the message")
		delay := int32(math.Ceil(min(max(0, d.delay), maxDelay).Seconds()))
		in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: &bodies[i], DelaySeconds: delay})
	}
	if len(in.Entries) == 0 {
		return
	}
	out, err := q.Client.SendMessageBatch(ctx, in)
	set := func(id *string, err error) {
		if i, wrong := strconv.Atoi(aws.ToString(id)); wrong == nil && i >= 0 && i < len(errs) {
			errs[i] = err
		}
	}
	if err != nil {
		for _, entry := range in.Entries {
			set(entry.Id, fmt.Errorf("sending a webhook to its queue: %w", err))
		}
		return
	}
	for _, sent := range out.Successful {
		set(sent.Id, nil)
	}
	for _, failed := range out.Failed {
		reason := aws.ToString(failed.Code) + ": " + aws.ToString(failed.Message)
		if failed.SenderFault {
			set(failed.Id, &notify.Refused{Channel: "SQS", Reason: reason})
			continue
		}
		set(failed.Id, errors.New("SQS: "+reason))
	}
}

// queue returns the URL of the queue that a message waits in.
func (q Queues) queue(m Message) string {
	if m.Aside {
		return q.Aside
	}
	return q.First
}
