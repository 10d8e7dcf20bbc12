package timings_test

import (
	"bytes"
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// fixed is a bucket that has one object, and keeps what is put over it.
type fixed struct{ body, put []byte }

func (f *fixed) GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(f.body)), ETag: aws.String(`"1"`)}, nil
}

func (f *fixed) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	var err error
	f.put, err = io.ReadAll(in.Body)
	return &s3.PutObjectOutput{}, err
}
