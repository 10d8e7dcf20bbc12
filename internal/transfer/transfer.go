// Package transfer copies a file from a URL into S3, whole and verified or not
// at all. A source that can be resumed is streamed through, by several requests
// at once where one would be slow, so that little of the file is ever in memory
// and nothing of it on disk.
package transfer

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/internal/video"
)

// What S3 takes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
const (
	minPart = 5 << 20 // of each part but the last; MiniStack takes smaller ones
	maxPut  = 5 << 30 // of an object in one PUT
)

// mostStarts is how often a copy is begun before it is given up: each time that
// the file changed under it, or that another was at the key.
const mostStarts = 5

// Client is what is used of S3.
type Client interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	CreateMultipartUpload(context.Context, *s3.CreateMultipartUploadInput, ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error)
	UploadPart(context.Context, *s3.UploadPartInput, ...func(*s3.Options)) (*s3.UploadPartOutput, error)
	CompleteMultipartUpload(context.Context, *s3.CompleteMultipartUploadInput, ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error)
	AbortMultipartUpload(context.Context, *s3.AbortMultipartUploadInput, ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error)
	ListMultipartUploads(context.Context, *s3.ListMultipartUploadsInput, ...func(*s3.Options)) (*s3.ListMultipartUploadsOutput, error)
}

// Config is what a Copier needs to know.
type Config struct {
	Bucket   string
	MaxBytes int64 // a larger file is rejected
	Loopback bool  // take files from this machine too, over http: for local runs
	Pace     Pace
}

// Pace is how long is waited for what. A zero field is what DefaultPace has.
type Pace struct {
	Stall    time.Duration // a source that gives nothing for so long is asked again
	Window   time.Duration // over which a source's rate is judged
	Rate     int64         // bytes a second; a source that gives fewer over a window is asked again
	Pause    time.Duration // before a source that failed twice is asked again; doubled each time
	Patience time.Duration // a file that one request would take longer for is fetched by several, unless it gives Enough
	Enough   int64         // bytes a second; a Lambda's own network hardly gives more to several requests
	CleanUp  time.Duration // kept of the deadline for taking back an upload that failed
}

// DefaultPace suits a Lambda function that has minutes.
func DefaultPace() Pace {
	return Pace{
		Stall: 15 * time.Second, Window: 30 * time.Second, Rate: 32 << 10,
		Pause: 250 * time.Millisecond, Patience: time.Second, Enough: 64 << 20, CleanUp: 10 * time.Second,
	}
}

func (p Pace) orDefault() Pace {
	def := DefaultPace()
	for _, f := range []struct{ is, def *time.Duration }{
		{&p.Stall, &def.Stall}, {&p.Window, &def.Window}, {&p.Pause, &def.Pause}, {&p.Patience, &def.Patience}, {&p.CleanUp, &def.CleanUp},
	} {
		if *f.is == 0 {
			*f.is = *f.def
		}
	}
	for _, f := range []struct{ is, def *int64 }{{&p.Rate, &def.Rate}, {&p.Enough, &def.Enough}} {
		if *f.is == 0 {
			*f.is = *f.def
		}
	}
	return p
}

// Source asks for the file's URL: for a fresh one each time.
type Source = func(context.Context) (string, error)

// Copier copies files into a bucket. It is safe for concurrent use.
type Copier struct {
	client Client
	config Config
	source *http.Client
	plain  *http.Client // see streamed
	shape  shape
}

// shape is how a file is cut up. Tests have smaller ones.
type shape struct {
	least, most int64 // bytes of a part; the last may have fewer
	streams     int   // parts that are under way at once
	sample      int   // bytes whose pace tells how fast the source is
	progress    int64 // bytes that a source must give for the next failure to be its first
	lookUp      int64 // bytes that are read for a box that was passed: most likely what is wanted next too
	dense       int   // boxes that are looked up so
}

// New makes a Copier.
func New(client Client, config Config) *Copier {
	config.Pace = config.Pace.orDefault()
	return &Copier{
		client: client, config: config, source: newClient(config.Loopback), plain: newPlain(),
		shape: shape{least: minPart, most: 16 << 20, streams: 16, sample: 256 << 10, progress: 64 << 10, lookUp: 16 << 10, dense: 256},
	}
}

// Copy stores the mp4 that source has under a key. When it returns without an
// error the object is there, as long as the source said, and a whole mp4, and S3
// has verified its checksum. An object that is there already stays, whosever it
// is: it is read, and described. With an error, what is under the key is what
// was there before, or, where only S3's last answer was lost, the whole object.
// A *video.VideoRejected says that the file must not be stored; any other error,
// which may be source's own, that it can't be had this time. No error shows the
// URL.
//
// An upload that fails is ended. When the matter is settled, one way or the
// other, so are all uploads to the key that an earlier or another Copy left open;
// a Copy that was under way then finds the object. What S3 refuses to list or to
// end is left to the bucket's lifecycle rule.
func (c *Copier) Copy(ctx context.Context, source Source, key string) (video.Copied, error) {
	work := ctx
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		work, cancel = context.WithDeadline(ctx, deadline.Add(-c.config.Pace.CleanUp))
		defer cancel()
	}
	// The next Copy may come after a Lambda's long sleep.
	defer c.source.CloseIdleConnections()
	copied, err := c.copy(work, &link{source: source, pause: c.config.Pace.Pause}, key)
	var rejected *video.VideoRejected
	if err == nil || errors.As(err, &rejected) {
		c.sweep(ctx, key)
	}
	return copied, err
}

// copy begins a copy, and begins it again while that may help.
func (c *Copier) copy(ctx context.Context, from *link, key string) (copied video.Copied, err error) {
	way, changes := byRanges, 0
	for range mostStarts {
		there, found, lookErr := c.look(ctx, key, copied)
		if lookErr != nil || found {
			return there, lookErr
		}
		copied, err = c.try(ctx, from, key, way)
		var over *restart
		switch {
		case errors.Is(err, errSlow):
			way = byManyRanges
			continue
		case errors.Is(err, errDense):
			way = byOneRangeAfterAnother
			continue
		case errors.As(err, &over):
			if over.changed {
				changes++
			}
			if changes == 2 {
				way = byOneRequest // it changes too often to be resumed
			}
		case err == nil || errors.As(err, new(*video.VideoRejected)):
			return copied, err
		case !taken(err):
			// S3 may have hung up on what it refused, or its answer was lost.
			if there, found, lookErr := c.look(ctx, key, copied); lookErr == nil && found {
				return there, nil
			}
			return copied, err
		}
		if err := pause(ctx, c.config.Pace.Pause); err != nil {
			return video.Copied{}, err
		}
	}
	return video.Copied{}, err
}

// pause waits, unless there is no more time.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
