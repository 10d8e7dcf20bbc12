package transfer

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/takeup/takeup/internal/transfer/mp4"
	"github.com/takeup/takeup/internal/video"
)

// existing describes the object at the key, if there is one. If S3's checksum shows that this
// Copy wrote it, it is not read again; any other object is read and verified.
func (o *object) existing(ctx context.Context, written video.Copied) (video.Copied, bool, error) {
	out, err := o.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &o.bucket, Key: &o.key, ChecksumMode: types.ChecksumModeEnabled})
	if errors.As(err, new(*types.NoSuchKey)) {
		return video.Copied{}, false, nil
	}
	if err != nil {
		return video.Copied{}, false, fmt.Errorf("looking for the video: %w", err)
	}
	defer out.Body.Close()
	size := aws.ToInt64(out.ContentLength)
	if written.Bytes > 0 && written.Bytes == size && out.ChecksumType == types.ChecksumTypeFullObject && aws.ToString(out.ChecksumCRC32) == written.CRC32 {
		return written, true, nil
	}
	boxes, crc, length, buffer := mp4.NewWalker(size), crc32.NewIEEE(), int64(0), make([]byte, 32<<10)
	for err == nil {
		var n int
		n, err = out.Body.Read(buffer)
		crc.Write(buffer[:n])
		if err := boxes.Feed(length, buffer[:n]); err != nil {
			return video.Copied{}, false, o.foreign(err)
		}
		length += int64(n)
	}
	if !errors.Is(err, io.EOF) {
		return video.Copied{}, false, fmt.Errorf("reading the video: %w", err)
	}
	if err := boxes.Complete(length); err != nil {
		return video.Copied{}, false, o.foreign(err)
	}
	return describe(boxes.Info(), length, crc.Sum32()), true, nil
}

// foreign returns an error for an object at the key that no Copy can have stored.
func (o *object) foreign(err error) error {
	return fmt.Errorf("%s exists already, and was not installed from here (%w); delete it", o.key, err)
}
