package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/takeup/takeup/internal/video"
)

// upload is a multipart upload of a file.
type upload struct {
	object *object
	file   *sourceFile
	id     *string
	// fullObject means that S3 keeps a checksum of the whole object, and verifies the one in the
	// request. MiniStack keeps a checksum of the parts' checksums instead.
	fullObject bool
	parts      []part // part number 1 first
}

// part is an uploaded part.
type part struct {
	etag *string
	crc  uint32
	size int64
}

// newUpload starts an upload of that many parts. More may be added.
func (o *object) newUpload(ctx context.Context, file *sourceFile, parts int) (*upload, error) {
	out, err := o.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &o.bucket, Key: &o.key, ContentType: aws.String(contentType),
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc32, ChecksumType: types.ChecksumTypeFullObject,
	})
	if err != nil {
		return nil, err
	}
	return &upload{
		object: o, file: file, id: out.UploadId, parts: make([]part, parts),
		fullObject: out.ChecksumType == types.ChecksumTypeFullObject,
	}, nil
}

// put uploads the part with that number. Parts can be uploaded concurrently.
func (u *upload) put(ctx context.Context, number int, body io.ReadSeeker, size int64) error {
	out, err := u.object.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &u.object.bucket, Key: &u.object.key, UploadId: u.id, PartNumber: aws.Int32(int32(number)),
		Body: body, ContentLength: &size, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
	}, u.object.streamed)
	if err != nil {
		return err
	}
	crc, err := sentChecksum(out.ResultMetadata)
	u.parts[number-1] = part{etag: out.ETag, crc: crc, size: size}
	return err
}

// end completes the upload after its parts. If there was an error, or S3 refuses to complete the
// upload, it aborts it. The result describes the file even if S3 has another Copy's object.
func (u *upload) end(ctx context.Context, err error) (video.Copied, error) {
	var copied video.Copied
	if err == nil {
		copied = u.file.describe(u.sum())
		err = u.complete(ctx, copied)
	}
	if err == nil {
		return copied, nil
	}
	// The context may have ended.
	abort, cancel := context.WithTimeout(context.WithoutCancel(ctx), u.object.timeouts.CleanUp)
	defer cancel()
	abortErr := u.object.abort(abort, u.id)
	if errors.As(abortErr, new(*types.NoSuchUpload)) {
		abortErr = nil
	}
	return copied, errors.Join(err, abortErr)
}

// sum returns the length and the checksum of the whole object.
func (u *upload) sum() (length int64, crc uint32) {
	for _, p := range u.parts {
		crc, length = combineCRC32(crc, p.crc, p.size), length+p.size
	}
	return length, crc
}

func (u *upload) complete(ctx context.Context, copied video.Copied) error {
	in := &s3.CompleteMultipartUploadInput{
		Bucket: &u.object.bucket, Key: &u.object.key, UploadId: u.id, IfNoneMatch: aws.String("*"),
		MpuObjectSize: &copied.Bytes, MultipartUpload: &types.CompletedMultipartUpload{},
	}
	for i, p := range u.parts {
		in.MultipartUpload.Parts = append(in.MultipartUpload.Parts, types.CompletedPart{
			PartNumber: aws.Int32(int32(i + 1)), ETag: p.etag, ChecksumCRC32: aws.String(video.CRC32(p.crc)),
		})
	}
	if u.fullObject {
		in.ChecksumType, in.ChecksumCRC32 = types.ChecksumTypeFullObject, &copied.CRC32
	}
	out, err := u.object.client.CompleteMultipartUpload(ctx, in)
	if err != nil {
		return err
	}
	if out.ChecksumType == types.ChecksumTypeFullObject && aws.ToString(out.ChecksumCRC32) != copied.CRC32 {
		return fmt.Errorf("storing the file: S3 has the checksum %s of it instead of %s", aws.ToString(out.ChecksumCRC32), copied.CRC32)
	}
	return nil
}
