// Command check is the Lambda function of the state Check.
package main

import (
	"crypto/rand"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/takeup/takeup/internal/aimlapi"
	"github.com/takeup/takeup/internal/ledger"
	"github.com/takeup/takeup/internal/pipeline"
	"github.com/takeup/takeup/internal/secret"
	"github.com/takeup/takeup/internal/settings"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	set, config := settings.Must(log, settings.Load[settings.Check])
	step := &pipeline.Check{
		Provider: aimlapi.New(set.Client()),
		Keys:     secret.New(secretsmanager.NewFromConfig(config), set.KeySecret),
		Ledger:   ledger.New(s3.NewFromConfig(config), set.VideosBucket, rand.Text),
		Schedule: set.Schedule(),
		Now:      time.Now,
		Log:      log,
	}
	lambda.Start(pipeline.Handler(log, time.Now, "check", step.Run))
}
