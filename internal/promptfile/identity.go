package promptfile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/caps"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/video"
)

// Contents keeps what is known of the texts of prompt files, by the SHA-256 of
// their bytes in hexadecimal. Both calls give a *video.ServiceUnavailable where
// that can't be read or written now.
type Contents interface {
	// Content reads what is known of a text, and its version; neither, and no
	// error, where nothing is.
	Content(ctx context.Context, sum string) (video.Content, string, error)
	// PutContent replaces the version that was read, or makes the first one
	// where version is empty. Where another one is there it gives a
	// *video.Conflict; what is there may still be this writer's own.
	PutContent(ctx context.Context, sum string, content video.Content, version string) error
}

// Sum is the SHA-256 of a prompt file's bytes, in hexadecimal.
func Sum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// JobID is the id of the job that a prompt file starts. The same bytes at the
// same key are the same job, whatever uploaded them and however often. At a key
// that an upload form signed the key alone counts, so that one form is at most
// one job.
func JobID(bucket, key, sum string) string {
	if objectkey.IsUpload(key) {
		return jobs.IDFromKey("file", bucket, key)
	}
	return jobs.IDFromKey("file", bucket, key, sum)
}

// identify gives what the upload of a text is: a request of its own, or the file
// that it is a copy of. It claims the text for the upload where nothing else
// has, before any job of it is started, so that of a file and its copies one job
// is started in whatever order S3 tells of them.
//
// S3 doesn't say what a copy was made of. So a copy is of the file with the same
// bytes that is known, and is a request of its own where none is; and an upload
// that came before such a copy is what it was made of.
func (f *Files) identify(ctx context.Context, u upload, sum string) (video.Content, error) {
	own := video.Content{Job: JobID(u.bucket, u.key, sum), Key: u.key, Copied: u.copied, At: u.at}
	var err error
	for range 8 {
		known, version, readErr := f.contents.Content(ctx, sum)
		if readErr != nil {
			return video.Content{}, readErr
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
			return video.Content{}, err
		}
	}
	return video.Content{}, &video.ServiceUnavailable{Doing: "claiming a prompt file's text", Err: err}
}

// begin starts the job that an upload is, or finds it started: what was claimed
// and not started then is started now.
func (f *Files) begin(ctx context.Context, u upload, job video.Content, content []byte) (outcome, error) {
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
		// The same bytes with another request: the job was started by a
		// release that read them in another way.
		return outcome{did: "known", job: job.Job}, nil
	case err != nil:
		return outcome{did: "not started", job: job.Job}, err
	case job.Key != u.key:
		return outcome{did: "a copy", job: job.Job}, nil
	}
	return outcome{did: "started", job: job.Job}, nil
}

// formUsed says why a text that came by an upload form has no job.
func formUsed(job video.Content) *unusable {
	return &unusable{reason: "the upload form of " + job.Key + " has been used for another text, and one form is one video at most; ask for a new form for this text"}
}

// refuse records that a text was not taken though it was claimed.
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
