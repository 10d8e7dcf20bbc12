// Command outbox is the Lambda function that tells the outside what happened to the jobs.
package main

import (
	"crypto/rand"
	mathrand "math/rand/v2"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/takeup/takeup/internal/lambdaenv/settings"
	"github.com/takeup/takeup/internal/metrics"
	"github.com/takeup/takeup/internal/notify"
	"github.com/takeup/takeup/internal/notify/mail"
	"github.com/takeup/takeup/internal/notify/webhook"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/table/outbox"
)

func main() {
	set, config, log := settings.Must(os.Stdout, settings.Load[settings.Outbox])
	items, queues, meter := dynamodb.NewFromConfig(config), sqs.NewFromConfig(config), metrics.Meter{Out: os.Stdout, Stack: set.Stack, Now: time.Now}
	jobs := table.New(items, set.JobsTable, rand.Text, mathrand.N[time.Duration])
	hooks := webhook.Queues{Client: queues, First: set.WebhookQueue, Aside: set.SlowWebhookQueue}
	channels := []notify.Channel{
		notify.EventBridge{Client: eventbridge.NewFromConfig(config)}, notify.Measured{Meter: meter, Jobs: jobs, Times: jobs, Log: log},
		webhook.Channel{Queues: hooks, Receivers: jobs, Stack: set.StackWebhook, Now: time.Now},
	}
	if store := (&dynamo.Store{Client: items, Name: set.JobsTable, Mark: rand.Text, Jitter: mathrand.N[time.Duration]}); set.Topic != "" {
		channels = append(channels, mail.New(store, mail.SNS{Client: sns.NewFromConfig(config), ARN: set.Topic}, mail.On(set.NotifyOn), set.Stack, log))
	}
	queue := notify.SQS{Client: queues, URL: set.UntoldQueue}
	lambda.Start((&notify.Outbox{Box: outbox.New(items, set.JobsTable), Jobs: jobs, Channels: channels, Queue: queue, Bucket: set.VideosBucket, Meter: meter, Now: time.Now, Log: log}).Handle)
}
