package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/takeup/takeup/internal/promptfile"
	"github.com/takeup/takeup/internal/video"
)

// Client is what is used of S3.
type Client interface {
	s3.ListObjectsV2APIClient
	s3.ListObjectVersionsAPIClient
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// Objects lists the two buckets.
type Objects struct {
	Client              Client
	Videos, PromptFiles string // the buckets
}

// Listing is what the videos bucket has, by the jobs' ids.
type Listing struct {
	Manifests map[string]bool
	Videos    map[string]bool
}

// Listing lists the videos bucket. Keys that no job has are left out.
func (o Objects) Listing(ctx context.Context) (Listing, error) {
	l := Listing{Manifests: map[string]bool{}, Videos: map[string]bool{}}
	return l, o.keys(ctx, "videos/", func(key string) {
		id, _, _ := strings.Cut(strings.TrimPrefix(key, "videos/"), "/")
		switch {
		case !video.ValidID(id):
		case key == video.FileKey(id):
			l.Videos[id] = true
		case key == video.ManifestKey(id):
			l.Manifests[id] = true
		}
	})
}

// keys gives the videos bucket's keys below a prefix.
func (o Objects) keys(ctx context.Context, prefix string, give func(string)) error {
	pages := s3.NewListObjectsV2Paginator(o.Client, &s3.ListObjectsV2Input{Bucket: &o.Videos, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing %s in s3://%s: %w", prefix, o.Videos, err)
		}
		for _, object := range page.Contents {
			give(aws.ToString(object.Key))
		}
	}
	return nil
}

// Prompts gives the versions of the files in the prompts bucket that were
// uploaded since, with what rejected/ says of them. A version that was deleted
// has nobody who waits for it.
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
	if err := o.keys(ctx, "rejected/", func(key string) { rejected[key] = true }); err != nil {
		return nil, err
	}
	for i, file := range files {
		key := promptfile.RejectionKey(file.Key)
		if !rejected[key] {
			continue
		}
		rejection, err := o.rejection(ctx, key)
		if err != nil {
			return nil, err
		}
		same := rejection.Bucket == file.Bucket && rejection.Key == file.Key
		files[i].Rejected = same && rejection.VersionID == file.Version
		files[i].Replaced = same && !files[i].Rejected && rejection.At.After(file.At)
	}
	return files, nil
}

// sum gives the SHA-256 of a prompt file's bytes; none where they are in an
// archive; and whether the file is gone.
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
		return "", false, fmt.Errorf("reading s3://%s/%s: %w", file.Bucket, file.Key, err)
	}
	defer out.Body.Close()
	// What is larger can't be a prompt file.
	content, err := io.ReadAll(io.LimitReader(out.Body, video.MaxRequestBytes+1))
	if err != nil {
		return "", false, fmt.Errorf("reading s3://%s/%s: %w", file.Bucket, file.Key, err)
	}
	return promptfile.Sum(content), false, nil
}

// rejection reads a rejection; one that is gone, or is none, rejects nothing.
func (o Objects) rejection(ctx context.Context, key string) (promptfile.Rejection, error) {
	out, err := o.Client.GetObject(ctx, &s3.GetObjectInput{Bucket: &o.Videos, Key: &key})
	var absent *types.NoSuchKey
	if errors.As(err, &absent) {
		return promptfile.Rejection{}, nil
	}
	if err != nil {
		return promptfile.Rejection{}, fmt.Errorf("reading s3://%s/%s: %w", o.Videos, key, err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		return promptfile.Rejection{}, fmt.Errorf("reading s3://%s/%s: %w", o.Videos, key, err)
	}
	var r promptfile.Rejection
	if json.Unmarshal(body, &r) != nil {
		return promptfile.Rejection{}, nil
	}
	return r, nil
}
