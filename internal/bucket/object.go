package bucket

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Getter is the S3 call that reads an object.
type Getter interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// Putter is the S3 call that writes an object.
type Putter interface {
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// errNotJSON says that an object can't be decoded.
type errNotJSON struct{ err error }

func (e *errNotJSON) Error() string { return e.err.Error() }

func (e *errNotJSON) Unwrap() error { return e.err }

// get decodes the JSON object at a key into v, and returns its ETag and whether it exists.
// The error is an *errNotJSON if the object is something else.
func get(ctx context.Context, client Getter, bucket, key string, v any) (etag string, found bool, err error) {
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	var absent *types.NoSuchKey
	if errors.As(err, &absent) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	defer out.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(out.Body); err != nil {
		return "", false, err
	}
	if err := json.Unmarshal(body.Bytes(), v); err != nil {
		return "", false, &errNotJSON{err}
	}
	return aws.ToString(out.ETag), true, nil
}

// condition is what a write requires of the object that it replaces. The zero condition
// requires nothing.
type condition struct {
	absent bool   // it doesn't exist
	etag   string // it has this ETag; empty: any
}

// put writes v as a JSON object, and reports whether the condition held. If it did not,
// nothing was written and the error is S3's refusal.
func put(ctx context.Context, client Putter, bucket, key string, v any, c condition) (held bool, err error) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return true, fmt.Errorf("encoding %s: %w", key, err)
	}
	return putObject(ctx, client, &s3.PutObjectInput{
		Bucket: &bucket, Key: &key, Body: bytes.NewReader(append(body, '\n')), ContentType: aws.String("application/json"),
	}, c)
}

// putObject writes an object, and reports whether the condition held, as put does.
func putObject(ctx context.Context, client Putter, in *s3.PutObjectInput, c condition) (held bool, err error) {
	if c.absent {
		in.IfNoneMatch = aws.String("*")
	}
	if c.etag != "" {
		in.IfMatch = &c.etag
	}
	_, err = client.PutObject(ctx, in)
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		switch response.HTTPStatusCode() {
		case http.StatusPreconditionFailed:
			return !c.absent && c.etag == "", err
		// With an ETag, this means that the object is gone, or is being written:
		// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
		case http.StatusNotFound, http.StatusConflict:
			return c.etag == "", err
		}
	}
	return true, err
}
