// Package wiring puts the REST API together from its settings and AWS clients. It has no other
// purpose than to keep the function's main to a few lines.
package wiring

import (
	"context"
	"crypto/rand"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/takeup/takeup/internal/api/page"
	"github.com/takeup/takeup/internal/api/presign"
	"github.com/takeup/takeup/internal/api/server"
	"github.com/takeup/takeup/internal/batches"
	"github.com/takeup/takeup/internal/batches/runfiles"
	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/caps"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/lambdaenv/settings"
	"github.com/takeup/takeup/internal/provider/aimlapi/pricelist"
	"github.com/takeup/takeup/internal/schedule/timings"
	"github.com/takeup/takeup/internal/table"
)

// New returns the handler of the API and its page. It is safe for concurrent use.
func New(set settings.API, config aws.Config, log *slog.Logger) http.Handler {
	items, objects, states := dynamodb.NewFromConfig(config), s3.NewFromConfig(config), sfn.NewFromConfig(config)
	known := table.New(items, set.JobsTable, rand.Text, mathrand.N[time.Duration])
	bulk := table.NewBulk(items, set.JobsTable, mathrand.N[time.Duration])
	stack := caps.NewStack(known, set.Limits(), int64(set.Unpriced), set.CapWait(), time.Now)
	manifests := bucket.NewManifests(objects, set.VideosBucket)
	service := jobs.New(known, manifests, runs.New(states, set.StateMachine), time.Now).Behind(stack)
	files := runfiles.NewObjects(objects, set.VideosBucket, time.Now)
	machine := batches.NewExecutions(runs.New(states, set.BatchMachine))

	presigner := s3.NewPresignClient(objects)
	videos := presign.NewVideos(presigner, set.VideosBucket, set.VideoURL.Duration())
	forms := presign.NewForms(presigner, set.PromptsBucket, time.Now)
	api := server.API{
		Jobs:      service,
		Batches:   batches.New(known, service, bulk, files, machine, time.Now),
		Caps:      stack,
		Usage:     known,
		Videos:    videos,
		Uploads:   forms,
		Estimator: timings.NewRecent(known, time.Now, log),
		Prices:    pricelist.NewRecent(known, log, time.Now),
		Origin:    set.CORSOrigin,
		Simulated: set.Simulated(),
		Local:     set.LoopbackSources,
		Random:    rand.Reader,
		Now:       time.Now,
		Log:       log,
	}
	api.Page = page.New(func(ctx context.Context) (origins page.Origins, err error) {
		if origins.Videos, err = videos.Origin(ctx); err == nil {
			origins.Uploads, err = forms.Origin(ctx)
		}
		return origins, err
	}, api.NotFound())
	return api.Handler()
}
