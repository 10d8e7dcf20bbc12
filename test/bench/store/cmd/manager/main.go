// Command manager copies a URL into S3 with the AWS SDK's feature/s3/manager at its defaults.
package main

import (
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/test/bench/store/stream"
)

func main() {
	stream.Main(func(ctx context.Context, client *s3.Client, bucket, key string, body io.Reader) error {
		_, err := manager.NewUploader(client).Upload(ctx, &s3.PutObjectInput{
			Bucket: &bucket, Key: &key, Body: body, ContentType: aws.String("video/mp4"),
		})
		return err
	})
}
