// Command api is the Lambda function behind the REST API.
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

	"github.com/takeup/takeup/internal/api/apigateway"
	"github.com/takeup/takeup/internal/api/page"
	"github.com/takeup/takeup/internal/api/presign"
	"github.com/takeup/takeup/internal/api/server"
	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/caps"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/lambdaenv/settings"
	"github.com/takeup/takeup/internal/provider/aimlapi/pricelist"
	"github.com/takeup/takeup/internal/schedule/timings"
	"github.com/takeup/takeup/internal/table"
)

func main() {
	set, config, log := settings.Must(os.Stdout, settings.Load[settings.API])
	s3Client, known := s3.NewFromConfig(config), table.New(dynamodb.NewFromConfig(config), set.JobsTable, rand.Text, mathrand.N[time.Duration])
	presigner, stack := s3.NewPresignClient(s3Client), caps.NewStack(known, set.Limits(), int64(set.Unpriced), set.CapWait(), time.Now)
	executions, videos := runs.New(sfn.NewFromConfig(config), set.StateMachine), presign.NewVideos(presigner, set.VideosBucket, set.VideoURL.Duration())
	api := server.API{
		Jobs: jobs.New(known, bucket.NewManifests(s3Client, set.VideosBucket), executions, time.Now).Behind(stack), Caps: stack, Usage: known, Videos: videos, Uploads: presign.NewForms(presigner, set.PromptsBucket, time.Now),
		Estimator: timings.NewRecent(known, time.Now, log), Prices: pricelist.NewRecent(known, log, time.Now), Origin: set.CORSOrigin, Random: rand.Reader, Now: time.Now, Log: log,
	}
	api.Page = page.New(videos.Origin, api.NotFound())
	lambda.Start(apigateway.Handler(api.Handler()))
}
