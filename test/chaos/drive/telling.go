package drive

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/table/outbox"
	"github.com/takeup/takeup/internal/wait"
	"github.com/takeup/takeup/test/chaos/carrier"
	"github.com/takeup/takeup/test/chaos/world"
)

// tells is the kind of what a run notes of the outbox.
const tells = "outbox"

// nothing is a filter of a stream that lets no record pass, so that they are thrown away, as
// records are that no function took for a day.
const nothing = `{"eventName":["NONE"]}`

// TroubleStream disables the mapping of the table's stream, throws its records away and puts items
// into the outbox that can't be told, until TellAll begins. At the end the mapping is as it was.
func (d *Driver) TroubleStream(ctx context.Context) error {
	defer close(d.rested)
	if d.World.Options.Faults == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-d.calm:
			cancel()
		case <-ctx.Done():
		}
	}()
	function, client := d.World.Functions[world.Teller], d.World.Lambda
	found, err := client.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{FunctionName: &function})
	if err != nil {
		return err
	}
	at := slices.IndexFunc(found.EventSourceMappings, func(m types.EventSourceMappingConfiguration) bool { return m.FilterCriteria != nil })
	if at < 0 {
		return fmt.Errorf("the outbox has no mapping with a filter among %d", len(found.EventSourceMappings))
	}
	mapping := found.EventSourceMappings[at]
	set := func(ctx context.Context, enabled bool, filter *types.FilterCriteria) error {
		_, err := client.UpdateEventSourceMapping(ctx, &lambda.UpdateEventSourceMappingInput{UUID: mapping.UUID, Enabled: &enabled, FilterCriteria: filter})
		return err
	}
	for n := 0; ; n++ {
		long := time.Duration(float64(2*d.World.Options.Times.Sweep) * (1 + d.World.Plan.Roll("stream", n)))
		if wait.For(ctx, long) != nil {
			break
		}
		if err = d.poison(ctx, n); err != nil {
			break
		}
		if n%2 == 0 {
			d.World.Plan.Note(tells, "the stream was disabled for a while", "")
			err = set(ctx, false, mapping.FilterCriteria)
		} else {
			d.World.Plan.Note(tells, "the stream's records were thrown away for a while", "")
			err = set(ctx, true, &types.FilterCriteria{Filters: []types.Filter{{Pattern: aws.String(nothing)}}})
		}
		if err != nil || wait.For(ctx, long) != nil {
			break
		}
		if err = set(ctx, true, mapping.FilterCriteria); err != nil {
			break
		}
	}
	if ctx.Err() != nil {
		err = nil // it was cut off
	}
	if again := set(context.WithoutCancel(ctx), true, mapping.FilterCriteria); again != nil {
		return again
	}
	return err
}

// poison puts an item into the outbox that can't be told: one of an unknown kind, or one of a job
// that the table doesn't have.
func (d *Driver) poison(ctx context.Context, n int) error {
	item := dynamo.Attributes{}
	key := fmt.Sprintf("job#poison-%d.1", n)
	item.Put(dynamo.PartitionKey, outbox.Partition)
	item.Put(dynamo.SortKey, key)
	if n%2 == 0 {
		item.Put("kind", "job")
		item.Put("subject", fmt.Sprintf("poison-%d", n))
		item.PutNumber("n", 1)
		item.Put("state", "error")
		item.PutTime("at", time.Now())
	}
	_, err := d.World.Items.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(d.World.Stack.Outputs["JobsTable"]), Item: item})
	if err == nil {
		d.World.Plan.Note(tells, "an item that can't be told", "")
		d.World.Poisoned = append(d.World.Poisoned, key)
	}
	return err
}

// SweepOutbox invokes the function that tells as its schedule does, but more often, until ctx is
// over.
func (d *Driver) SweepOutbox(ctx context.Context) {
	for wait.For(ctx, 3*d.World.Options.Times.Sweep) == nil {
		d.World.Plan.Note("event", "the outbox was swept", "")
		if err := carrier.Invoke(ctx, d.World.Lambda, d.World.Functions[world.Teller], `{"sweep":true}`); err != nil && ctx.Err() == nil {
			d.World.Plan.Note("event", "a sweep of the outbox that was cut off", "")
		}
	}
}

// tellTime is the most seconds that the telling of what is left may take: the waits after the two
// attempts that the plan may fail, and after one more that a busy machine was too slow for.
const tellTime = 8 * 60

// TellAll waits until nothing is left in the outbox and in the queues of webhooks, or tellTime is
// over. It prints what is left then, which is for the verdict to judge.
func (d *Driver) TellAll(ctx context.Context) error {
	close(d.calm)
	<-d.rested
	box, queues := outbox.New(d.World.Items, d.World.Stack.Outputs["JobsTable"]), sqs.NewFromConfig(d.World.Stack.Config())
	var left []string
	for range tellTime {
		left = nil
		found, _, err := box.Waiting(ctx)
		if err != nil {
			return err
		}
		for _, item := range found {
			left = append(left, item.Key)
		}
		for _, output := range world.HookQueues {
			n, err := world.Messages(ctx, queues, d.World.Stack.Outputs[output])
			if err != nil {
				return err
			}
			if n > 0 {
				left = append(left, fmt.Sprintf("%d in %s", n, output))
			}
		}
		if len(left) == 0 {
			return nil
		}
		if err := wait.For(ctx, time.Second); err != nil {
			return err
		}
	}
	fmt.Fprintf(d.World.Options.Output, "still to be told: %s\n", strings.Join(left, ", "))
	return nil
}
