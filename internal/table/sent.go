package table

import (
	"context"
	"errors"

	"github.com/takeup/takeup/internal/table/record"
	"github.com/takeup/takeup/internal/video"
)

// CreateSent is Create for a job that was sent without an Idempotency-Key. In the same
// transaction it replaces the version of the sendings that was read. It returns a
// *video.Conflict, and writes nothing, if the sendings have changed since.
func (t *Table) CreateSent(ctx context.Context, entry video.Entry, request string, sent []video.Sending, version string) (video.Entry, string, error) {
	with, err := record.WithSendings(&t.records, request, sent, version)
	if err != nil {
		return video.Entry{}, "", err
	}
	created, written, err := t.create(ctx, entry, with)
	if errors.Is(err, errBarred) {
		err = &video.Conflict{ID: entry.ID}
	}
	return created, written, err
}
