package record

import (
	"context"
	"fmt"
	"strconv"

	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/video"
)

// contentPrefix begins the partition key of a prompt file's content. The content's SHA-256, in
// hexadecimal, follows.
const contentPrefix = "content#"

// contentItem is the only sort key in that partition.
const contentItem = "content"

// Content reads the record of a content by its SHA-256, in hexadecimal, and its version for
// PutContent. Both are empty if there is none. The error is a *video.ServiceUnavailable.
func (rs *Records) Content(ctx context.Context, sum string) (Content, string, error) {
	const doing = "reading what is known of a prompt file"
	items, err := rs.store.Query(ctx, contentPrefix+sum, contentItem)
	if err != nil {
		return Content{}, "", dynamo.Unavailable(doing, err)
	}
	if len(items) == 0 {
		return Content{}, "", nil
	}
	r := dynamo.Reader{Attributes: items[0]}
	known := Content{
		Job: r.Text("job"), Key: r.Text("key"), Copied: r.Flag("copied"), At: r.Time("at"),
		Origin: r.Text("origin"), Refused: r.Flag("refused"),
	}
	version := r.Number(dynamo.VersionName)
	if r.Err != nil || !video.ValidID(known.Job) {
		return Content{}, "", dynamo.Unavailable(doing, fmt.Errorf("the item of the text %s names no job: %w", sum, r.Err))
	}
	return known, strconv.FormatInt(version, 10), nil
}

// PutContent replaces the version of a content's record that was read; the version is empty if
// there was none. It returns a *video.Conflict, and writes nothing, if the record has changed
// since. After any other error it may have been written.
func (rs *Records) PutContent(ctx context.Context, sum string, known Content, version string) error {
	item := dynamo.Attributes{}
	item.Put("job", known.Job)
	item.Put("key", known.Key)
	item.PutFlag("copied", known.Copied)
	item.PutTime("at", known.At)
	item.Put("origin", known.Origin)
	item.PutFlag("refused", known.Refused)
	return rs.store.Put(ctx, contentPrefix+sum, contentItem, item, version, "writing what is known of a prompt file")
}
