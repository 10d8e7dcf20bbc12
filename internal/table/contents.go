package table

import (
	"context"
	"fmt"
	"strconv"

	"github.com/takeup/takeup/internal/video"
)

// contentPrefix begins the partition key of a prompt file's content. The content's SHA-256, in
// hexadecimal, follows.
const contentPrefix = "content#"

// contentItem is the only sort key in that partition.
const contentItem = "content"

// Content reads the record of a content by its SHA-256, in hexadecimal, and its version for
// PutContent. Both are empty if there is none. The error is a *video.ServiceUnavailable.
func (t *Table) Content(ctx context.Context, sum string) (video.Content, string, error) {
	const doing = "reading what is known of a prompt file"
	items, err := t.query(ctx, contentPrefix+sum, contentItem)
	if err != nil {
		return video.Content{}, "", unavailable(doing, err)
	}
	if len(items) == 0 {
		return video.Content{}, "", nil
	}
	r := reader{attributes: items[0]}
	known := video.Content{
		Job: r.text("job"), Key: r.text("key"), Copied: r.flag("copied"), At: r.time("at"),
		Origin: r.text("origin"), Refused: r.flag("refused"),
	}
	version := r.number(versionName)
	if r.err != nil || !video.ValidID(known.Job) {
		return video.Content{}, "", unavailable(doing, fmt.Errorf("the item of the text %s names no job: %w", sum, r.err))
	}
	return known, strconv.FormatInt(version, 10), nil
}

// PutContent replaces the version of a content's record that was read; the version is empty if
// there was none. It returns a *video.Conflict, and writes nothing, if the record has changed
// since. After any other error it may have been written.
func (t *Table) PutContent(ctx context.Context, sum string, known video.Content, version string) error {
	item := attributes{}
	item.put("job", known.Job)
	item.put("key", known.Key)
	item.putFlag("copied", known.Copied)
	item.putTime("at", known.At)
	item.put("origin", known.Origin)
	item.putFlag("refused", known.Refused)
	return t.put(ctx, contentPrefix+sum, contentItem, item, version, "writing what is known of a prompt file")
}
