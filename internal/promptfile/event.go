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

// upload is what one record of an event says of a file.
type upload struct {
	bucket, key string
	version     string // "" and "null" in a bucket that keeps no versions
	etag        string
	copied      bool // by S3's CopyObject
	at          time.Time
}

// NotAnEvent says that a payload is no event of S3. Nothing was done.
type NotAnEvent struct{ Reason string }

func (e *NotAnEvent) Error() string {
	return "this is not an event of S3 (" + e.Reason + "); this function takes S3's event notifications only"
}

// BadRecord says that a record of an event can't be read. Trying again won't
// help.
type BadRecord struct {
	Number int // from 1
	Reason string
}

func (e *BadRecord) Error() string {
	return fmt.Sprintf("record %d of the event can't be read: %s", e.Number, e.Reason)
}

// records takes an event apart without reading its records, so that a bad one
// leaves the others alone. S3's own test event gives none.
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

// read gives the upload that a record tells of, and false for a record of
// something else, such as a deletion. Keys come with "+" for a space and with
// percent escapes; events decodes them, and refuses a bad escape.
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

// versioned reports whether the version tells this upload from the next one to
// the same key.
func (u upload) versioned() bool { return u.version != "" && u.version != "null" }

// origin is where the job of a file comes from, which is the upload's own or, where
// that is a copy, the one that it was copied from.
func (u upload) origin(key string) video.Origin {
	from := video.Origin{Trigger: video.TriggerFile, Bucket: u.bucket, Key: key}
	if key == u.key && u.versioned() {
		from.Version = u.version
	}
	return from
}
