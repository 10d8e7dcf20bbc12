// Command settle is the Lambda function that records the outcomes of jobs whose executions
// ended without recording one.
package main

import (
	"context"
	"crypto/rand"
	mathrand "math/rand/v2"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/caps"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/jobs/sweep"
	"github.com/takeup/takeup/internal/lambdaenv/settings"
	"github.com/takeup/takeup/internal/metrics"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/wait"
)

// pace is the minimum time between two jobs of a sweep, which then uses a third of the
// describe calls that Step Functions allows an account.
const pace = 200 * time.Millisecond

func main() {
	set, config, log := settings.Must(os.Stdout, settings.Load[settings.Settle])
	known := table.New(dynamodb.NewFromConfig(config), set.JobsTable, rand.Text, mathrand.N[time.Duration])
	states := sfn.NewFromConfig(config)
	manifests, executions := bucket.NewManifests(s3.NewFromConfig(config), set.VideosBucket), runs.New(states, set.StateMachine)
	sweeper := sweep.New(jobs.New(known, manifests, executions, time.Now), known, executions, time.Now)
	measure := sweep.Measure(metrics.Meter{Out: os.Stdout, Stack: set.Stack, Now: time.Now}, caps.NewStack(known, set.Limits(), 0, 0, time.Now))
	lambda.Start(sweeper.Handler(log, states, func(ctx context.Context) error { return wait.For(ctx, pace) }, measure))
}
