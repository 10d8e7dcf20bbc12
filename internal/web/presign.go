package web

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/internal/video"
)

// Presigner is what is used of S3's presign client.
type Presigner interface {
	PresignGetObject(context.Context, *s3.GetObjectInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error)
}

// Presigned gives presigned URLs of the videos in a bucket.
type Presigned struct {
	presigner Presigner
	bucket    string
	life      time.Duration
}

// NewPresigned makes a Presigned whose URLs live as long as life, up to S3's seven
// days, but not longer than the function's own credentials, which Lambda renews
// within hours.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
func NewPresigned(presigner Presigner, bucket string, life time.Duration) *Presigned {
	return &Presigned{presigner: presigner, bucket: bucket, life: life}
}

// URL gives a URL that plays in a browser, and is saved as <id>.mp4. It asks
// nothing of S3.
func (p *Presigned) URL(ctx context.Context, id string) (string, error) {
	request, err := p.presigner.PresignGetObject(ctx, &s3.GetObjectInput{
		Bucket: &p.bucket, Key: aws.String(video.FileKey(id)),
		ResponseContentType:        aws.String("video/mp4"),
		ResponseContentDisposition: aws.String(fmt.Sprintf(`inline; filename="%s.mp4"`, id)),
	}, s3.WithPresignExpires(p.life))
	if err != nil {
		return "", fmt.Errorf("presigning the video of job %s: %w", id, err)
	}
	return request.URL, nil
}
