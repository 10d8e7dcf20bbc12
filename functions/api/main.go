// Command api is the Lambda function behind the REST API.
package main

import (
	"crypto/rand"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/takeup/takeup/internal/intake"
	"github.com/takeup/takeup/internal/ledger"
	"github.com/takeup/takeup/internal/manifest"
	"github.com/takeup/takeup/internal/settings"
	"github.com/takeup/takeup/internal/web"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	set, config := settings.Must(log, settings.Load[settings.API])
	bucket, executions := s3.NewFromConfig(config), intake.NewExecutions(sfn.NewFromConfig(config), set.StateMachine)
	entries := ledger.New(bucket, set.VideosBucket, rand.Text)
	api := web.API{
		Starter: intake.New(entries, executions),
		Desk:    intake.NewDesk(entries, manifest.New(bucket, set.VideosBucket), executions),
		Videos:  web.NewPresigned(s3.NewPresignClient(bucket), set.VideosBucket, set.VideoURL.Duration()),
		Random:  rand.Reader,
		Now:     time.Now,
		Log:     log,
	}
	lambda.Start(web.Lambda(api.Handler()))
}
