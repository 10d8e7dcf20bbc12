// Command prompts is the Lambda function that handles the prompts bucket's events.
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

	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/caps"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/lambdaenv/settings"
	"github.com/takeup/takeup/internal/promptfile"
	"github.com/takeup/takeup/internal/table"
)

func main() {
	set, config, log := settings.Must(os.Stdout, settings.Load[settings.Prompts])
	s3Client := s3.NewFromConfig(config)
	known := table.New(dynamodb.NewFromConfig(config), set.JobsTable, rand.Text, mathrand.N[time.Duration])
	executions := runs.New(sfn.NewFromConfig(config), set.StateMachine)
	stack := caps.NewStack(known, set.Limits(), int64(set.Unpriced), set.CapWait(), time.Now)
	starter := jobs.New(known, bucket.NewManifests(s3Client, set.VideosBucket), executions, time.Now).Behind(stack)
	lambda.Start(promptfile.New(s3Client, known, starter, set.VideosBucket, time.Now, log).Handle)
}
