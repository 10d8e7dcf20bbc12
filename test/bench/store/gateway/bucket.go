package gateway

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/takeup/takeup/internal/wait"
	"github.com/takeup/takeup/test/bench/store/source"
)

// Content classifies what is stored under a key.
type Content int

// The classes of contents.
const (
	Absent Content = iota
	Whole          // one of the allowed videos, complete
	Other          // anything else, such as a part of one
)

// Create creates a bucket.
func (g *Gateway) Create(ctx context.Context, bucket string) error {
	_, err := g.client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket})
	return err
}

// Remove deletes a bucket with everything in it, open uploads too. A request of a killed client
// may still write into it for a moment.
func (g *Gateway) Remove(ctx context.Context, bucket string) error {
	for tries := 1; ; tries++ {
		err := os.RemoveAll(filepath.Join(g.files, bucket))
		if err == nil || tries == 50 {
			return err
		}
		if wait.For(ctx, 100*time.Millisecond) != nil {
			return err
		}
	}
}

// Find reads what is under a key and returns whether it is one of the videos.
func (g *Gateway) Find(ctx context.Context, bucket, key string, videos ...*source.Video) (Content, error) {
	for _, video := range videos {
		out, err := g.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		var absent *types.NoSuchKey
		if errors.As(err, &absent) {
			return Absent, nil
		}
		if err != nil {
			return Other, err
		}
		same, err := video.Same(out.Body)
		if err := errors.Join(err, out.Body.Close()); err != nil {
			return Other, err
		}
		if same {
			return Whole, nil
		}
	}
	return Other, nil
}
