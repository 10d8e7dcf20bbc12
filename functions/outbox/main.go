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
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/table/outbox"
)

func main() {
	set, config, log := settings.Must(os.Stdout, settings.Load[settings.Outbox])
	items := dynamodb.NewFromConfig(config)
	jobs, meter := table.New(items, set.JobsTable, rand.Text, mathrand.N[time.Duration]), metrics.Meter{Out: os.Stdout, Stack: set.Stack, Now: time.Now}
	channels := []notify.Channel{notify.EventBridge{Client: eventbridge.NewFromConfig(config)}, notify.Measured{Meter: meter, Jobs: jobs, Times: jobs, Log: log}}
	if set.Topic != "" {
		store := &dynamo.Store{Client: items, Name: set.JobsTable, Mark: rand.Text, Jitter: mathrand.N[time.Duration]}
		channels = append(channels, mail.New(store, mail.SNS{Client: sns.NewFromConfig(config), ARN: set.Topic}, mail.On(set.NotifyOn), set.Stack, log))
	}
	teller := &notify.Outbox{
		Box: outbox.New(items, set.JobsTable), Jobs: jobs, Channels: channels,
		Queue:  notify.SQS{Client: sqs.NewFromConfig(config), URL: set.UntoldQueue},
		Bucket: set.VideosBucket, Meter: meter, Now: time.Now, Log: log,
	}
	lambda.Start(teller.Handle)
}
