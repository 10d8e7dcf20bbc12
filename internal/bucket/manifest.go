// Package bucket keeps, beside each stored video, the object that says what it
// is and that it is whole: videos/<id>/video.json, written after
// videos/<id>/video.mp4.
package bucket

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/takeup/takeup/internal/video"
)

// Client is what is used of S3.
type Client interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	DeleteObject(context.Context, *s3.DeleteObjectInput, ...func(*s3.Options)) (*s3.DeleteObjectOutput, error)
}

// Shelf reads and writes the manifests in the videos bucket. It is safe for
// concurrent use.
type Shelf struct {
	client Client
	bucket string
}

// New makes a Shelf in a bucket.
func New(client Client, bucket string) *Shelf { return &Shelf{client: client, bucket: bucket} }

// Address is the s3:// address of a job's video.
func (s *Shelf) Address(id string) string { return "s3://" + s.bucket + "/" + video.FileKey(id) }

// Manifest gives a job's manifest, and false where it has none: its video isn't
// stored. The error is a *video.ServiceUnavailable.
func (s *Shelf) Manifest(ctx context.Context, id string) (video.Manifest, bool, error) {
	manifest, _, stored, err := s.read(ctx, id)
	return manifest, stored, err
}

// read gives a manifest with its ETag.
func (s *Shelf) read(ctx context.Context, id string) (manifest video.Manifest, etag string, stored bool, err error) {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: aws.String(video.ManifestKey(id))})
	var absent *types.NoSuchKey
	if errors.As(err, &absent) {
		return video.Manifest{}, "", false, nil
	}
	if err != nil {
		return video.Manifest{}, "", false, unavailable("reading a manifest", err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		return video.Manifest{}, "", false, unavailable("reading a manifest", err)
	}
	if err := json.Unmarshal(body, &manifest); err != nil {
		return video.Manifest{}, "", false, unavailable("reading a manifest", fmt.Errorf("%s is not a manifest: %w", video.ManifestKey(id), err))
	}
	if manifest.ID != id {
		return video.Manifest{}, "", false, unavailable("reading a manifest", fmt.Errorf("%s is the manifest of another job, %.100q", video.ManifestKey(id), manifest.ID))
	}
	return manifest, aws.ToString(out.ETag), true, nil
}

// PutManifest writes a job's manifest, after its video, and gives it. A manifest that
// is there already stays, and is given instead: the video was stored by another. That
// it is there is read, and not taken from S3's refusal. The error is a
// *video.ServiceUnavailable.
func (s *Shelf) PutManifest(ctx context.Context, manifest video.Manifest) (video.Manifest, error) {
	body, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return video.Manifest{}, fmt.Errorf("manifest: encoding %s: %w", manifest.ID, err)
	}
	_, err = s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.bucket, Key: aws.String(video.ManifestKey(manifest.ID)), IfNoneMatch: aws.String("*"),
		Body: bytes.NewReader(body), ContentType: aws.String("application/json"),
	})
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.HTTPStatusCode() == http.StatusPreconditionFailed {
		if there, stored, readErr := s.Manifest(ctx, manifest.ID); stored || readErr != nil {
			return there, readErr
		}
	}
	if err != nil {
		return video.Manifest{}, unavailable("writing a manifest", err)
	}
	return manifest, nil
}

// forgets is how often a manifest is read anew after another changed it.
const forgets = 3

// Forget clears the texts of a job's manifest, where there is one that has them. One
// that is changed or removed meanwhile is not written over. The error is a
// *video.ServiceUnavailable; forgetting again goes on.
func (s *Shelf) Forget(ctx context.Context, id, hash string, at time.Time) error {
	const doing = "clearing the prompt of a manifest"
	for range forgets {
		manifest, etag, stored, err := s.read(ctx, id)
		if err != nil || !stored || !manifest.ForgottenAt.IsZero() {
			return err
		}
		body, err := json.MarshalIndent(manifest.Forget(hash, at), "", "  ")
		if err != nil {
			return fmt.Errorf("manifest: encoding %s: %w", id, err)
		}
		_, err = s.client.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &s.bucket, Key: aws.String(video.ManifestKey(id)), IfMatch: &etag,
			Body: bytes.NewReader(body), ContentType: aws.String("application/json"),
		})
		var response *awshttp.ResponseError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &response) && slices.Contains([]int{http.StatusPreconditionFailed, http.StatusNotFound, http.StatusConflict}, response.HTTPStatusCode()):
		default:
			return unavailable(doing, err)
		}
	}
	return unavailable(doing, errors.New("it was changed by another each time"))
}

// Remove takes a job's manifest away, and then its video, so that no manifest is
// without its video. What isn't there is no error. The error is a
// *video.ServiceUnavailable; removing again goes on.
func (s *Shelf) Remove(ctx context.Context, id string) error {
	for _, key := range []string{video.ManifestKey(id), video.FileKey(id)} {
		if _, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &key}); err != nil {
			return unavailable("removing "+key, err)
		}
	}
	return nil
}

func unavailable(doing string, err error) error {
	return &video.ServiceUnavailable{Doing: doing, Err: err}
}
