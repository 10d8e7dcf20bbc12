package doctor

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/takeup/takeup/internal/table/outbox"
	"github.com/takeup/takeup/internal/table/record"
)

// Alarms checks that none of the stack's alarms is raised. A stack without a topic has none.
func Alarms(ctx context.Context, client cloudwatch.DescribeAlarmsAPIClient, stack, topic string) Line {
	const check = "alarms"
	if topic == "" {
		return ok(check, "none, since NotifyEmail and NotifyTopicArn are not given")
	}
	var raised []string
	all, prefix := 0, stack+"-"
	pages := cloudwatch.NewDescribeAlarmsPaginator(client, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fix(check, "they can't be read", "give your AWS credentials cloudwatch:DescribeAlarms").because(err)
		}
		for _, a := range page.MetricAlarms {
			all++
			// The name ends with what CloudFormation adds to the template's.
			if name, _, _ := strings.Cut(strings.TrimPrefix(aws.ToString(a.AlarmName), prefix), "-"); a.StateValue == cwtypes.StateValueAlarm {
				raised = append(raised, name)
			}
		}
	}
	if len(raised) > 0 {
		slices.Sort(raised)
		return fix(check, strings.Join(raised, ", "), "docs/operations.md says of each what to do")
	}
	return ok(check, "none of %d is raised", all)
}

// Queues reads the attributes of queues.
type Queues interface {
	GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
}

// Queue checks that a queue has no messages, which only a person reads.
func Queue(ctx context.Context, client Queues, check, url string) Line {
	const name = sqstypes.QueueAttributeNameApproximateNumberOfMessages
	got, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{name}})
	if err != nil {
		return fix(check, url+" can't be read", "check that it exists, and that your AWS credentials have sqs:GetQueueAttributes").because(err)
	}
	n, err := strconv.Atoi(got.Attributes[string(name)])
	switch {
	case err != nil:
		return fix(check, "SQS doesn't say how many messages "+url+" has", "look at it in the console").because(err)
	case n > 0:
		return fix(check, fmt.Sprintf("%d messages in %s", n, url), "read them, and do what docs/operations.md says of that queue")
	}
	return ok(check, "no messages in its queue")
}

// Box has what is not told yet.
type Box interface {
	Waiting(context.Context) (found []outbox.Found, more bool, err error)
}

// late is how old an event may be that is not told.
const late = 15 * time.Minute

// Outbox checks that what happens is told.
func Outbox(ctx context.Context, box Box, now func() time.Time) Line {
	const check = "events"
	found, _, err := box.Waiting(ctx)
	if err != nil {
		return fix(check, "the outbox can't be read", "give your AWS credentials dynamodb:Query for the output JobsTable").because(err)
	}
	oldest := time.Duration(0)
	for _, f := range found {
		if f.Err == nil {
			oldest = max(oldest, now().Sub(f.Item.Ending.At))
		}
	}
	switch {
	case len(found) == 0:
		return ok(check, "all are told")
	case oldest > late:
		return fix(check, fmt.Sprintf("%d are not told, the oldest since %s", len(found), oldest.Round(time.Minute)), "read the errors in the log of OutboxFunction, which tries again every 5 minutes")
	}
	return ok(check, "%d are about to be told", len(found))
}

// Watches has what the last watch saw.
type Watches interface {
	Watched(ctx context.Context) (record.Watched, error)
}

// hourly is how old the last watch may be.
const hourly = 2 * time.Hour

// Watch checks that the watch runs, and found nothing.
func Watch(ctx context.Context, watches Watches, on string, now func() time.Time) Line {
	const check = "watch"
	if on == "false" {
		return ok(check, "off, by Watch")
	}
	seen, err := watches.Watched(ctx)
	switch {
	case err != nil:
		return fix(check, "what it saw can't be read", "give your AWS credentials dynamodb:Query for the output JobsTable").because(err)
	case seen.At.IsZero():
		return ok(check, "it has not looked yet; it does once an hour")
	case now().Sub(seen.At) > hourly:
		return fix(check, "it last looked at "+seen.At.UTC().Format(time.RFC3339), "read the errors in the log of WatchFunction")
	case seen.Findings > 0 || seen.Stuck > 0:
		return fix(check, fmt.Sprintf("at %s it found %d charges or jobs that don't match, and %d jobs that should have moved", seen.At.UTC().Format(time.RFC3339), seen.Findings, seen.Stuck),
			"run takeup reconcile, which names the charges, and takeup list --status queued and --status generating")
	}
	return ok(check, "it last looked at %s, and found nothing", seen.At.UTC().Format(time.RFC3339))
}
