package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// EventBridgeClient is the part of EventBridge's API that an EventBridge uses.
type EventBridgeClient interface {
	PutEvents(context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
}

// EventBridge is the account's default event bus. It implements Channel.
type EventBridge struct{ Client EventBridgeClient }

// maxBytes is how much one call puts on the bus. EventBridge takes 256 KB.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
const maxBytes = 200_000

// Put implements Channel. A call may fail for some of its events.
func (b EventBridge) Put(ctx context.Context, events []Event) []error {
	errs := make([]error, len(events))
	for from := 0; from < len(events); {
		to, size := from, 0
		for to < len(events) && (to == from || size+len(events[to].Detail) <= maxBytes) {
			size += len(events[to].Detail)
			to++
		}
		copy(errs[from:to], b.put(ctx, events[from:to]))
		from = to
	}
	return errs
}

func (b EventBridge) put(ctx context.Context, events []Event) []error {
	errs := make([]error, len(events))
	in := &eventbridge.PutEventsInput{}
	for _, e := range events {
		in.Entries = append(in.Entries, types.PutEventsRequestEntry{Source: aws.String(Source), DetailType: aws.String(string(e.Type)), Detail: aws.String(string(e.Detail))})
	}
	out, err := b.Client.PutEvents(ctx, in)
	if err == nil && len(out.Entries) != len(events) {
		err = fmt.Errorf("EventBridge answered for %d of %d events", len(out.Entries), len(events))
	}
	for i := range errs {
		if errs[i] = err; err != nil {
			continue
		}
		entry := out.Entries[i]
		switch code := aws.ToString(entry.ErrorCode); {
		case code == "" && aws.ToString(entry.EventId) != "":
		case passing(code):
			errs[i] = fmt.Errorf("EventBridge: %s: %s", code, aws.ToString(entry.ErrorMessage))
		default:
			errs[i] = &Refused{Channel: "EventBridge", Reason: code + ": " + aws.ToString(entry.ErrorMessage)}
		}
	}
	return errs
}

// passing reports whether an entry that failed with a code may be taken later. The others that are
// known are about the entry itself, such as MalformedDetail.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html
func passing(code string) bool {
	switch code {
	case "", "InternalFailure", "InternalException", "ThrottlingException", "LimitExceededException", "NotAuthorizedForSourceException", "AccessDeniedException":
		return true
	}
	return false
}

// SQSClient is the part of SQS's API that an SQS uses.
type SQSClient interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

// SQS is a queue. It implements Queue.
type SQS struct {
	Client SQSClient
	URL    string
}

// Send implements Queue.
func (q SQS) Send(ctx context.Context, u Untold) error {
	body, err := json.Marshal(u)
	if err != nil {
		return err
	}
	if _, err := q.Client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &q.URL, MessageBody: aws.String(string(body))}); err != nil {
		return errors.Join(errors.New("keeping what can't be told"), err)
	}
	return nil
}
