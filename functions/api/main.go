// Command api is the Lambda function behind the REST API.
package main

import (
	"crypto/rand"
	"log/slog"
	mathrand "math/rand/v2"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/takeup/takeup/internal/intake"
	"github.com/takeup/takeup/internal/manifest"
	"github.com/takeup/takeup/internal/page"
	"github.com/takeup/takeup/internal/settings"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/timings"
	"github.com/takeup/takeup/internal/web"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	set, config := settings.Must(log, settings.Load[settings.API])
	bucket, machine := s3.NewFromConfig(config), sfn.NewFromConfig(config)
	presigner, executions := s3.NewPresignClient(bucket), intake.NewExecutions(machine, set.StateMachine)
	shelf, jobs := manifest.New(bucket, set.VideosBucket), table.New(dynamodb.NewFromConfig(config), set.JobsTable, rand.Text, mathrand.N[time.Duration])
	videos := web.NewPresigned(presigner, set.VideosBucket, set.VideoURL.Duration())
	api := web.API{
		Starter: intake.New(jobs, executions, time.Now), Desk: intake.NewDesk(jobs, shelf, executions),
		Lister: intake.NewLister(jobs, shelf, executions, machine), Redriver: intake.NewRedriver(jobs, shelf, executions),
		Canceller: intake.NewCanceller(jobs, shelf, executions, time.Now), Estimator: timings.New(jobs, nil, log),
		Videos: videos, Uploads: web.NewForms(presigner, set.PromptsBucket, time.Now),
		Origin: set.CORSOrigin, Random: rand.Reader, Now: time.Now, Log: log,
	}
	api.Page = page.New(videos.Origin, api.NotFound())
	lambda.Start(web.Lambda(api.Handler()))
}
