package table

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"github.com/takeup/takeup/internal/video"
)

// contentPrefix begins the partition key of a prompt file's text. Its SHA-256, in
// hexadecimal, follows.
const contentPrefix = "content#"

// contentItem is the one sort key of a text's partition.
const contentItem = "content"

// content is the item of a text.
type content struct {
	Partition string `dynamodbav:"pk"`
	Sort      string `dynamodbav:"sk"`
	Version   int64  `dynamodbav:"version"`
	Mark      string `dynamodbav:"mark"`

	Job     string `dynamodbav:"job"`
	Key     string `dynamodbav:"key"`
	Copied  bool   `dynamodbav:"copied,omitempty"`
	At      stamp  `dynamodbav:"at,omitempty"`
	Origin  string `dynamodbav:"origin,omitempty"`
	Refused bool   `dynamodbav:"refused,omitempty"`
}

// Content reads what is known of the text with that SHA-256, in hexadecimal, and
// its version, which PutContent takes. Where nothing is known, both are empty. The
// error is a *video.ServiceUnavailable.
func (t *Table) Content(ctx context.Context, sum string) (video.Content, string, error) {
	const doing = "reading what is known of a prompt file"
	items, err := t.query(ctx, contentPrefix+sum, contentItem)
	if err != nil {
		return video.Content{}, "", unavailable(doing, err)
	}
	if len(items) == 0 {
		return video.Content{}, "", nil
	}
	var item content
	var r times
	err = attributevalue.UnmarshalMap(items[0], &item)
	known := video.Content{
		Job: item.Job, Key: item.Key, Copied: item.Copied, At: r.read(item.At), Origin: item.Origin, Refused: item.Refused,
	}
	if err := errors.Join(err, r.err); err != nil || !video.ValidID(item.Job) {
		return video.Content{}, "", unavailable(doing, fmt.Errorf("the item of the text %s names no job: %w", sum, err))
	}
	return known, strconv.FormatInt(item.Version, 10), nil
}

// PutContent writes what is known of a text, if that is still at the version that
// was read; the version is empty where nothing was. Otherwise it gives a
// *video.Conflict and writes nothing. On any other error it may have been written.
func (t *Table) PutContent(ctx context.Context, sum string, known video.Content, version string) error {
	number, err := next(version)
	if err != nil {
		return err
	}
	item := content{
		Partition: contentPrefix + sum, Sort: contentItem, Version: number, Mark: t.mark(),
		Job: known.Job, Key: known.Key, Copied: known.Copied, At: stampOf(known.At), Origin: known.Origin, Refused: known.Refused,
	}
	attributes, err := attributevalue.MarshalMap(item)
	if err != nil {
		return fmt.Errorf("table: encoding the text %s: %w", sum, err)
	}
	return t.put(ctx, item.Mark, attributes, version, "writing what is known of a prompt file")
}
