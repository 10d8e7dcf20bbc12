// Package listen hears what a stack tells: the events on its bus, its webhooks, and what its queues
// keep of what could not be told.
package listen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/takeup/takeup/internal/notify"
	"github.com/takeup/takeup/internal/notify/webhook"
	"github.com/takeup/takeup/test/chaos/world"
)

// Event is an event as the bus delivered it.
type Event struct {
	Type   notify.Type     `json:"detail-type"`
	Detail json.RawMessage `json:"detail"`
	Text   string          `json:"-"` // all of it
}

// Listener has what was told.
type Listener struct {
	Hooks *Receiver

	queue                    *sqs.Client
	url, untold, undelivered string

	mu     sync.Mutex
	events map[string][]Event // by their ids
	kept   map[string]bool    // the keys of the items that could not be told
	given  map[string]bool    // the deliveries that were given up
}

// name is that of the rule and of its queue.
const name = "chaos-heard"

// New returns a Listener, which has a rule of the bus and a queue of its own. It bypasses the
// proxies.
func New(ctx context.Context, w *world.World, hooks *Receiver) (*Listener, error) {
	config := w.Stack.Config()
	l := &Listener{
		Hooks: hooks, queue: sqs.NewFromConfig(config), untold: w.Stack.Outputs["UntoldEventsUrl"], undelivered: w.Stack.Outputs["UndeliveredWebhooksUrl"],
		events: map[string][]Event{}, kept: map[string]bool{}, given: map[string]bool{},
	}
	var arn string
	var err error
	if l.url, arn, err = world.NewQueue(ctx, l.queue, name); err != nil {
		return nil, err
	}
	bus := eventbridge.NewFromConfig(config)
	if _, err := bus.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String(name), EventPattern: aws.String(`{"source":["` + notify.Source + `"]}`)}); err != nil {
		return nil, err
	}
	put, err := bus.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String(name), Targets: []eventtypes.Target{{Id: aws.String(name), Arn: &arn}}})
	if err == nil && put.FailedEntryCount > 0 {
		err = errors.New("the bus takes no target for its events")
	}
	return l, err
}

// Run hears until ctx is over.
func (l *Listener) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if _, err := l.hear(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// Rest waits until nothing more is told.
func (l *Listener) Rest(ctx context.Context) error {
	for quiet := 0; quiet < 3; quiet++ {
		heard, err := l.hear(ctx)
		if err != nil {
			return err
		}
		if heard > 0 {
			quiet = 0
		}
	}
	return nil
}

// hear takes what was told, and returns how much that was. If there is nothing, it waits for a
// second.
func (l *Listener) hear(ctx context.Context) (int, error) {
	heard := 0
	for url, take := range map[string]func(string) error{l.url: l.event, l.untold: l.message, l.undelivered: l.givenUp} {
		wait := int32(0)
		if url == l.url {
			wait = 1
		}
		got, err := l.queue.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10, WaitTimeSeconds: wait})
		if err != nil {
			return heard, fmt.Errorf("hearing what is told: %w", err)
		}
		for _, m := range got.Messages {
			if err := take(*m.Body); err != nil {
				return heard, err
			}
			if _, err := l.queue.DeleteMessage(context.WithoutCancel(ctx), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}); err != nil {
				return heard, fmt.Errorf("hearing what is told: %w", err)
			}
			heard++
		}
	}
	return heard, nil
}

func (l *Listener) event(text string) error {
	e := Event{Text: text}
	var named struct{ Detail struct{ ID string } }
	if err := errors.Join(json.Unmarshal([]byte(text), &e), json.Unmarshal([]byte(text), &named)); err != nil {
		return fmt.Errorf("the event %s can't be read: %w", text, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events[named.Detail.ID] = append(l.events[named.Detail.ID], e)
	return nil
}

func (l *Listener) message(text string) error {
	var untold notify.Untold
	if err := json.Unmarshal([]byte(text), &untold); err != nil {
		return fmt.Errorf("the message %s can't be read: %w", text, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept[untold.Key] = true
	return nil
}

func (l *Listener) givenUp(text string) error {
	var m webhook.Message
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return fmt.Errorf("the message %s can't be read: %w", text, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.given[Delivery(m.To, m.ID)] = true
	return nil
}

// All returns the events by their ids, the keys of the items that could not be told, and the
// deliveries of webhooks that were given up.
func (l *Listener) All() (events map[string][]Event, kept, given map[string]bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.events), maps.Clone(l.kept), maps.Clone(l.given)
}
