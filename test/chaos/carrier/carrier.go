// Package carrier delivers the events of AWS to the functions that they are for, by a queue, and on
// the way loses, repeats and delays them.
package carrier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/takeup/takeup/internal/wait"
	"github.com/takeup/takeup/test/chaos/faults"
	"github.com/takeup/takeup/test/chaos/world"
)

// endedRule is the template's name of the rule for executions that have ended.
const endedRule = "SettleFunctionEnded"

// delivery is how an event is delivered.
type delivery struct {
	times int           // number of deliveries
	after time.Duration // delay of the first one
	held  bool          // until the job is redriven or its batch is run again, or everything is at rest
}

var deliveries = []faults.Fault[delivery]{
	{Name: "dropped", Weight: 3, Do: delivery{}},
	{Name: "delivered twice", Weight: 1, Do: delivery{times: 2}},
	{Name: "delayed", Weight: 2, Do: delivery{times: 1, after: 4 * time.Second}},
	{Name: "delayed and delivered twice", Weight: 1, Do: delivery{times: 2, after: 2 * time.Second}},
	{Name: "delayed until after a redrive", Weight: 2, Do: delivery{times: 2, held: true}},
}

// troubled is the share of the events that meet a fault, relative to the share of the calls that
// fail.
const troubled = 3

// Carrier delivers events from a queue to the function that they are for. On the way, it loses,
// repeats and delays them.
type Carrier struct {
	plan     *faults.Plan
	kind     string
	queue    *sqs.Client
	url, arn string
	lambda   *lambda.Client
	function string
	// of returns the job or the batch that an event is about, and whether it may meet a fault.
	of func(event string) (name string, troubled bool)

	mu       sync.Mutex
	under    map[string]int // deliveries in progress
	held     map[string][]string
	nth      map[string]int    // number of events so far
	expected map[string]int    // number of events that were caused
	latest   map[string]string // event
}

// open returns a carrier from a new queue.
func open(ctx context.Context, w *world.World, config aws.Config, kind, function string, of func(string) (string, bool)) (*Carrier, error) {
	e := &Carrier{
		plan: w.Plan, kind: kind, queue: sqs.NewFromConfig(config), lambda: w.Lambda, function: w.Functions[function], of: of,
		under: map[string]int{}, held: map[string][]string{}, nth: map[string]int{}, expected: map[string]int{}, latest: map[string]string{},
	}
	var err error
	e.url, e.arn, err = world.NewQueue(ctx, e.queue, "chaos-"+strings.ReplaceAll(kind, " ", "-"))
	return e, err
}

// NewStatus returns the carrier of the status events of executions. A queue becomes the
// target of the template's rule, in place of the function that settles.
func NewStatus(ctx context.Context, w *world.World, config aws.Config) (*Carrier, error) {
	e, err := open(ctx, w, config, "status event", world.Settler, func(event string) (string, bool) {
		var arn string
		if json.Unmarshal([]byte(event), &arn) != nil {
			arn = event // the function rejects it
		}
		return w.Names.OfExecution(faults.LastOf(arn)), true
	})
	if err != nil {
		return nil, err
	}
	bus, rule := eventbridge.NewFromConfig(config), w.Rules[endedRule]
	reply, err := bus.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: &rule})
	if err != nil {
		return nil, err
	}
	if len(reply.Targets) != 1 {
		return nil, fmt.Errorf("the rule %s has %d targets, not one", rule, len(reply.Targets))
	}
	target := reply.Targets[0]
	target.Arn = &e.arn
	put, err := bus.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &rule, Targets: []eventtypes.Target{target}})
	if err == nil && put.FailedEntryCount > 0 {
		err = errors.New("the target of the rule " + rule + " can't be exchanged")
	}
	return e, err
}

