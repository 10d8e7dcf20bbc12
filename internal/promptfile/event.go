package promptfile

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/takeup/takeup/internal/video"
)

// upload is what one record of an event says about a file.
type upload struct {
	bucket, key string
	version     string // "" and "null" in a bucket without versioning
	etag        string
	copied      bool // by S3's CopyObject
	at          time.Time
}

// NotAnEvent says that a payload is not an S3 event. Nothing was done.
type NotAnEvent struct{ Reason string }

func (e *NotAnEvent) Error() string {
	return "this is not an event of S3 (" + e.Reason + "); this function takes S3's event notifications only"
}

// BadRecord says that a record of an event can't be parsed. A retry won't help.
type BadRecord struct {
	Number int // from 1
	Reason string
}

func (e *BadRecord) Error() string {
	return fmt.Sprintf("record %d of the event can't be read: %s", e.Number, e.Reason)
}

// records splits an event without parsing its records, so that a bad record doesn't affect
// the others. S3's own test event has none.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
func records(payload []byte) ([]json.RawMessage, error) {
	var event struct {
		Records []json.RawMessage
		Event   string
	}
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, &NotAnEvent{Reason: "it isn't a JSON object with a list of Records"}
	}
	if len(event.Records) == 0 && event.Event != "s3:TestEvent" {
		return nil, &NotAnEvent{Reason: "it has no Records"}
	}
	return event.Records, nil
}

// read returns the upload that a record describes, and false for a record of anything else,
// such as a deletion. Keys have "+" for a space and percent escapes; events decodes them,
// and refuses a bad escape.
func read(number int, record []byte) (upload, bool, error) {
	var r events.S3EventRecord
	if err := json.Unmarshal(record, &r); err != nil {
		return upload{}, false, &BadRecord{Number: number, Reason: err.Error()}
	}
	if r.EventSource != "aws:s3" {
		return upload{}, false, &BadRecord{Number: number, Reason: fmt.Sprintf("its source is %.100q, not aws:s3", r.EventSource)}
	}
	if !strings.HasPrefix(r.EventName, "ObjectCreated:") {
		return upload{}, false, nil
	}
	u := upload{
		bucket: r.S3.Bucket.Name, key: r.S3.Object.URLDecodedKey, version: r.S3.Object.VersionID,
		etag: r.S3.Object.ETag, copied: r.EventName == "ObjectCreated:Copy", at: r.EventTime,
	}
	if u.bucket == "" || u.key == "" || !utf8.ValidString(u.key) {
		return upload{}, false, &BadRecord{Number: number, Reason: "it names no bucket, or no key in UTF-8"}
	}
	return u, true, nil
}

// versioned reports whether the version distinguishes this upload from the next one to the
// same key.
func (u upload) versioned() bool { return u.version != "" && u.version != "null" }

// origin returns the origin of a file's job: the upload itself or, if the upload is a copy,
// the file that it was copied from.
func (u upload) origin(key string) video.Origin {
	from := video.Origin{Trigger: video.TriggerFile, Bucket: u.bucket, Key: key}
	if key == u.key && u.versioned() {
		from.Version = u.version
	}
	return from
}
