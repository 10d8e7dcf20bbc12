// Command batch is the Lambda function of the steps of a batch.
package main

import (
	"crypto/rand"
	mathrand "math/rand/v2"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/takeup/takeup/internal/batches"
	"github.com/takeup/takeup/internal/batches/runfiles"
	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/lambdaenv/settings"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/provider/aimlapi/pricelist"
	"github.com/takeup/takeup/internal/schedule/timings"
	"github.com/takeup/takeup/internal/table"
)

func main() {
	set, config, log := settings.Must(os.Stdout, settings.Load[settings.Batch])
	items, objects := dynamodb.NewFromConfig(config), s3.NewFromConfig(config)
	known := table.New(items, set.JobsTable, rand.Text, mathrand.N[time.Duration])
	executions, times := runs.New(sfn.NewFromConfig(config), set.StateMachine), timings.NewRecent(known, time.Now, log)
	engine := &batches.Engine{
		Table: known, Items: table.NewBulk(items, set.JobsTable, mathrand.N[time.Duration]),
		Lines:  jobs.New(known, bucket.NewManifests(objects, set.VideosBucket), executions, time.Now),
		Files:  runfiles.NewObjects(objects, set.VideosBucket, time.Now),
		Prices: batches.Prices{List: pricelist.NewRecent(known, log, time.Now).List, Charged: times.Charged}, Times: times,
		MaxUnattended: price.Micros(set.MaxUnattended), Ceiling: int(set.InFlight), Now: time.Now, Jitter: mathrand.N[time.Duration], Log: log,
	}
	lambda.Start(engine.Handle)
}
