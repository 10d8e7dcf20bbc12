// Command submit is the Lambda function of the state Submit.
package main

import (
	"crypto/rand"
	mathrand "math/rand/v2"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/takeup/takeup/internal/caps"
	"github.com/takeup/takeup/internal/lambdaenv/accounts"
	"github.com/takeup/takeup/internal/lambdaenv/settings"
	"github.com/takeup/takeup/internal/pipeline"
	"github.com/takeup/takeup/internal/pipeline/submit"
	"github.com/takeup/takeup/internal/schedule/timings"
	"github.com/takeup/takeup/internal/table"
)

func main() {
	set, config, log := settings.Must(os.Stdout, settings.Load[settings.Submit])
	providers := accounts.Of(set.Provider, secretsmanager.NewFromConfig(config), time.Now)
	jobs := table.New(dynamodb.NewFromConfig(config), set.JobsTable, rand.Text, mathrand.N[time.Duration])
	step := &submit.Step{
		Providers: providers,
		Jobs:      jobs,
		Schedule:  set.Schedule(), Timings: timings.New(jobs, providers, log),
		Prices: caps.NewPrices(jobs, int64(set.Unpriced)),
		Limits: set.Limits(), Times: set.Times(),
		ResubmitLost: set.ResubmitLost, Now: time.Now, Jitter: mathrand.N[time.Duration], Log: log,
	}
	lambda.Start(pipeline.Handler(log, time.Now, "submit", step.Run))
}
