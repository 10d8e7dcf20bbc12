package transfer

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/takeup/takeup/internal/wait"
)

const contentType = "video/mp4"

// object is a key in the bucket.
type object struct {
	client      Client
	bucket, key string
	plain       *http.Client // for streamed
	timeouts    Timeouts
}

// put writes the object with one request, unless there is one. It returns the checksum that S3
// verified.
func (o *object) put(ctx context.Context, body io.ReadSeeker, length int64) (crc uint32, err error) {
	out, err := o.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &o.bucket, Key: &o.key, IfNoneMatch: aws.String("*"), ContentType: aws.String(contentType),
		Body: body, ContentLength: &length, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
	}, o.streamed)
	if err != nil {
		return 0, err
	}
	return sentChecksum(out.ResultMetadata)
}

// sentChecksum returns the checksum that the client sent with a body, and that S3 verified.
func sentChecksum(metadata middleware.Metadata) (uint32, error) {
	computed, _ := s3.GetComputedInputChecksumsMetadata(metadata)
	sum, err := base64.StdEncoding.DecodeString(computed.ComputedChecksums["CRC32"])
	if err != nil || len(sum) != 4 {
		return 0, errors.New("storing the file: no checksum was sent with it")
	}
	return binary.BigEndian.Uint32(sum), nil
}

// lostToAnother reports whether S3 refused a write because the key already has an object, or
// because another Copy aborted the upload.
func lostToAnother(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	switch api.ErrorCode() {
	case "PreconditionFailed", "ConditionalRequestConflict", "NoSuchUpload":
		return true
	}
	return false
}

// maxAbortTries is how often open uploads are listed and aborted while S3 is busy.
const maxAbortTries = 4

// abortUploads aborts the key's open uploads, as far as S3 allows it. It works after ctx has
// ended, too, and leaves time for what the caller still has to do.
func (o *object) abortUploads(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.timeouts.CleanUp/2)
	defer cancel()
	for tries := range maxAbortTries {
		if o.abortEach(ctx) == nil || wait.For(ctx, o.timeouts.RetryDelay<<tries) != nil {
			return
		}
	}
}

// abortEach lists the key's open uploads and aborts each of them, whether or not the others
// fail.
func (o *object) abortEach(ctx context.Context) error {
	var errs []error
	pages := s3.NewListMultipartUploadsPaginator(o.client, &s3.ListMultipartUploadsInput{Bucket: &o.bucket, Prefix: &o.key})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, u := range page.Uploads {
			if aws.ToString(u.Key) == o.key {
				errs = append(errs, o.abort(ctx, u.UploadId))
			}
		}
	}
	return errors.Join(errs...)
}

func (o *object) abort(ctx context.Context, id *string) error {
	_, err := o.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &o.bucket, Key: &o.key, UploadId: id})
	return err
}
