package table

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/table/outbox"
	"github.com/takeup/takeup/internal/video"
)

// ended counts the entry's endings, and returns the write that puts a new one into the outbox.
func (t *Table) ended(entry *video.Entry) []types.TransactWriteItem {
	ending, added := entry.CountEnding()
	if !added {
		return nil
	}
	return []types.TransactWriteItem{{Put: outbox.Put(t.store.Name, outbox.OfJob(entry.ID, ending))}}
}
