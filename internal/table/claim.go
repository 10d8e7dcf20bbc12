package table

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/video"
)

// Claim writes an entry that claims its job's next attempt: as Update does, or, with
// an empty version, as Create does. It is one transaction with the control, so that no
// claim is written once the table was paused: it gives a *video.Paused then, and has
// written nothing.
func (t *Table) Claim(ctx context.Context, entry video.Entry, version string) (video.Entry, string, error) {
	entry.Mark = t.mark()
	number := int64(1)
	var items []types.TransactWriteItem
	var err error
	if version == "" {
		if err := t.putDay(ctx, entry.CreatedAt); err != nil {
			return video.Entry{}, "", err
		}
		items, err = t.creation(entry)
	} else if number, err = next(version); err == nil {
		items = []types.TransactWriteItem{{Put: asPut(t.replace(encode(entry, number), version))}}
	}
	if err != nil {
		return video.Entry{}, "", err
	}
	claim := &dynamodb.TransactWriteItemsInput{
		ClientRequestToken: &entry.Mark,
		TransactItems:      append(items, types.TransactWriteItem{ConditionCheck: t.isOpen()}),
	}
	written, newVersion, err := t.settle(ctx, entry, number, func(ctx context.Context) error {
		_, err := t.client.TransactWriteItems(ctx, claim)
		return err
	})
	if !errors.Is(err, errBarred) {
		return written, newVersion, err
	}
	control, controlVersion, err := t.Control(ctx)
	if err != nil {
		return video.Entry{}, "", err
	}
	if paused := control.Paused(t.name); paused != nil {
		return video.Entry{}, "", paused
	}
	if controlVersion == "" {
		// The table's first claim.
		var conflict *video.Conflict
		if err := t.PutControl(ctx, video.Control{Table: t.name}, ""); err != nil && !errors.As(err, &conflict) {
			return video.Entry{}, "", err
		}
	}
	return video.Entry{}, "", &video.Conflict{ID: entry.ID} // it is open now
}
