package promptfile

import (
	"context"
	"errors"

	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/batches"
)

// Batches begins runs of the files that have many prompts.
type Batches interface {
	// Arrive begins a run with a version of a file, once. It returns a *batches.Refused for a
	// file that no batch is made of.
	Arrive(ctx context.Context, source record.Source, copied bool) (batches.Arrived, error)
}

// OfMany reports whether a file has many prompts, by the extension of its key.
func OfMany(key string) bool {
	_, err := batchfile.FormatOf(key)
	return err == nil
}

// batch begins a run of a file with many prompts. The run reads it.
func (f *Files) batch(ctx context.Context, u upload) (outcome, error) {
	source := record.Source{Bucket: u.bucket, Key: u.key, Version: u.etag, At: u.at}
	if u.versioned() {
		source.Version, source.Versioned = u.version, true
	}
	arrived, err := f.batches.Arrive(ctx, source, u.copied)
	var refused *batches.Refused
	switch {
	case errors.As(err, &refused):
		return outcome{}, &unusable{reason: refused.Error()}
	case err != nil:
		return outcome{did: "no batch", job: arrived.Batch}, err
	case arrived.Known:
		return outcome{did: "known", job: arrived.Batch}, nil
	}
	return outcome{did: "batch", job: arrived.Batch}, nil
}
