package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/takeup/takeup/internal/video"
)

// Contents keeps what is known of the texts of prompt files, as
// contents/<sha256>.json. It is safe for concurrent use, by many processes.
type Contents struct {
	client Client
	bucket string
}

// NewContents makes the Contents in a bucket.
func NewContents(client Client, bucket string) *Contents {
	return &Contents{client: client, bucket: bucket}
}

// Content reads what is known of the text with that SHA-256, in hexadecimal, and
// its version, which Put takes. Where nothing is known, both are empty.
func (c *Contents) Content(ctx context.Context, sum string) (video.Content, string, error) {
	const doing = "reading what is known of a prompt file"
	out, err := c.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &c.bucket, Key: aws.String(video.ContentKey(sum))})
	if err != nil {
		var absent *types.NoSuchKey
		if errors.As(err, &absent) {
			return video.Content{}, "", nil
		}
		return video.Content{}, "", unavailable(doing, err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		return video.Content{}, "", unavailable(doing, err)
	}
	var content video.Content
	if err := json.Unmarshal(body, &content); err != nil || !video.ValidID(content.Job) {
		return video.Content{}, "", unavailable(doing, fmt.Errorf("%s names no job", video.ContentKey(sum)))
	}
	return content, aws.ToString(out.ETag), nil
}

// PutContent writes what is known of a text, if that is still at the version that
// was read; the version is empty where nothing was. Otherwise it gives a
// *video.Conflict and writes nothing. It also gives one where its own write went
// through and its answer was lost, so read again: what is there may be yours. On
// any other error it may have been written.
func (c *Contents) PutContent(ctx context.Context, sum string, content video.Content, version string) error {
	body, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("ledger: encoding the content %s: %w", sum, err)
	}
	put := &s3.PutObjectInput{
		Bucket: &c.bucket, Key: aws.String(video.ContentKey(sum)),
		Body: bytes.NewReader(body), ContentType: aws.String("application/json"), IfMatch: &version,
	}
	if version == "" {
		put.IfMatch, put.IfNoneMatch = nil, aws.String("*")
	}
	_, err = c.client.PutObject(ctx, put)
	switch {
	case err == nil:
		return nil
	case refused(err):
		return &video.Conflict{ID: content.Job}
	}
	return unavailable("writing what is known of a prompt file", err)
}
