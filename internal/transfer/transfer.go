// Package transfer copies a file from a URL into S3, whole and verified or not
// at all. It holds a bounded part of the file in memory and nothing on disk.
package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/takeup/takeup/internal/video"
)

// partSize is what is held of a file: S3 takes no smaller part than 5 MiB, and
// at most 10,000 of them, which makes 78 GiB of these.
const partSize = 8 << 20

// cleanUp is how long taking back an upload that failed may take; it is kept of
// the deadline.
const cleanUp = 10 * time.Second

// Client is what is used of S3.
type Client interface {
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	CreateMultipartUpload(context.Context, *s3.CreateMultipartUploadInput, ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error)
	UploadPart(context.Context, *s3.UploadPartInput, ...func(*s3.Options)) (*s3.UploadPartOutput, error)
	CompleteMultipartUpload(context.Context, *s3.CompleteMultipartUploadInput, ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error)
	AbortMultipartUpload(context.Context, *s3.AbortMultipartUploadInput, ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error)
}

// Config is what a Copier needs to know.
type Config struct {
	Bucket   string
	MaxBytes int64 // a larger file is rejected
	Loopback bool  // take files from this machine too, over http: for local runs
}

// Source asks for the file's URL: one that is fresh each time.
type Source = func(context.Context) (string, error)

// Copier copies files into a bucket. It is safe for concurrent use.
type Copier struct {
	client Client
	config Config
	source *http.Client
}

// New makes a Copier.
func New(client Client, config Config) *Copier {
	return &Copier{client: client, config: config, source: newClient(config.Loopback)}
}

// Copy stores the mp4 at a source's URL under a key. When it returns without an error the
// object is there, as long as the source said, and a whole mp4. With one, what is
// under the key is what was there before, or, where only S3's last answer was
// lost, the whole object; and no upload is left open, unless S3 refused to end it
// or its id was lost with an answer. A *video.VideoRejected says that the file must not be stored; any
// other error that it can't be had this time. No error shows the URL.
func (t *Copier) Copy(ctx context.Context, source Source, key string) (video.Copied, error) {
	work := ctx
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		work, cancel = context.WithDeadline(ctx, deadline.Add(-cleanUp))
		defer cancel()
	}
	address, err := source(work)
	if err != nil {
		return video.Copied{}, err
	}
	body, length, err := t.open(work, address)
	if err != nil {
		return video.Copied{}, err
	}
	defer body.Close()
	f := &file{body: body, length: length, limit: t.config.MaxBytes, digest: crc32.NewIEEE()}

	part := make([]byte, partSize)
	n, last, err := f.next(part)
	if err != nil {
		return video.Copied{}, err
	}
	if last {
		_, err = t.client.PutObject(work, &s3.PutObjectInput{
			Bucket: &t.config.Bucket, Key: &key, Body: bytes.NewReader(part[:n]), ContentType: aws.String("video/mp4"),
		})
	} else {
		err = t.multipart(work, key, f, part)
	}
	if err != nil {
		return video.Copied{}, err
	}
	return video.Copied{Bytes: f.read, CRC32: video.CRC32(f.digest.Sum32())}, nil
}

// open asks for the file. The length is -1 where the source doesn't say.
func (t *Copier) open(ctx context.Context, address string) (io.ReadCloser, int64, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, 0, &video.VideoRejected{Reason: "its address can't be read"}
	}
	if err := checkURL(u, t.config.Loopback); err != nil {
		return nil, 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, 0, &video.VideoRejected{Reason: "its address can't be read"}
	}
	response, err := t.source.Do(req)
	if err != nil {
		var rejected *video.VideoRejected
		if errors.As(err, &rejected) {
			return nil, 0, rejected
		}
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		if said, _, quotes := strings.Cut(err.Error(), `"`); quotes {
			err = errors.New(said + "…") // what net/http quotes may be an address
		}
		return nil, 0, fmt.Errorf("asking for the file: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, 0, fmt.Errorf("asking for the file: its server answered %d", response.StatusCode)
	}
	if response.ContentLength > t.config.MaxBytes {
		response.Body.Close()
		return nil, 0, tooLarge(t.config.MaxBytes)
	}
	return response.Body, response.ContentLength, nil
}

// multipart uploads a file of which the first part has been read into part.
func (t *Copier) multipart(ctx context.Context, key string, f *file, part []byte) error {
	created, err := t.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &t.config.Bucket, Key: &key, ContentType: aws.String("video/mp4"),
	})
	if err != nil {
		return err
	}
	parts, err := t.parts(ctx, key, created.UploadId, f, part)
	if err == nil {
		_, err = t.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
			Bucket: &t.config.Bucket, Key: &key, UploadId: created.UploadId,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
		})
	}
	if err != nil {
		// Also where the caller has given up, or its time is over.
		abort, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUp)
		defer cancel()
		_, abortErr := t.client.AbortMultipartUpload(abort, &s3.AbortMultipartUploadInput{
			Bucket: &t.config.Bucket, Key: &key, UploadId: created.UploadId,
		})
		return errors.Join(err, abortErr)
	}
	return nil
}

func (t *Copier) parts(ctx context.Context, key string, upload *string, f *file, part []byte) ([]types.CompletedPart, error) {
	var parts []types.CompletedPart
	n, last := len(part), false
	for {
		number := aws.Int32(int32(len(parts) + 1))
		out, err := t.client.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: &t.config.Bucket, Key: &key, UploadId: upload, PartNumber: number, Body: bytes.NewReader(part[:n]),
		})
		if err != nil {
			return nil, err
		}
		parts = append(parts, types.CompletedPart{
			PartNumber: number, ETag: out.ETag,
			ChecksumCRC32: out.ChecksumCRC32, ChecksumCRC64NVME: out.ChecksumCRC64NVME,
		})
		if last {
			return parts, nil
		}
		if n, last, err = f.next(part); err != nil {
			return nil, err
		}
		if n == 0 {
			return parts, nil
		}
	}
}

func tooLarge(limit int64) error {
	return &video.VideoRejected{Reason: fmt.Sprintf("it is over %d bytes", limit)}
}
