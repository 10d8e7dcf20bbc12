package transfer

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/takeup/takeup/internal/video"
)

const contentType = "video/mp4"

// put stores the whole file by one request, unless something is at its key.
func (f *file) put(ctx context.Context, s *stretch) (video.Copied, error) {
	crc, err := f.putBody(ctx, s, s.length)
	if s.err != nil {
		err = s.err // what S3's client makes of it may not tell
	}
	return f.copied(s.length, crc), err
}

func (f *file) putBody(ctx context.Context, body io.ReadSeeker, length int64) (uint32, error) {
	out, err := f.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &f.config.Bucket, Key: &f.key, IfNoneMatch: aws.String("*"), ContentType: aws.String(contentType),
		Body: body, ContentLength: &length, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
	}, f.streamed)
	if err != nil {
		return 0, err
	}
	return sent(out.ResultMetadata)
}

// sent gives the checksum that was sent with a body, and that S3 verified.
func sent(metadata middleware.Metadata) (uint32, error) {
	computed, _ := s3.GetComputedInputChecksumsMetadata(metadata)
	sum, err := base64.StdEncoding.DecodeString(computed.ComputedChecksums["CRC32"])
	if err != nil || len(sum) != 4 {
		return 0, errors.New("storing the file: no checksum was sent with it")
	}
	return binary.BigEndian.Uint32(sum), nil
}

// upload is a multipart upload.
type upload struct {
	*file
	id *string
	// full says that S3 will keep a checksum of the whole, and verify the one
	// that it is given. MiniStack keeps one of the parts' checksums instead.
	full  bool
	parts []part // by their numbers, from 1
}

// part is one that was uploaded.
type part struct {
	etag *string
	crc  uint32
	size int64
}

func (f *file) newUpload(ctx context.Context, parts int) (*upload, error) {
	out, err := f.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &f.config.Bucket, Key: &f.key, ContentType: aws.String(contentType),
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc32, ChecksumType: types.ChecksumTypeFullObject,
	})
	if err != nil {
		return nil, err
	}
	return &upload{file: f, id: out.UploadId, full: out.ChecksumType == types.ChecksumTypeFullObject, parts: make([]part, parts)}, nil
}

// part uploads the part of a number. No two calls may have the same one.
func (u *upload) part(ctx context.Context, number int, body io.ReadSeeker, size int64) error {
	out, err := u.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &u.config.Bucket, Key: &u.key, UploadId: u.id, PartNumber: aws.Int32(int32(number)),
		Body: body, ContentLength: &size, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
	}, u.streamed)
	if err != nil {
		return err
	}
	crc, err := sent(out.ResultMetadata)
	u.parts[number-1] = part{etag: out.ETag, crc: crc, size: size}
	return err
}

// sum is the length and the checksum of the whole.
func (u *upload) sum() (length int64, crc uint32) {
	for _, p := range u.parts {
		crc, length = joined(crc, p.crc, p.size), length+p.size
	}
	return length, crc
}

// end completes the upload, unless something is at its key, or err or S3's
// refusal keeps it from that: then it is aborted.
func (u *upload) end(ctx context.Context, err error) (video.Copied, error) {
	var copied video.Copied
	if err == nil {
		copied = u.copied(u.sum())
		err = u.complete(ctx, copied)
	}
	if err == nil {
		return copied, nil
	}
	// Also where the caller has given up, or its time is over.
	abort, cancel := context.WithTimeout(context.WithoutCancel(ctx), u.config.Pace.CleanUp)
	defer cancel()
	_, abortErr := u.client.AbortMultipartUpload(abort, &s3.AbortMultipartUploadInput{
		Bucket: &u.config.Bucket, Key: &u.key, UploadId: u.id,
	})
	var ended *types.NoSuchUpload
	if errors.As(abortErr, &ended) {
		abortErr = nil
	}
	return copied, errors.Join(err, abortErr)
}

func (u *upload) complete(ctx context.Context, copied video.Copied) error {
	in := &s3.CompleteMultipartUploadInput{
		Bucket: &u.config.Bucket, Key: &u.key, UploadId: u.id, IfNoneMatch: aws.String("*"),
		MpuObjectSize: &copied.Bytes, MultipartUpload: &types.CompletedMultipartUpload{},
	}
	for i, p := range u.parts {
		in.MultipartUpload.Parts = append(in.MultipartUpload.Parts, types.CompletedPart{
			PartNumber: aws.Int32(int32(i + 1)), ETag: p.etag, ChecksumCRC32: aws.String(video.CRC32(p.crc)),
		})
	}
	if u.full {
		in.ChecksumType, in.ChecksumCRC32 = types.ChecksumTypeFullObject, &copied.CRC32
	}
	out, err := u.client.CompleteMultipartUpload(ctx, in)
	if err != nil {
		return err
	}
	if out.ChecksumType == types.ChecksumTypeFullObject && aws.ToString(out.ChecksumCRC32) != copied.CRC32 {
		return fmt.Errorf("storing the file: S3 has the checksum %s of it instead of %s", aws.ToString(out.ChecksumCRC32), copied.CRC32)
	}
	return nil
}
