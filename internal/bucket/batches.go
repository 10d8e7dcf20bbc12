package bucket

import (
	"context"
	"errors"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// NoFile says that there is no such file.
type NoFile struct{ Key string }

func (e *NoFile) Error() string { return "there is no file " + e.Key }

// Batches reads and writes the files of the batches in the videos bucket. It is safe for
// concurrent use.
type Batches struct {
	client Getter
	bucket string
}

// NewBatches returns the Batches of the named bucket.
func NewBatches(client Getter, bucket string) *Batches {
	return &Batches{client: client, bucket: bucket}
}

// Open returns a file as a stream. The error is a *NoFile or a *video.ServiceUnavailable.
func (b *Batches) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.bucket, Key: &key})
	var absent *types.NoSuchKey
	switch {
	case errors.As(err, &absent):
		return nil, &NoFile{Key: key}
	case err != nil:
		return nil, unavailable("reading a batch's file", err)
	}
	return out.Body, nil
}
