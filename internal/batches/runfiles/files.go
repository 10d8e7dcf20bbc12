package runfiles

import (
	"context"
	"io"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/video"
)

// Items reads many jobs at once.
type Items interface {
	// Entries returns the entries of the jobs that exist, by id, without their requests. The
	// reads are consistent. It takes at most batch.LookupSize ids.
	Entries(ctx context.Context, ids []string) (map[string]video.Entry, error)
}

// Files has the files that a run of a batch leaves in the videos bucket.
type Files interface {
	// Open returns one of a batch's files as a stream.
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	// Address returns the s3:// address of a job's video.
	Address(job video.Locator) string
}

// Store is Files with what the steps need besides.
type Store interface {
	Files
	// Bucket returns the name of the bucket.
	Bucket() string
	// Range returns a part of a file.
	Range(ctx context.Context, key string, at int64, size int) ([]byte, error)
	// Create begins to write a file, which is there once it is closed.
	Create(ctx context.Context, key, contentType string) Writer
	// Source opens a version of a batch's file as a stream. The error is a *Gone if that version
	// is not there any more, or can't be read.
	Source(ctx context.Context, source record.Source) (io.ReadCloser, error)
	// Reject writes why a file that was put into the bucket is not used.
	Reject(ctx context.Context, source record.Source, reason string) error
}

// Writer writes a file.
type Writer interface {
	io.Writer
	// Close ends the file. Only if it returns nil, the file is there as it was written.
	Close() error
	// Abort gives the file up. It does nothing after Close.
	Abort()
}

// Gone says that a file can't be read, and why.
type Gone struct{ Reason string }

func (e *Gone) Error() string { return "the file " + e.Reason }
