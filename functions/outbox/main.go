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
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/takeup/takeup/internal/lambdaenv/settings"
	"github.com/takeup/takeup/internal/notify"
	"github.com/takeup/takeup/internal/notify/webhook"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/outbox"
)

func main() {
	set, config, log := settings.Must(os.Stdout, settings.Load[settings.Outbox])
	items, queues := dynamodb.NewFromConfig(config), sqs.NewFromConfig(config)
	jobs := table.New(items, set.JobsTable, rand.Text, mathrand.N[time.Duration])
	teller := &notify.Outbox{
		Box: outbox.New(items, set.JobsTable), Jobs: jobs,
		Channels: []notify.Channel{
			notify.EventBridge{Client: eventbridge.NewFromConfig(config)},
			webhook.Channel{
				Queues:    webhook.Queues{Client: queues, First: set.WebhookQueue, Aside: set.SlowWebhookQueue},
				Receivers: jobs, Stack: set.StackWebhook, Now: time.Now,
			},
		},
		Queue:  notify.SQS{Client: queues, URL: set.UntoldQueue},
		Bucket: set.VideosBucket, Now: time.Now, Log: log,
	}
	lambda.Start(teller.Handle)
}
