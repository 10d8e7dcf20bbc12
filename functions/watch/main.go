// Command watch is the Lambda function that looks after the stack as an operator would.
package main

import (
	"crypto/rand"
	mathrand "math/rand/v2"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/lambdaenv/accounts"
	"github.com/takeup/takeup/internal/lambdaenv/settings"
	"github.com/takeup/takeup/internal/metrics"
	"github.com/takeup/takeup/internal/reconcile/gather"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/watch"
)

func main() {
	set, config, log := settings.Must(os.Stdout, settings.Load[settings.Watch])
	jobs := table.New(dynamodb.NewFromConfig(config), set.JobsTable, rand.Text, mathrand.N[time.Duration])
	watcher := &watch.Watcher{
		Charges: gather.Sources{
			Jobs: jobs, IDs: gather.Recent{Table: jobs, Since: watch.Recent, Now: time.Now}, Prices: jobs, Manifests: bucket.NewManifests(s3.NewFromConfig(config), set.VideosBucket),
			Executions: gather.Latest{Executions: runs.New(sfn.NewFromConfig(config), set.StateMachine), Jobs: jobs},
			Accounts:   accounts.Of(set.Provider, secretsmanager.NewFromConfig(config), time.Now),
		},
		Table: jobs, Meter: metrics.Meter{Out: os.Stdout, Stack: set.Stack, Now: time.Now}, LowBalance: int64(set.LowBalance), Now: time.Now,
	}
	lambda.Start(watcher.Handler(log))
}
