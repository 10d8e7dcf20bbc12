package runfiles

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/takeup/takeup/internal/video"
)

// partBytes is the size of a part of an upload. S3 takes at most 10,000 parts, of at least 5 MiB
// except for the last.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
const partBytes = 8 << 20

// abortTime bounds the end of an upload that is given up. S3 ends it a day later otherwise.
const abortTime = 5 * time.Second

// Create implements Store. The writer keeps one part in memory.
func (o *Objects) Create(ctx context.Context, key, contentType string) Writer {
	return &upload{ctx: ctx, objects: o, key: key, contentType: contentType}
}

// upload writes an object of any size, in parts if it is larger than one.
type upload struct {
	ctx              context.Context
	objects          *Objects
	key, contentType string
	part             bytes.Buffer
	id               *string // nil while nothing is uploaded
	parts            []types.CompletedPart
	closed           bool
}

// Write implements io.Writer. The error is a *video.ServiceUnavailable.
func (u *upload) Write(p []byte) (int, error) {
	u.part.Write(p)
	if u.part.Len() < partBytes {
		return len(p), nil
	}
	return len(p), u.send()
}

// send uploads what was written as a part.
func (u *upload) send() error {
	o := u.objects
	if u.id == nil {
		out, err := o.client.CreateMultipartUpload(u.ctx, &s3.CreateMultipartUploadInput{Bucket: &o.bucket, Key: &u.key, ContentType: &u.contentType})
		if err != nil {
			return unwritten(err)
		}
		u.id = out.UploadId
	}
	number := aws.Int32(int32(len(u.parts) + 1))
	out, err := o.client.UploadPart(u.ctx, &s3.UploadPartInput{
		Bucket: &o.bucket, Key: &u.key, UploadId: u.id, PartNumber: number, Body: bytes.NewReader(u.part.Bytes()),
	})
	if err != nil {
		return unwritten(err)
	}
	u.parts = append(u.parts, types.CompletedPart{ETag: out.ETag, PartNumber: number, ChecksumCRC32: out.ChecksumCRC32})
	u.part.Reset()
	return nil
}

// Close implements Writer. The error is a *video.ServiceUnavailable.
func (u *upload) Close() error {
	if u.closed {
		return errors.New("batches: the file is closed")
	}
	o := u.objects
	if u.id == nil {
		_, err := o.client.PutObject(u.ctx, &s3.PutObjectInput{Bucket: &o.bucket, Key: &u.key, ContentType: &u.contentType, Body: bytes.NewReader(u.part.Bytes())})
		u.closed = err == nil
		return unwritten(err)
	}
	if u.part.Len() > 0 {
		if err := u.send(); err != nil {
			return err
		}
	}
	_, err := o.client.CompleteMultipartUpload(u.ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &o.bucket, Key: &u.key, UploadId: u.id, MultipartUpload: &types.CompletedMultipartUpload{Parts: u.parts},
	})
	u.closed = err == nil
	return unwritten(err)
}

// Abort implements Writer, at best effort.
func (u *upload) Abort() {
	if u.id == nil || u.closed {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(u.ctx), abortTime)
	defer cancel()
	_, _ = u.objects.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &u.objects.bucket, Key: &u.key, UploadId: u.id})
	u.closed = true
}

func unwritten(err error) error {
	if err == nil {
		return nil
	}
	return &video.ServiceUnavailable{Doing: "writing a batch's file", Err: err}
}
