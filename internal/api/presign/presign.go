// Package presign signs URLs of S3: those that videos are fetched from, and the forms
// that prompt files are uploaded with. Signing asks nothing of S3, and whoever has a
// URL can use it until it expires.
package presign

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/video"
)

// Client is the part of S3's presign client that is used.
type Client interface {
	PresignHeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error)
	PresignGetObject(context.Context, *s3.GetObjectInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error)
	PresignPostObject(context.Context, *s3.PutObjectInput, ...func(*s3.PresignPostOptions)) (*s3.PresignedPostRequest, error)
}

// Videos signs the URLs of the videos in a bucket.
type Videos struct {
	client Client
	bucket string
	life   time.Duration
}

// NewVideos returns Videos whose URLs work for as long as life, seven days at the most. They
// never work longer than the credentials that signed them, which Lambda renews within
// hours.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
func NewVideos(client Client, bucket string, life time.Duration) *Videos {
	return &Videos{client: client, bucket: bucket, life: life}
}

// Life is how long the URLs work, unless the credentials expire first.
func (v *Videos) Life() time.Duration { return v.life }

// URL returns a URL that plays in a browser, and is saved as <id>.mp4.
func (v *Videos) URL(ctx context.Context, job video.Locator) (string, error) {
	return v.sign(ctx, job, contentDisposition("inline", job.ID))
}

// DownloadURL returns a URL that a browser saves as <name>.mp4.
func (v *Videos) DownloadURL(ctx context.Context, job video.Locator, name string) (string, error) {
	return v.sign(ctx, job, named(job.ID, name))
}

// HeadURL returns a URL that answers HEAD as the URL of DownloadURL answers GET.
func (v *Videos) HeadURL(ctx context.Context, job video.Locator, name string) (string, error) {
	request, err := v.client.PresignHeadObject(ctx, &s3.HeadObjectInput{
		Bucket: &v.bucket, Key: aws.String(objectkey.Video(job)),
		ResponseContentType:        aws.String("video/mp4"),
		ResponseContentDisposition: aws.String(named(job.ID, name)),
	}, s3.WithPresignExpires(v.life))
	if err != nil {
		return "", fmt.Errorf("presigning the video of job %s: %w", job.ID, err)
	}
	return request.URL, nil
}

// PosterURL returns a URL of the still picture of a job's video.
func (v *Videos) PosterURL(ctx context.Context, job video.Locator) (string, error) {
	request, err := v.client.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &v.bucket, Key: aws.String(objectkey.Poster(job))}, s3.WithPresignExpires(v.life))
	if err != nil {
		return "", fmt.Errorf("presigning the poster of job %s: %w", job.ID, err)
	}
	return request.URL, nil
}

// URI returns the s3:// URI of a job's video.
func (v *Videos) URI(job video.Locator) string { return objectkey.URI(v.bucket, objectkey.Video(job)) }

func contentDisposition(kind, id string) string {
	return fmt.Sprintf(`%s; filename="%s.mp4"`, kind, id)
}

// named returns the Content-Disposition of a download. Names may have letters of every script;
// a client that can't read those takes the id.
// https://datatracker.ietf.org/doc/html/rfc6266#appendix-D
func named(id, name string) string {
	disposition := contentDisposition("attachment", id)
	if name != id {
		disposition += "; filename*=UTF-8''" + url.PathEscape(name) + ".mp4"
	}
	return disposition
}

// ResultsURL returns a URL that a browser saves as the results of a batch. The format is csv or
// jsonl.
func (v *Videos) ResultsURL(ctx context.Context, id, format string) (string, error) {
	request, err := v.client.PresignGetObject(ctx, &s3.GetObjectInput{
		Bucket: &v.bucket, Key: aws.String(objectkey.BatchResults(id, format)),
		ResponseContentDisposition: aws.String(fmt.Sprintf(`attachment; filename="results.%s"`, format)),
	}, s3.WithPresignExpires(v.life))
	if err != nil {
		return "", fmt.Errorf("presigning the results of batch %s: %w", id, err)
	}
	return request.URL, nil
}

// Origin returns the scheme and host of the URLs.
func (v *Videos) Origin(ctx context.Context) (string, error) {
	signed, err := v.URL(ctx, video.Locator{ID: "any"})
	if err != nil {
		return "", err
	}
	return originOf(signed)
}

// originOf returns the scheme and host of a URL.
func originOf(signed string) (string, error) {
	u, err := url.Parse(signed)
	if err != nil {
		return "", fmt.Errorf("reading a presigned URL: %w", err)
	}
	return u.Scheme + "://" + u.Host, nil
}

func (v *Videos) sign(ctx context.Context, job video.Locator, disposition string) (string, error) {
	request, err := v.client.PresignGetObject(ctx, &s3.GetObjectInput{
		Bucket: &v.bucket, Key: aws.String(objectkey.Video(job)),
		ResponseContentType:        aws.String("video/mp4"),
		ResponseContentDisposition: &disposition,
	}, s3.WithPresignExpires(v.life))
	if err != nil {
		return "", fmt.Errorf("presigning the video of job %s: %w", job.ID, err)
	}
	return request.URL, nil
}

// Forms signs the forms that upload prompt files to a bucket.
type Forms struct {
	client Client
	bucket string
	now    func() time.Time
}

// NewForms returns the Forms of a bucket.
func NewForms(client Client, bucket string, now func() time.Time) *Forms {
	return &Forms{client: client, bucket: bucket, now: now}
}

// formLife is how long a form works: long enough to choose a file.
const formLife = 15 * time.Minute

// Form returns a form that uploads one file to that key, of at most that many bytes: S3
// refuses a larger one.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
func (f *Forms) Form(ctx context.Context, key string, maxBytes int64) (api.Upload, error) {
	expires := f.now().Add(formLife)
	post, err := f.client.PresignPostObject(ctx, &s3.PutObjectInput{Bucket: &f.bucket, Key: &key}, func(o *s3.PresignPostOptions) {
		o.Expires = formLife
		o.Conditions = []any{[]any{"content-length-range", 1, maxBytes}}
	})
	if err != nil {
		return api.Upload{}, fmt.Errorf("presigning an upload: %w", err)
	}
	return api.Upload{URL: post.URL, Fields: post.Values, Key: key, MaxBytes: maxBytes, ExpiresAt: expires.UTC()}, nil
}

// Origin returns the scheme and host of the forms' URLs.
func (f *Forms) Origin(ctx context.Context) (string, error) {
	form, err := f.Form(ctx, "any", 1)
	if err != nil {
		return "", err
	}
	return originOf(form.URL)
}
