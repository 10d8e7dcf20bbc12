// Command submit is the Lambda function of the state Submit.
package main

import (
	"crypto/rand"
	"log/slog"
	mathrand "math/rand/v2"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/takeup/takeup/internal/aimlapi"
	"github.com/takeup/takeup/internal/ledger"
	"github.com/takeup/takeup/internal/manifest"
	"github.com/takeup/takeup/internal/pipeline"
	"github.com/takeup/takeup/internal/secret"
	"github.com/takeup/takeup/internal/settings"
	"github.com/takeup/takeup/internal/timings"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	set, config := settings.Must(log, settings.Load[settings.Submit])
	provider, bucket := aimlapi.New(set.Client()), s3.NewFromConfig(config)
	step := &pipeline.Submit{
		Provider:     provider,
		Keys:         secret.New(secretsmanager.NewFromConfig(config), set.KeySecret),
		Ledger:       ledger.New(bucket, set.VideosBucket, rand.Text),
		Manifests:    manifest.New(bucket, set.VideosBucket),
		Schedule:     set.Schedule(),
		Timings:      timings.New(bucket, set.VideosBucket, provider, log),
		Times:        set.Times(),
		ResubmitLost: set.ResubmitLost,
		Now:          time.Now, Jitter: mathrand.N[time.Duration], Log: log,
	}
	lambda.Start(pipeline.Handler(log, time.Now, "submit", step.Run))
}
