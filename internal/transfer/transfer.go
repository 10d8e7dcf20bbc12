// Package transfer copies a file from a URL into S3, whole and verified or not at all. It
// streams the file through memory in small pieces, and never writes to the disk. Range requests
// resume a broken transfer, and fetch a slow file over several connections at once.
package transfer

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/internal/transfer/fetch"
	"github.com/takeup/takeup/internal/video"
)

// Limits of S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
const (
	minPartSize = 5 << 20 // of each part except the last; MiniStack accepts smaller ones
	maxPutSize  = 5 << 30 // of an object written by one PUT
	maxParts    = 10_000
)

// maxAttempts is how often a Copy starts from the beginning: because the file changed meanwhile,
// because it needs another strategy, or because another Copy wrote to the key.
const maxAttempts = 5

// Client is the part of the S3 client that a Copier uses.
type Client interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	CreateMultipartUpload(context.Context, *s3.CreateMultipartUploadInput, ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error)
	UploadPart(context.Context, *s3.UploadPartInput, ...func(*s3.Options)) (*s3.UploadPartOutput, error)
	CompleteMultipartUpload(context.Context, *s3.CompleteMultipartUploadInput, ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error)
	AbortMultipartUpload(context.Context, *s3.AbortMultipartUploadInput, ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error)
	ListMultipartUploads(context.Context, *s3.ListMultipartUploadsInput, ...func(*s3.Options)) (*s3.ListMultipartUploadsOutput, error)
}

// Config configures a Copier.
type Config struct {
	Bucket   string
	MaxBytes int64 // a larger file is rejected
	Loopback bool  // also accept files from this machine, and over http, for local runs
	Timeouts Timeouts
}

// Timeouts are a Copy's timeouts and rates. A zero field has the value from DefaultTimeouts.
type Timeouts struct {
	Idle       time.Duration // a response that sends nothing for that long is requested again
	RateWindow time.Duration // window for measuring the rate of a response
	MinRate    int64         // bytes per second; a slower response is requested again
	RetryDelay time.Duration // before the second retry; doubles with each further one
	// A file that would take one request longer than SingleRequest is fetched with several at
	// once, unless the one reaches FullRate.
	SingleRequest time.Duration
	FullRate      int64         // bytes per second
	CleanUp       time.Duration // reserved before the deadline for aborting a failed upload
}

// DefaultTimeouts suit a Lambda function that runs for minutes. Beyond FullRate, its own network
// is the limit.
func DefaultTimeouts() Timeouts {
	return Timeouts{
		Idle: 15 * time.Second, RateWindow: 30 * time.Second, MinRate: 32 << 10,
		RetryDelay: 250 * time.Millisecond, SingleRequest: time.Second, FullRate: 64 << 20, CleanUp: 10 * time.Second,
	}
}

func (t Timeouts) orDefault() Timeouts {
	def := DefaultTimeouts()
	return Timeouts{
		Idle:          cmp.Or(t.Idle, def.Idle),
		RateWindow:    cmp.Or(t.RateWindow, def.RateWindow),
		MinRate:       cmp.Or(t.MinRate, def.MinRate),
		RetryDelay:    cmp.Or(t.RetryDelay, def.RetryDelay),
		SingleRequest: cmp.Or(t.SingleRequest, def.SingleRequest),
		FullRate:      cmp.Or(t.FullRate, def.FullRate),
		CleanUp:       cmp.Or(t.CleanUp, def.CleanUp),
	}
}

func (t Timeouts) fetch() fetch.Timeouts {
	return fetch.Timeouts{Idle: t.Idle, RateWindow: t.RateWindow, MinRate: t.MinRate, RetryDelay: t.RetryDelay}
}

// sizes decide how a file is divided. Tests use smaller ones.
type sizes struct {
	minPart, maxPart int64 // bytes of a part; the last may be smaller
	streams          int   // parts in flight at the same time
	sample           int   // first bytes, from which the source's rate is measured
	progress         int64 // bytes between two failures after which they don't count as consecutive
	lookUp           int64 // bytes to fetch for a box header that is read out of order
	maxLookUps       int   // limit of those headers
}

// Source returns the file's URL, a fresh one at each call.
type Source = func(context.Context) (string, error)

// Copier copies files into a bucket. It is safe for concurrent use.
type Copier struct {
	client  Client
	config  Config
	fetcher *fetch.Client
	plain   *http.Client // to an S3 without TLS; for streamed
	sizes   sizes
}

// New returns a Copier.
func New(client Client, config Config) *Copier {
	config.Timeouts = config.Timeouts.orDefault()
	return &Copier{
		client: client, config: config, plain: newPlainClient(),
		fetcher: fetch.New(config.Loopback, config.Timeouts.fetch()),
		sizes:   sizes{minPart: minPartSize, maxPart: 16 << 20, streams: 16, sample: 256 << 10, progress: 64 << 10, lookUp: 16 << 10, maxLookUps: 256},
	}
}

// Copy stores the source's MP4 under a key. If the error is nil, the object is at the key, it is
// as long as the source said, it is a whole MP4, and S3 has verified its checksum. An object
// that is already at the key stays, whoever wrote it: Copy reads and describes it. After an
// error, the key is unchanged, or has the whole object if only S3's last response was lost. A
// *video.VideoRejected means that the file must not be stored. Any other error, which may be the
// source's own, means that the file can't be fetched now. No error contains the URL.
//
// A failed upload is aborted. Once the file is stored or rejected, Copy also aborts all uploads
// to the key that an earlier or concurrent Copy left open: that Copy then finds the object. The
// bucket's lifecycle rule removes the uploads that S3 refuses to list or to abort.
func (c *Copier) Copy(ctx context.Context, source Source, key string) (video.Copied, error) {
	work := ctx
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		work, cancel = context.WithDeadline(ctx, deadline.Add(-c.config.Timeouts.CleanUp))
		defer cancel()
	}
	// A Lambda may be frozen before its next Copy, and its connections break.
	defer c.fetcher.HTTP.CloseIdleConnections()
	job := &copyJob{
		fetcher:  c.fetcher,
		urls:     fetch.NewURLs(source, c.config.Timeouts.RetryDelay),
		object:   &object{client: c.client, bucket: c.config.Bucket, key: key, plain: c.plain, timeouts: c.config.Timeouts},
		maxBytes: c.config.MaxBytes,
		timeouts: c.config.Timeouts,
		sizes:    c.sizes,
	}
	copied, err := job.run(work)
	if err == nil || errors.As(err, new(*video.VideoRejected)) {
		job.object.abortUploads(ctx)
	}
	return copied, err
}
