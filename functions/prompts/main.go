// Command prompts is the Lambda function of the prompts bucket's events.
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
	"github.com/takeup/takeup/internal/promptfile"
	"github.com/takeup/takeup/internal/settings"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	set, config := settings.Must(log, settings.Load[settings.Prompts])
	bucket := s3.NewFromConfig(config)
	starter := intake.New(ledger.New(bucket, set.VideosBucket, rand.Text), intake.NewExecutions(sfn.NewFromConfig(config), set.StateMachine))
	lambda.Start(promptfile.New(bucket, ledger.NewContents(bucket, set.VideosBucket), starter, set.VideosBucket, time.Now, log).Handle)
}
