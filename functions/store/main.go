// Command store is the Lambda function of the state Store.
package main

import (
	"crypto/rand"
	mathrand "math/rand/v2"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/lambdaenv/accounts"
	"github.com/takeup/takeup/internal/lambdaenv/settings"
	"github.com/takeup/takeup/internal/pipeline"
	"github.com/takeup/takeup/internal/pipeline/store"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/transfer"
)

func main() {
	set, config, log := settings.Must(os.Stdout, settings.Load[settings.Store])
	s3Client := s3.NewFromConfig(config)
	step := &store.Step{
		Providers: accounts.Of(set.Provider, secretsmanager.NewFromConfig(config), time.Now),
		Jobs:      table.New(dynamodb.NewFromConfig(config), set.JobsTable, rand.Text, mathrand.N[time.Duration]),
		Copier:    transfer.New(s3Client, transfer.Config{Bucket: set.VideosBucket, MaxBytes: set.MaxVideoMiB.Bytes(), Loopback: set.LoopbackSources}),
		Manifests: bucket.NewManifests(s3Client, set.VideosBucket),
		Version:   settings.Version(),
		Now:       time.Now,
	}
	lambda.Start(pipeline.Handler(log, time.Now, "store", step.Run))
}
