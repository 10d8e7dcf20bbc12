package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/video"
)

// Client has the S3 calls that Manifests needs.
type Client interface {
	Getter
	Putter
	DeleteObject(context.Context, *s3.DeleteObjectInput, ...func(*s3.Options)) (*s3.DeleteObjectOutput, error)
}

// Manifests reads and writes the manifests in the videos bucket. It is safe for
// concurrent use.
type Manifests struct {
	client Client
	bucket string
}

// NewManifests returns the Manifests of the named bucket.
func NewManifests(client Client, bucket string) *Manifests {
	return &Manifests{client: client, bucket: bucket}
}

// Address returns the s3:// address of a job's video.
func (m *Manifests) Address(job video.Locator) string {
	return objectkey.URI(m.bucket, objectkey.Video(job))
}

// Manifest reads a job's manifest, and returns false if there is none, because its video
// isn't stored. The error is a *video.ServiceUnavailable.
func (m *Manifests) Manifest(ctx context.Context, job video.Locator) (video.Manifest, bool, error) {
	manifest, _, stored, err := m.read(ctx, job)
	return manifest, stored, err
}

// read returns a manifest with its ETag.
func (m *Manifests) read(ctx context.Context, job video.Locator) (manifest video.Manifest, etag string, stored bool, err error) {
	const doing = "reading a manifest"
	key := objectkey.Manifest(job)
	etag, stored, err = get(ctx, m.client, m.bucket, key, &manifest)
	var bad *errNotJSON
	switch {
	case errors.As(err, &bad):
		err = video.Unavailable(doing, fmt.Errorf("%s is not a manifest: %w", key, err))
	case err != nil:
		err = video.Unavailable(doing, err)
	case stored && manifest.ID != job.ID:
		err = video.Unavailable(doing, fmt.Errorf("%s is the manifest of another job, %.100q", key, manifest.ID))
	}
	if err != nil {
		return video.Manifest{}, "", false, err
	}
	return manifest, etag, stored, nil
}

// PutManifest writes a job's manifest, after its video, and returns it. If there already is
// a manifest, because another stored the video, PutManifest keeps and returns that one. It
// reads the existing manifest rather than trusting S3's refusal. The error is a
// *video.ServiceUnavailable.
func (m *Manifests) PutManifest(ctx context.Context, manifest video.Manifest) (video.Manifest, error) {
	held, err := put(ctx, m.client, m.bucket, objectkey.Manifest(manifest.Locator()), manifest, condition{absent: true})
	if !held {
		if there, stored, readErr := m.Manifest(ctx, manifest.Locator()); stored || readErr != nil {
			return there, readErr
		}
	}
	if err != nil {
		return video.Manifest{}, video.Unavailable("writing a manifest", err)
	}
	return manifest, nil
}

// forgetTries bounds the attempts to clear a manifest while others change it.
const forgetTries = 3

// Forget clears the texts of a job's manifest, if there is one that has them. It doesn't
// overwrite a concurrent change or removal. The error is a *video.ServiceUnavailable, after
// which Forget can be called again.
func (m *Manifests) Forget(ctx context.Context, job video.Locator, hash string, at time.Time) error {
	const doing = "clearing the prompt of a manifest"
	for range forgetTries {
		manifest, etag, stored, err := m.read(ctx, job)
		if err != nil || !stored || !manifest.ForgottenAt.IsZero() {
			return err
		}
		held, err := put(ctx, m.client, m.bucket, objectkey.Manifest(job), manifest.Forget(hash, at), condition{etag: etag})
		switch {
		case err == nil:
			return nil
		case held:
			return video.Unavailable(doing, err)
		}
	}
	return video.Unavailable(doing, errors.New("it was changed by another each time"))
}

// PutPoster stores the still picture of a job's video, in WebP. It keeps one that is there
// already. The error is a *video.ServiceUnavailable.
func (m *Manifests) PutPoster(ctx context.Context, job video.Locator, webp []byte) error {
	held, err := putObject(ctx, m.client, &s3.PutObjectInput{
		Bucket: &m.bucket, Key: aws.String(objectkey.Poster(job)), Body: bytes.NewReader(webp), ContentType: aws.String("image/webp"),
	}, condition{absent: true})
	if held && err != nil {
		return video.Unavailable("writing a poster", err)
	}
	return nil
}

// RemovePoster deletes the still picture of a job's video. A missing one is no error. The error
// is a *video.ServiceUnavailable.
func (m *Manifests) RemovePoster(ctx context.Context, job video.Locator) error {
	return m.remove(ctx, objectkey.Poster(job))
}

// Remove deletes a job's manifest, and then its video, so that no manifest is without its
// video, and the poster between them. A missing object is no error. The error is a *video.ServiceUnavailable, after which
// Remove can be called again.
func (m *Manifests) Remove(ctx context.Context, job video.Locator) error {
	for _, key := range []string{objectkey.Manifest(job), objectkey.Poster(job), objectkey.Video(job)} {
		if err := m.remove(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

func (m *Manifests) remove(ctx context.Context, key string) error {
	if _, err := m.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &m.bucket, Key: &key}); err != nil {
		return video.Unavailable("removing "+key, err)
	}
	return nil
}
