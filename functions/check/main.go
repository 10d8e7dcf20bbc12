// Command check is the Lambda function of the state Check.
package main

import (
	"crypto/rand"
	mathrand "math/rand/v2"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/takeup/takeup/internal/lambdaenv/accounts"
	"github.com/takeup/takeup/internal/lambdaenv/settings"
	"github.com/takeup/takeup/internal/pipeline"
	"github.com/takeup/takeup/internal/pipeline/check"
	"github.com/takeup/takeup/internal/schedule/timings"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/wait"
)

func main() {
	set, config, log := settings.Must(os.Stdout, settings.Load[settings.Check])
	providers := accounts.Of(set.Provider, secretsmanager.NewFromConfig(config), time.Now)
	jobs := table.New(dynamodb.NewFromConfig(config), set.JobsTable, rand.Text, mathrand.N[time.Duration])
	step := &check.Step{
		Providers: providers,
		Jobs:      jobs,
		Schedule:  set.Schedule(),
		Timings:   timings.New(jobs, providers, log),
		Now:       time.Now,
		Sleep:     wait.For,
		Log:       log,
	}
	lambda.Start(pipeline.Handler(log, time.Now, "check", step.Run))
}
