// Command deliver is the Lambda function that sends webhooks.
package main

import (
	"crypto/rand"
	mathrand "math/rand/v2"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/takeup/takeup/internal/lambdaenv/settings"
	"github.com/takeup/takeup/internal/metrics"
	"github.com/takeup/takeup/internal/notify/webhook"
	"github.com/takeup/takeup/internal/notify/webhook/post"
	"github.com/takeup/takeup/internal/notify/webhook/secrets"
	"github.com/takeup/takeup/internal/table"
)

func main() {
	set, config, log := settings.Must(os.Stdout, settings.Load[settings.Deliver])
	jobs := table.New(dynamodb.NewFromConfig(config), set.JobsTable, rand.Text, mathrand.N[time.Duration])
	deliverer := &webhook.Deliverer{
		Jobs: jobs, Receivers: jobs, Sender: post.New(set.LoopbackSources, time.Now),
		Keys:   &secrets.Reader{Client: secretsmanager.NewFromConfig(config), Signing: set.WebhookSecret, URL: set.WebhookURLSecret, Now: time.Now},
		Queues: webhook.Queues{Client: sqs.NewFromConfig(config), First: set.WebhookQueue, Aside: set.SlowWebhookQueue, Dead: set.UndeliveredQueue},
		Meter:  metrics.Meter{Out: os.Stdout, Stack: set.Stack, Now: time.Now},
		Now:    time.Now, Jitter: mathrand.N[time.Duration], Log: log,
	}
	lambda.Start(deliverer.Handle)
}
