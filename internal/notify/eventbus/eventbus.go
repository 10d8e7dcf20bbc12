// Package eventbus puts events on the account's default event bus.
package eventbus

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/takeup/takeup/internal/notify"
)

// Client is the part of EventBridge's API that a Bus uses.
type Client interface {
	PutEvents(context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
}

// Bus is the account's default event bus. It implements notify.Channel.
type Bus struct{ Client Client }

// One call puts at most ten events on the bus, of 256 KB together.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
const (
	maxEntries = 10
	maxBytes   = 200_000
)

// Put implements notify.Channel. A call may fail for some of its events.
func (b Bus) Put(ctx context.Context, events []notify.Event) []error {
	errs := make([]error, len(events))
	sizes := make([]int, len(events))
	for i, e := range events {
		sizes[i] = len(e.Detail)
	}
	for from, to := range notify.Calls(sizes, maxEntries, maxBytes) {
		copy(errs[from:to], b.put(ctx, events[from:to]))
	}
	return errs
}

func (b Bus) put(ctx context.Context, events []notify.Event) []error {
	errs := make([]error, len(events))
	in := &eventbridge.PutEventsInput{}
	for _, e := range events {
		in.Entries = append(in.Entries, types.PutEventsRequestEntry{Source: aws.String(notify.Source), DetailType: aws.String(string(e.Type)), Detail: aws.String(string(e.Detail))})
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
			errs[i] = &notify.Refused{Channel: "EventBridge", Reason: code + ": " + aws.ToString(entry.ErrorMessage)}
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
