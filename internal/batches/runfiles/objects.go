package runfiles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/video"
)

// S3 is the part of S3's API that Objects uses.
type S3 interface {
	bucket.Getter
	bucket.Putter
	CreateMultipartUpload(context.Context, *s3.CreateMultipartUploadInput, ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error)
	UploadPart(context.Context, *s3.UploadPartInput, ...func(*s3.Options)) (*s3.UploadPartOutput, error)
	CompleteMultipartUpload(context.Context, *s3.CompleteMultipartUploadInput, ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error)
	AbortMultipartUpload(context.Context, *s3.AbortMultipartUploadInput, ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error)
}

// Objects are the files of the batches in S3. They implement Store, and are safe for concurrent
// use.
type Objects struct {
	client S3
	bucket string // for videos
	now    func() time.Time
}

// NewObjects returns the Objects of the named videos bucket.
func NewObjects(client S3, bucket string, now func() time.Time) *Objects {
	return &Objects{client: client, bucket: bucket, now: now}
}

// Bucket implements Store.
func (o *Objects) Bucket() string { return o.bucket }

// Address implements Files.
func (o *Objects) Address(job video.Locator) string {
	return objectkey.URI(o.bucket, objectkey.Video(job))
}

// Open implements Files. The error is a *video.ServiceUnavailable.
func (o *Objects) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	out, err := o.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &o.bucket, Key: &key})
	if err != nil {
		return nil, &video.ServiceUnavailable{Doing: "reading a batch's file", Err: err}
	}
	return out.Body, nil
}

// Range implements Store. The error is a *video.ServiceUnavailable.
func (o *Objects) Range(ctx context.Context, key string, at int64, size int) ([]byte, error) {
	const doing = "reading a request of a batch"
	out, err := o.client.GetObject(ctx, &s3.GetObjectInput{
		Bucket: &o.bucket, Key: &key, Range: aws.String(fmt.Sprintf("bytes=%d-%d", at, at+int64(size)-1)),
	})
	if err != nil {
		return nil, &video.ServiceUnavailable{Doing: doing, Err: err}
	}
	defer out.Body.Close()
	part, err := io.ReadAll(io.LimitReader(out.Body, int64(size)+1))
	if err == nil && len(part) != size {
		err = fmt.Errorf("it has %d bytes, not %d", len(part), size)
	}
	if err != nil {
		return nil, &video.ServiceUnavailable{Doing: doing, Err: err}
	}
	return part, nil
}

// Source implements Store. The error is a *Gone or a *video.ServiceUnavailable. The codes are
// S3's:
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func (o *Objects) Source(ctx context.Context, source record.Source) (io.ReadCloser, error) {
	in := &s3.GetObjectInput{Bucket: &source.Bucket, Key: &source.Key}
	switch {
	case source.Versioned:
		in.VersionId = &source.Version
	case source.Version != "":
		in.IfMatch = aws.String(`"` + source.Version + `"`)
	}
	out, err := o.client.GetObject(ctx, in)
	var api smithy.APIError
	switch {
	case err == nil:
		return out.Body, nil
	case errors.As(err, &api):
		switch api.ErrorCode() {
		case "NoSuchKey", "NoSuchVersion", "PreconditionFailed",
			"MethodNotAllowed": // the version is a delete marker
			return nil, &Gone{Reason: "is gone: it was deleted or replaced before it was read; upload it again"}
		case "InvalidObjectState":
			return nil, &Gone{Reason: "is in an archive storage class; upload it in one that can be read at once"}
		}
	}
	return nil, &video.ServiceUnavailable{Doing: "reading a batch's file", Err: err}
}

// Reject implements Store. The error is a *video.ServiceUnavailable.
func (o *Objects) Reject(ctx context.Context, source record.Source, reason string) error {
	r := bucket.Rejection{Bucket: source.Bucket, Key: source.Key, Reason: reason, At: o.now().UTC()}
	if source.Versioned {
		r.VersionID = source.Version
	}
	return bucket.PutRejection(ctx, o.client, o.bucket, r)
}
