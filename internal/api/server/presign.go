package server

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/internal/video"
)

// Presigner is what is used of S3's presign client.
type Presigner interface {
	PresignHeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error)
	PresignGetObject(context.Context, *s3.GetObjectInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error)
	PresignPostObject(context.Context, *s3.PutObjectInput, ...func(*s3.PresignPostOptions)) (*s3.PresignedPostRequest, error)
}

// Presigned gives presigned URLs of the videos in a bucket. Making one asks
// nothing of S3.
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

// Life is how long the URLs last, unless the credentials end before.
func (p *Presigned) Life() time.Duration { return p.life }

// URL gives a URL that plays in a browser, and is saved as <id>.mp4.
func (p *Presigned) URL(ctx context.Context, id string) (string, error) {
	return p.sign(ctx, id, "inline")
}

// DownloadURL gives a URL that a browser saves as <id>.mp4.
func (p *Presigned) DownloadURL(ctx context.Context, id string) (string, error) {
	return p.sign(ctx, id, "attachment")
}

// HeadURL gives a URL that answers HEAD as DownloadURL answers GET.
func (p *Presigned) HeadURL(ctx context.Context, id string) (string, error) {
	request, err := p.presigner.PresignHeadObject(ctx, &s3.HeadObjectInput{
		Bucket: &p.bucket, Key: aws.String(video.FileKey(id)),
		ResponseContentType:        aws.String("video/mp4"),
		ResponseContentDisposition: aws.String(contentDisposition("attachment", id)),
	}, s3.WithPresignExpires(p.life))
	if err != nil {
		return "", fmt.Errorf("presigning the video of job %s: %w", id, err)
	}
	return request.URL, nil
}

func contentDisposition(kind, id string) string {
	return fmt.Sprintf(`%s; filename="%s.mp4"`, kind, id)
}

// Origin gives the scheme and host of the URLs.
func (p *Presigned) Origin(ctx context.Context) (string, error) {
	signed, err := p.URL(ctx, "any")
	if err != nil {
		return "", err
	}
	u, err := url.Parse(signed)
	if err != nil {
		return "", fmt.Errorf("reading a presigned URL: %w", err)
	}
	return u.Scheme + "://" + u.Host, nil
}

func (p *Presigned) sign(ctx context.Context, id, disposition string) (string, error) {
	request, err := p.presigner.PresignGetObject(ctx, &s3.GetObjectInput{
		Bucket: &p.bucket, Key: aws.String(video.FileKey(id)),
		ResponseContentType:        aws.String("video/mp4"),
		ResponseContentDisposition: aws.String(contentDisposition(disposition, id)),
	}, s3.WithPresignExpires(p.life))
	if err != nil {
		return "", fmt.Errorf("presigning the video of job %s: %w", id, err)
	}
	return request.URL, nil
}

// Forms gives presigned forms for prompt files. Making one asks nothing of S3.
type Forms struct {
	presigner Presigner
	bucket    string
	now       func() time.Time
}

// NewForms makes the Forms of a bucket.
func NewForms(presigner Presigner, bucket string, now func() time.Time) *Forms {
	return &Forms{presigner: presigner, bucket: bucket, now: now}
}

// formLife is how long a form can be used: time to choose a file.
const formLife = 15 * time.Minute

// Form gives a form that uploads one file, of the size that a prompt file may
// have, to that key.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
func (f *Forms) Form(ctx context.Context, key string) (Form, error) {
	expires := f.now().Add(formLife)
	post, err := f.presigner.PresignPostObject(ctx, &s3.PutObjectInput{Bucket: &f.bucket, Key: &key}, func(o *s3.PresignPostOptions) {
		o.Expires = formLife
		o.Conditions = []any{[]any{"content-length-range", 1, video.MaxRequestBytes}}
	})
	if err != nil {
		return Form{}, fmt.Errorf("presigning an upload: %w", err)
	}
	return Form{URL: post.URL, Fields: post.Values, MaxBytes: video.MaxRequestBytes, Expires: expires}, nil
}
