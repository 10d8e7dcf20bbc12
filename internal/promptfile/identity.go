package promptfile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/caps"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/table/record"
	"github.com/takeup/takeup/internal/video"
)

// Contents stores what is known about the contents of prompt files, by the SHA-256 of their
// bytes in hexadecimal. Both methods return a *video.ServiceUnavailable if the store can't
// be read or written now.
type Contents interface {
	// Content returns what is known about a content, and its version. If nothing is known,
	// both are zero and the error is nil.
	Content(ctx context.Context, sum string) (record.Content, string, error)
	// PutContent replaces the version that was read, or creates the first one if version is
	// empty. If another version is stored it returns a *video.Conflict. The stored version
	// may still be this writer's own.
	PutContent(ctx context.Context, sum string, content record.Content, version string) error
}

// Sum returns the SHA-256 of a prompt file's bytes, in hexadecimal.
func Sum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// JobID returns the id of the job that a prompt file starts. The same bytes at the same key
// are the same job, whatever uploaded them and however often. At a key that was signed for
// an upload form, only the key counts, so that one form starts at most one job.
func JobID(bucket, key, sum string) string {
	if objectkey.IsUpload(key) {
		return jobs.IDFromKey("file", bucket, key)
	}
	return jobs.IDFromKey("file", bucket, key, sum)
}

// identify returns what an upload is: a request of its own, or a copy of a known file. It
// claims the content for the upload if nothing else has, before any job is started, so that
// a file and its copies start one job in whatever order S3 notifies of them.
//
// S3 doesn't say what a copy was made from. So a copy is taken as one of the known file
// with the same bytes, and as a request of its own if there is none. If such a copy is
// known first, an upload made before it is taken as its source.
func (f *Files) identify(ctx context.Context, u upload, sum string) (record.Content, error) {
	own := record.Content{Job: JobID(u.bucket, u.key, sum), Key: u.key, Copied: u.copied, At: u.at}
	var err error
	for range 8 {
		known, version, readErr := f.contents.Content(ctx, sum)
		if readErr != nil {
			return record.Content{}, readErr
		}
		next := known
		switch {
		case known.Job == "", known.Refused && !u.copied:
			next = own
		case known.Copied && !u.copied && known.Origin == "" && known.Job != own.Job && !u.at.After(known.At):
			next.Origin = u.key
		}
		switch {
		case next == known && (u.copied || known.Origin == u.key):
			return known, nil
		case next == known:
			return own, nil
		}
		if err = f.contents.PutContent(ctx, sum, next, version); err == nil {
			return next, nil
		}
		var conflict *video.Conflict
		if !errors.As(err, &conflict) {
			return record.Content{}, err
		}
	}
	return record.Content{}, &video.ServiceUnavailable{Doing: "claiming a prompt file's text", Err: err}
}

// begin starts an upload's job, or finds it already started. A job that was claimed but not
// started is started now.
func (f *Files) begin(ctx context.Context, u upload, job record.Content, content []byte) (outcome, error) {
	if job.Refused {
		return outcome{}, formUsed(job)
	}
	k, err := kindOf(job.Key)
	if err != nil {
		return outcome{}, err
	}
	r, err := parse(k, content)
	if err != nil {
		return outcome{}, err
	}
	receipt, err := f.starter.Start(ctx, job.Job, r, u.origin(job.Key))
	var other *jobs.Mismatch
	var full *caps.Refused
	switch {
	case errors.As(err, &full):
		return outcome{}, &unusable{reason: full.Error()}
	case errors.As(err, &other) && objectkey.IsUpload(job.Key):
		if err := f.refuse(ctx, Sum(content), job.Job); err != nil {
			return outcome{did: "not refused", job: job.Job}, err
		}
		return outcome{job: job.Job}, formUsed(job)
	case errors.As(err, &other), err == nil && receipt.Known:
		// The same bytes with another request: an earlier release parsed them differently
		// when it started the job.
		return outcome{did: "known", job: job.Job}, nil
	case err != nil:
		return outcome{did: "not started", job: job.Job}, err
	case job.Key != u.key:
		return outcome{did: "a copy", job: job.Job}, nil
	}
	return outcome{did: "started", job: job.Job}, nil
}

// formUsed says why a text sent with an upload form has no job.
func formUsed(job record.Content) *unusable {
	return &unusable{reason: "the upload form of " + job.Key + " was already used for another text, and a form makes at most one video; get a new form for this text"}
}

// refuse records that a content was refused after it was claimed.
func (f *Files) refuse(ctx context.Context, sum, job string) error {
	known, version, err := f.contents.Content(ctx, sum)
	if err != nil || known.Job != job || known.Refused {
		return err
	}
	known.Refused = true
	err = f.contents.PutContent(ctx, sum, known, version)
	var conflict *video.Conflict
	if errors.As(err, &conflict) {
		return &video.ServiceUnavailable{Doing: "refusing a prompt file's text", Err: err}
	}
	return err
}
