package promptfile

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/video"
)

// Client is the part of S3's API that Files uses.
type Client interface {
	bucket.Getter
	bucket.Putter
}

// Starter starts jobs, at most once per id.
type Starter interface {
	// Start returns a *jobs.Mismatch if the id is that of another request, and a
	// *caps.Refused if the file has to be rejected.
	Start(ctx context.Context, id string, r video.Request, from video.Origin) (jobs.Receipt, error)
	// Refuse records a file that can't be a request as a job that ended before it began.
	Refuse(ctx context.Context, id string, why *video.InvalidRequest, from video.Origin) error
}

// Files handles the events of the prompts bucket.
type Files struct {
	client   Client
	contents Contents
	starter  Starter
	batches  Batches
	videos   string // the bucket for rejections
	now      func() time.Time
	log      *slog.Logger
}

// New returns Files that writes rejections to the videos bucket.
func New(client Client, contents Contents, starter Starter, batches Batches, videos string, now func() time.Time, log *slog.Logger) *Files {
	return &Files{client: client, contents: contents, starter: starter, batches: batches, videos: videos, now: now, log: log}
}

// Unhandled says which records of an event could not be handled. The others are done, and
// delivering the event again doesn't affect them.
type Unhandled struct{ Err error }

func (e *Unhandled) Error() string { return "the event could not be handled: " + e.Err.Error() }

func (e *Unhandled) Unwrap() error { return e.Err }

// Handle is the Lambda handler of the bucket's events. When it returns nil, every uploaded
// file of the event has its job, its batch or its rejection. It returns a *NotAnEvent for a payload
// that is not an S3 event, and an *Unhandled if a record can't be parsed or an AWS service
// fails.
func (f *Files) Handle(ctx context.Context, payload json.RawMessage) error {
	all, err := records(payload)
	if err != nil {
		f.log.ErrorContext(ctx, "prompts", "error", err.Error())
		return err
	}
	var failed []error
	for i, record := range all {
		if err := f.record(ctx, i+1, record); err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) > 0 {
		return &Unhandled{Err: errors.Join(failed...)}
	}
	return nil
}

// outcome is the outcome of an upload.
type outcome struct {
	did string // one of a few words for the log
	job string // the id of the upload's job, if it has one
}

// record handles one record, and logs it in one line.
func (f *Files) record(ctx context.Context, number int, record []byte) error {
	began := f.now()
	u, created, err := read(number, record)
	out := outcome{did: "ignored"}
	if err == nil && created && !System(u.key) {
		out, err = f.upload(ctx, u)
	}
	attributes := []any{
		"outcome", out.did, "job", out.job, "bucket", u.bucket, "key", u.key, "version", u.version,
		"elapsed_ms", f.now().Sub(began).Milliseconds(),
	}
	if err != nil {
		f.log.ErrorContext(ctx, "prompts", append(attributes, "error", err.Error())...)
		return err
	}
	f.log.InfoContext(ctx, "prompts", attributes...)
	return nil
}

func (f *Files) upload(ctx context.Context, u upload) (outcome, error) {
	out, err := f.start(ctx, u)
	var why *unusable
	if errors.As(err, &why) {
		return outcome{did: "rejected", job: out.job}, f.reject(ctx, u, why)
	}
	return out, err
}

// start reads a file and starts its job. A file that is gone is skipped: it was deleted, or
// replaced by an upload with an event of its own.
func (f *Files) start(ctx context.Context, u upload) (outcome, error) {
	if OfMany(u.key) {
		return f.batch(ctx, u)
	}
	k, unfit := kindOf(u.key)
	if unfit != nil && !u.copied {
		return outcome{}, unfit
	}
	content, err := f.get(ctx, u)
	var gone *absent
	if errors.As(err, &gone) {
		return outcome{did: "gone"}, nil
	}
	if err != nil {
		return outcome{did: "unread"}, err
	}
	sum := Sum(content)
	if u.copied {
		// A file that has been processed may be moved to any name.
		known, _, err := f.contents.Content(ctx, sum)
		if err != nil {
			return outcome{did: "not known"}, err
		}
		if known.Job != "" {
			return f.begin(ctx, u, known, content)
		}
	}
	if unfit != nil {
		return outcome{}, unfit
	}
	if _, err := parse(k, content); err != nil {
		return outcome{}, err // claims nothing: a later release may accept it
	}
	job, err := f.identify(ctx, u, sum)
	if err != nil {
		return outcome{did: "not claimed"}, err
	}
	return f.begin(ctx, u, job, content)
}

// absent says that a version of a file no longer exists.
type absent struct{ err error }

func (e *absent) Error() string { return "the file is gone: " + e.err.Error() }

// get reads the version that the event names, and only as much as shows that a file is too
// large. Without versioning, the content must still be the same.
func (f *Files) get(ctx context.Context, u upload) ([]byte, error) {
	in := &s3.GetObjectInput{Bucket: &u.bucket, Key: &u.key}
	if u.versioned() {
		in.VersionId = &u.version
	} else if u.etag != "" {
		in.IfMatch = aws.String(`"` + u.etag + `"`)
	}
	out, err := f.client.GetObject(ctx, in)
	if err != nil {
		return nil, explain(err)
	}
	defer out.Body.Close()
	content, err := io.ReadAll(io.LimitReader(out.Body, maxBytes+1))
	if err != nil {
		return nil, &video.ServiceUnavailable{Doing: "reading a prompt file", Err: err}
	}
	return content, nil
}

// explain distinguishes a file that is gone, or that S3 refuses to return, from a temporary
// failure. The codes are S3's:
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func explain(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "NoSuchKey", "NoSuchVersion", "PreconditionFailed",
			"MethodNotAllowed": // the version is a delete marker
			return &absent{err: err}
		case "InvalidObjectState":
			return &unusable{reason: "the file is in an archive storage class; upload it in a class with immediate access"}
		}
	}
	return &video.ServiceUnavailable{Doing: "reading a prompt file", Err: err}
}

// reject records why a file is refused: in rejected/, and as a job that has ended.
func (f *Files) reject(ctx context.Context, u upload, why *unusable) error {
	err := bucket.PutRejection(ctx, f.client, f.videos, bucket.Rejection{
		Bucket: u.bucket, Key: u.key, VersionID: u.version,
		Reason: why.reason, Fields: why.fields, At: f.now().UTC(),
	})
	if err != nil {
		return err
	}
	return f.starter.Refuse(ctx, RefusalID(u.bucket, u.key, u.etag), why.refusal(), u.origin(u.key))
}

// RefusalID returns the id of the job that records a rejected file. It is made of the
// file's ETag, since the file may not have been read. No started job has such an id.
func RefusalID(bucket, key, etag string) string { return jobs.IDFromKey("refused", bucket, key, etag) }
