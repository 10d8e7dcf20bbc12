package gather

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/promptfile"
	"github.com/takeup/takeup/internal/video"
)

// Client has the S3 calls that Objects needs.
type Client interface {
	s3.ListObjectsV2APIClient
	s3.ListObjectVersionsAPIClient
	bucket.Getter
}

// Objects lists the videos bucket and the prompts bucket.
type Objects struct {
	Client              Client
	Videos, PromptFiles string // bucket names
}

// Listing is the content of the videos bucket, by job ID.
type Listing struct {
	Manifests map[string]bool
	Videos    map[string]bool
	Locators  map[string]video.Locator // as the keys have them
}

// Listing lists the videos bucket. It skips keys that don't belong to a job.
func (o Objects) Listing(ctx context.Context) (Listing, error) {
	l := Listing{Manifests: map[string]bool{}, Videos: map[string]bool{}, Locators: map[string]video.Locator{}}
	return l, o.list(ctx, objectkey.Videos, func(key objectkey.Key) {
		switch key.Kind {
		case objectkey.KindVideo:
			l.Videos[key.Job.ID] = true
		case objectkey.KindManifest:
			l.Manifests[key.Job.ID] = true
		default:
			return
		}
		l.Locators[key.Job.ID] = key.Job
	})
}

// list calls give for each key in the videos bucket that has the prefix and that Takeup
// writes.
func (o Objects) list(ctx context.Context, prefix string, give func(objectkey.Key)) error {
	pages := s3.NewListObjectsV2Paginator(o.Client, &s3.ListObjectsV2Input{Bucket: &o.Videos, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing %s in s3://%s: %w", prefix, o.Videos, err)
		}
		for _, object := range page.Contents {
			if key, ok := objectkey.Parse(aws.ToString(object.Key)); ok {
				give(key)
			}
		}
	}
	return nil
}

// Prompts returns the versions of prompt files uploaded at or after since, and whether
// they were rejected. It leaves out deleted versions: nobody is waiting for them.
func (o Objects) Prompts(ctx context.Context, since time.Time) ([]PromptFile, error) {
	var files []PromptFile
	pages := s3.NewListObjectVersionsPaginator(o.Client, &s3.ListObjectVersionsInput{Bucket: &o.PromptFiles})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing s3://%s: %w", o.PromptFiles, err)
		}
		for _, version := range page.Versions {
			if at := aws.ToTime(version.LastModified); !at.Before(since) {
				files = append(files, PromptFile{Bucket: o.PromptFiles, Key: aws.ToString(version.Key), Version: aws.ToString(version.VersionId), At: at})
			}
		}
	}
	rejected := map[string]bool{}
	if err := o.list(ctx, objectkey.Rejections, func(key objectkey.Key) { rejected[key.File] = true }); err != nil {
		return nil, err
	}
	for i, file := range files {
		key, ok := objectkey.Parse(objectkey.Rejection(file.Key))
		if !ok || !rejected[key.File] {
			continue
		}
		rejection, found, err := bucket.GetRejection(ctx, o.Client, o.Videos, file.Key)
		if err != nil {
			return nil, err
		}
		same := found && rejection.Bucket == file.Bucket && rejection.Key == file.Key
		files[i].Rejected = same && rejection.VersionID == file.Version
		files[i].Replaced = same && !files[i].Rejected && rejection.At.After(file.At)
	}
	return files, nil
}

// sum returns the SHA-256 of a prompt file's content, empty if it is archived, and
// whether the file is gone.
func (o Objects) sum(ctx context.Context, file PromptFile) (sum string, gone bool, err error) {
	in := &s3.GetObjectInput{Bucket: &file.Bucket, Key: &file.Key}
	if file.Version != "" {
		in.VersionId = &file.Version
	}
	out, err := o.Client.GetObject(ctx, in)
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "NoSuchKey", "NoSuchVersion":
			return "", true, nil
		case "InvalidObjectState":
			return "", false, nil
		}
	}
	if err != nil {
		return "", false, fmt.Errorf("reading %s: %w", objectkey.URI(file.Bucket, file.Key), err)
	}
	defer out.Body.Close()
	// Anything larger can't be a prompt file.
	content, err := io.ReadAll(io.LimitReader(out.Body, video.MaxRequestBytes+1))
	if err != nil {
		return "", false, fmt.Errorf("reading %s: %w", objectkey.URI(file.Bucket, file.Key), err)
	}
	return promptfile.Sum(content), false, nil
}