// Run delivers events until ctx is over.
func (e *Carrier) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		got, err := e.queue.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &e.url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1})
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("receiving each %s: %w", e.kind, err)
		}
		for _, m := range got.Messages {
			if _, err := e.queue.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &e.url, ReceiptHandle: m.ReceiptHandle}); err != nil && ctx.Err() == nil {
				return fmt.Errorf("taking a %s from its queue: %w", e.kind, err)
			}
			e.met(ctx, *m.Body)
		}
	}
	return nil
}

// met decides the fault of an event.
func (e *Carrier) met(ctx context.Context, event string) {
	job, fails := e.of(event)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.nth[job]++
	e.latest[job] = event
	do := delivery{times: 1}
	if fails {
		if f := eventFault(e.plan, e.kind, job, e.nth[job]); f != nil {
			do = f.Do
		}
	}
	if do.held {
		e.held[job] = append(e.held[job], event)
		return
	}
	for range do.times {
		e.send(ctx, job, event, do.after)
	}
}

// eventFault returns the fault of the n-th event of a job or a batch, or nil.
func eventFault(p *faults.Plan, kind, job string, n int) *faults.Fault[delivery] {
	if p.Roll("event fails", job, n) >= troubled*p.Share {
		return nil
	}
	total := 0.0
	for _, f := range deliveries {
		total += f.Weight
	}
	at := p.Roll("event", job, n) * total
	for i := range deliveries {
		if at -= deliveries[i].Weight; at < 0 {
			p.Note(kind, deliveries[i].Name, job)
			return &deliveries[i]
		}
	}
	return nil
}

// Expect says that an event about a job or a batch was caused. An event that is caused twice is
// two.
func (e *Carrier) Expect(job string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.expected[job]++
}

// Idle reports whether each expected event of a job or a batch was dropped, is held, or was
// delivered.
func (e *Carrier) Idle(job string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.nth[job] >= e.expected[job] && e.under[job] == 0
}

// Last returns the latest event of a job or a batch, or "" if there was none.
func (e *Carrier) Last(job string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.latest[job]
}

// Release delivers the held events of a job or a batch, finally or for its redrive.
func (e *Carrier) Release(ctx context.Context, job string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, event := range e.held[job] {
		e.send(ctx, job, event, time.Duration(i)*time.Second)
	}
	delete(e.held, job)
}

// Finish delivers the held events and waits until no delivery is in progress.
func (e *Carrier) Finish(ctx context.Context) error {
	e.mu.Lock()
	var jobs []string
	for job := range e.held {
		jobs = append(jobs, job)
	}
	e.mu.Unlock()
	for _, job := range jobs {
		e.Release(ctx, job)
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		e.mu.Lock()
		n := len(e.under)
		e.mu.Unlock()
		if n == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// send invokes the function with an event, up to three times, as Lambda does for an asynchronous
// invocation. The caller holds the lock.
func (e *Carrier) send(ctx context.Context, job, event string, after time.Duration) {
	e.under[job]++
	go func() {
		defer func() {
			e.mu.Lock()
			defer e.mu.Unlock()
			if e.under[job]--; e.under[job] == 0 {
				delete(e.under, job)
			}
		}()
		for tries := range 3 {
			if wait.For(ctx, after+time.Duration(tries)*time.Second) != nil {
				return
			}
			if Invoke(ctx, e.lambda, e.function, event) == nil {
				return
			}
		}
	}()
}

// invokeLimit bounds an invocation: longer than each function's timeout, so that one whose answer
// never comes doesn't end the run's sweeps.
const invokeLimit = 90 * time.Second

// Invoke invokes a function. An error of the function itself is returned too.
func Invoke(ctx context.Context, client *lambda.Client, function, payload string) error {
	ctx, cancel := context.WithTimeout(ctx, invokeLimit)
	defer cancel()
	reply, err := client.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: []byte(payload)})
	if err == nil && reply.FunctionError != nil {
		err = fmt.Errorf("%s: %s", *reply.FunctionError, reply.Payload)
	}
	return err
}
