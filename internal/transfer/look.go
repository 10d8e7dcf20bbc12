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

	"github.com/takeup/takeup/internal/video"
)

// look describes what is at a key already, if anything is. An object that S3
// says is mine is taken for that; any other is read and verified.
func (c *Copier) look(ctx context.Context, key string, mine video.Copied) (video.Copied, bool, error) {
	out, err := c.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &c.config.Bucket, Key: &key, ChecksumMode: types.ChecksumModeEnabled})
	var absent *types.NoSuchKey
	if errors.As(err, &absent) {
		return video.Copied{}, false, nil
	}
	if err != nil {
		return video.Copied{}, false, fmt.Errorf("looking for the video: %w", err)
	}
	defer out.Body.Close()
	size := aws.ToInt64(out.ContentLength)
	if mine.Bytes > 0 && mine.Bytes == size && out.ChecksumType == types.ChecksumTypeFullObject && aws.ToString(out.ChecksumCRC32) == mine.CRC32 {
		return mine, true, nil
	}
	f := &file{Copier: c, key: key, length: size, boxes: boxes{length: size}}
	crc, at, buffer := crc32.NewIEEE(), int64(0), make([]byte, 32<<10)
	for err == nil {
		var n int
		n, err = out.Body.Read(buffer)
		crc.Write(buffer[:n])
		if seen := f.see(at, buffer[:n]); seen != nil {
			return video.Copied{}, false, strange(key, seen)
		}
		at += int64(n)
	}
	if !errors.Is(err, io.EOF) {
		return video.Copied{}, false, fmt.Errorf("reading the video: %w", err)
	}
	if err := f.whole(at); err != nil {
		return video.Copied{}, false, strange(key, err)
	}
	return f.copied(at, crc.Sum32()), true, nil
}

// strange says that a key has what no Copy stores.
func strange(key string, err error) error {
	return fmt.Errorf("%s is there already, and not from here (%s); delete it", key, reason(err))
}

// mostSweeps is how often S3 is asked to end what is open: it may be busy.
const mostSweeps = 4

// sweep ends the uploads to a key that are open: none of them is of use any more.
// It is done as far as S3 lets it, and leaves time for what the caller has still
// to do.
func (c *Copier) sweep(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.config.Pace.CleanUp/2)
	defer cancel()
	for tries := range mostSweeps {
		if c.endAll(ctx, key) == nil || pause(ctx, c.config.Pace.Pause<<tries) != nil {
			return
		}
	}
}

// endAll ends each upload to a key that is open. One that can't be ended leaves
// the others to be.
func (c *Copier) endAll(ctx context.Context, key string) error {
	var errs []error
	pages := s3.NewListMultipartUploadsPaginator(c.client, &s3.ListMultipartUploadsInput{Bucket: &c.config.Bucket, Prefix: &key})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, u := range page.Uploads {
			if aws.ToString(u.Key) != key {
				continue
			}
			_, err := c.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &c.config.Bucket, Key: &key, UploadId: u.UploadId})
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
