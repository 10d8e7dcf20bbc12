// Package ledger keeps a record of every job in S3, as jobs/<id>.json. A record
// is the job's claim: S3's conditional writes let one of many writers through.
package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/takeup/takeup/internal/video"
)

// Client is what is used of S3.
type Client interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// Ledger reads and writes the entries in one bucket. It is safe for concurrent
// use, by many processes.
type Ledger struct {
	client Client
	bucket string
	nonce  func() string
}

// New makes a Ledger on a bucket. Each call of nonce gives a string that was
// never given before, by any process.
func New(client Client, bucket string, nonce func() string) *Ledger {
	return &Ledger{client: client, bucket: bucket, nonce: nonce}
}

// Get reads a job's entry and its version, which Update takes. Without an entry
// it gives a *video.NoEntry.
func (l *Ledger) Get(ctx context.Context, id string) (video.Entry, string, error) {
	out, err := l.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &l.bucket, Key: aws.String(video.EntryKey(id))})
	if err != nil {
		var absent *types.NoSuchKey
		if errors.As(err, &absent) {
			return video.Entry{}, "", &video.NoEntry{ID: id}
		}
		return video.Entry{}, "", unavailable("reading the ledger", err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		return video.Entry{}, "", unavailable("reading the ledger", err)
	}
	var entry video.Entry
	if err := json.Unmarshal(body, &entry); err != nil {
		return video.Entry{}, "", unavailable("reading the ledger", fmt.Errorf("%s is not an entry: %w", video.EntryKey(id), err))
	}
	if entry.ID != id {
		return video.Entry{}, "", unavailable("reading the ledger", fmt.Errorf("%s is the entry of another job, %.100q", video.EntryKey(id), entry.ID))
	}
	return entry, aws.ToString(out.ETag), nil
}

// Create writes a job's first entry, and gives it as it was written, with its
// version. Where there is one already it gives a *video.Conflict and writes
// nothing. On any other error the entry may have been written.
func (l *Ledger) Create(ctx context.Context, entry video.Entry) (video.Entry, string, error) {
	return l.write(ctx, entry, &s3.PutObjectInput{IfNoneMatch: aws.String("*")})
}

// Update replaces the version of an entry that was read, and gives the new one.
// Where the entry has changed since it gives a *video.Conflict and writes
// nothing. On any other error the entry may have been written.
func (l *Ledger) Update(ctx context.Context, entry video.Entry, version string) (video.Entry, string, error) {
	return l.write(ctx, entry, &s3.PutObjectInput{IfMatch: &version})
}

// write answers a failed write with a read. A 412 or 409 can be the fate of the
// SDK's own second try at a write that went through, and an answer that was lost
// tells nothing: the nonce says whose version it is that is there now.
func (l *Ledger) write(ctx context.Context, entry video.Entry, condition *s3.PutObjectInput) (video.Entry, string, error) {
	entry.Nonce = l.nonce()
	body, err := json.Marshal(entry)
	if err != nil {
		return video.Entry{}, "", fmt.Errorf("ledger: encoding %s: %w", entry.ID, err)
	}
	put := *condition
	put.Bucket, put.Key = &l.bucket, aws.String(video.EntryKey(entry.ID))
	put.Body, put.ContentType = bytes.NewReader(body), aws.String("application/json")
	out, err := l.client.PutObject(ctx, &put)
	if err == nil {
		return entry, aws.ToString(out.ETag), nil
	}

	found, version, readErr := l.Get(ctx, entry.ID)
	var absent *video.NoEntry
	switch {
	case readErr == nil && found.Nonce == entry.Nonce:
		return entry, version, nil
	case readErr == nil && refused(err), errors.As(readErr, &absent) && put.IfMatch != nil && refused(err):
		return video.Entry{}, "", &video.Conflict{ID: entry.ID}
	}
	return video.Entry{}, "", unavailable("writing the ledger", err)
}

// refused reports whether S3 said that the condition of a write did not hold, or
// that another write to the key was under way (409), or that an entry to be
// replaced isn't there (404).
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
func refused(err error) bool {
	var response *awshttp.ResponseError
	if !errors.As(err, &response) {
		return false
	}
	switch response.HTTPStatusCode() {
	case http.StatusPreconditionFailed, http.StatusConflict, http.StatusNotFound:
		return true
	}
	return false
}

func unavailable(doing string, err error) error {
	return &video.ServiceUnavailable{Doing: doing, Err: err}
}
