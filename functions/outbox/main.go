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
	"github.com/takeup/takeup/internal/notify/eventbus"
	"github.com/takeup/takeup/internal/notify/mail"
	"github.com/takeup/takeup/internal/notify/webhook"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/table/outbox"
)

func main() {
	set, config, log := settings.Must(os.Stdout, settings.Load[settings.Outbox])
	items, queues := dynamodb.NewFromConfig(config), sqs.NewFromConfig(config)
	jobs, meter := table.New(items, set.JobsTable, rand.Text, mathrand.N[time.Duration]), metrics.Meter{Out: os.Stdout, Stack: set.Stack, Now: time.Now}
	channels := []notify.Channel{
		eventbus.Bus{Client: eventbridge.NewFromConfig(config)},
		webhook.Channel{Queues: webhook.Queues{Client: queues, First: set.WebhookQueue, Aside: set.SlowWebhookQueue}, Receivers: jobs, Stack: set.StackWebhook, Now: time.Now},
		notify.Measured{Meter: meter, Jobs: jobs, Times: jobs, Log: log},
	}
	if set.Topic != "" {
		store := &dynamo.Store{Client: items, Name: set.JobsTable, Mark: rand.Text, Jitter: mathrand.N[time.Duration]}
		channels = append(channels, mail.New(store, mail.SNS{Client: sns.NewFromConfig(config), ARN: set.Topic}, mail.On(set.NotifyOn), set.Stack, log))
	}
	lambda.Start((&notify.Outbox{
		Box: outbox.New(items, set.JobsTable), Jobs: jobs, Channels: channels, Bucket: set.VideosBucket,
		Queue: notify.SQS{Client: queues, URL: set.UntoldQueue}, Meter: meter, Now: time.Now, Log: log,
	}).Handle)
}
