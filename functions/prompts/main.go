// Command prompts is the Lambda function of the prompts bucket's events.
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
	"github.com/takeup/takeup/internal/promptfile"
	"github.com/takeup/takeup/internal/settings"
	"github.com/takeup/takeup/internal/table"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	set, config := settings.Must(log, settings.Load[settings.Prompts])
	bucket := s3.NewFromConfig(config)
	jobs := table.New(dynamodb.NewFromConfig(config), set.JobsTable, rand.Text, mathrand.N[time.Duration])
	starter := intake.New(jobs, intake.NewExecutions(sfn.NewFromConfig(config), set.StateMachine), time.Now)
	lambda.Start(promptfile.New(bucket, jobs, starter, set.VideosBucket, time.Now, log).Handle)
}
