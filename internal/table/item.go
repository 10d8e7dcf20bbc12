package table

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/video"
)

// The names of the key attributes, as template.yaml has them, and of those that a
// write is told by.
const (
	partitionKey = "pk"
	sortKey      = "sk"
	versionName  = "version"
	markName     = "mark"
)

// The sort keys of a job's items. The job comes before its request: one Query
// reads them in this order, so that a job which is created meanwhile is never
// seen without its request.
const (
	jobItem     = "job"
	requestItem = "request"
)

// jobPrefix begins the partition key of a job.
const jobPrefix = "job#"

// excerptLength is how much of a prompt the job's item has, in characters.
const excerptLength = 200

// stamped is how a time is written: texts of it sort as the times do.
const stamped = "2006-01-02T15:04:05.000000000Z"

// job is the item "job" of a job's partition. What the indexes are by, or show,
// is made of the rest at each write.
type job struct {
	Partition string `dynamodbav:"pk"`
	Sort      string `dynamodbav:"sk"`
	Version   int64  `dynamodbav:"version"`
	Mark      string `dynamodbav:"mark"`

	ID          string `dynamodbav:"id"`
	RequestHash string `dynamodbav:"request_hash"`
	CreatedAt   stamp  `dynamodbav:"created_at"`

	Execution string `dynamodbav:"execution"`
	Redrives  int    `dynamodbav:"redrives"`
	Started   bool   `dynamodbav:"started"`

	Phase        string  `dynamodbav:"phase,omitempty"`
	Attempt      int     `dynamodbav:"attempt"`
	ClaimedAt    stamp   `dynamodbav:"claimed_at,omitempty"`
	ClaimedUntil stamp   `dynamodbav:"claimed_until,omitempty"`
	KeyVersion   string  `dynamodbav:"key_version,omitempty"`
	Route        string  `dynamodbav:"route,omitempty"`
	Resubmitted  bool    `dynamodbav:"resubmitted,omitempty"`
	Refusal      *reason `dynamodbav:"refusal,omitempty"`
	RetryAt      stamp   `dynamodbav:"retry_at,omitempty"`
	BusySince    stamp   `dynamodbav:"busy_since,omitempty"`
	Candidate    string  `dynamodbav:"candidate,omitempty"`
	GenerationID string  `dynamodbav:"generation_id,omitempty"`
	SubmittedAt  stamp   `dynamodbav:"submitted_at,omitempty"`
	DiscardedAt  stamp   `dynamodbav:"discarded_at,omitempty"`
	StoredAt     stamp   `dynamodbav:"stored_at,omitempty"`
	Ending       *ending `dynamodbav:"ending,omitempty"`

	Day    string `dynamodbav:"day"`
	Status string `dynamodbav:"status"`
	Model  string `dynamodbav:"model"`
	Prompt string `dynamodbav:"prompt"`
}

// reason is a refusal by the provider.
type reason struct {
	Kind string `dynamodbav:"kind"`
	Said string `dynamodbav:"said"`
}

// ending is how a job ended without a video.
type ending struct {
	Error   string `dynamodbav:"error"`
	Message string `dynamodbav:"message"`
	Detail  string `dynamodbav:"detail"` // JSON
	At      stamp  `dynamodbav:"at"`
}

// request is the item "request" of a job's partition.
type request struct {
	Partition string `dynamodbav:"pk"`
	Sort      string `dynamodbav:"sk"`
	Request   string `dynamodbav:"request"` // JSON
}

// stamp is a time as a text; empty for the zero time.
type stamp string

func stampOf(t time.Time) stamp {
	if t.IsZero() {
		return ""
	}
	return stamp(t.UTC().Format(stamped))
}

// times reads stamps, and keeps the first error.
type times struct{ err error }

func (r *times) read(s stamp) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(stamped, string(s))
	if err != nil && r.err == nil {
		r.err = err
	}
	return t
}

// encode makes the item of an entry, as it is written.
func encode(entry video.Entry, version int64) (map[string]types.AttributeValue, error) {
	item := job{
		Partition: jobPrefix + entry.ID, Sort: jobItem, Version: version, Mark: entry.Mark,
		ID: entry.ID, RequestHash: entry.RequestHash, CreatedAt: stampOf(entry.CreatedAt),
		Execution: entry.Execution, Redrives: entry.Redrives, Started: entry.Started,
		Phase: string(entry.Phase), Attempt: entry.Attempt,
		ClaimedAt: stampOf(entry.ClaimedAt), ClaimedUntil: stampOf(entry.ClaimedUntil),
		KeyVersion: entry.KeyVersion, Route: string(entry.Route), Resubmitted: entry.Resubmitted,
		RetryAt: stampOf(entry.RetryAt), BusySince: stampOf(entry.BusySince),
		Candidate: entry.Candidate, GenerationID: entry.GenerationID, SubmittedAt: stampOf(entry.SubmittedAt),
		DiscardedAt: stampOf(entry.DiscardedAt), StoredAt: stampOf(entry.StoredAt),
		Day: entry.CreatedAt.UTC().Format(time.DateOnly), Status: statusOf(entry),
		Model: entry.Request.Model(), Prompt: excerpt(entry.Request.Prompt()),
	}
	if entry.Refusal != nil {
		item.Refusal = &reason{Kind: string(entry.Refusal.Kind), Said: entry.Refusal.Said}
	}
	if e := entry.Ending; e != nil {
		item.Ending = &ending{Error: e.Error, Message: e.Message, Detail: string(e.Detail), At: stampOf(e.At)}
	}
	return attributevalue.MarshalMap(item)
}

// statusOf is the word that a job is listed by. It is as true as the item: an
// execution that died told nobody.
func statusOf(entry video.Entry) string {
	switch e := entry.Ending; {
	case e != nil && e.Error == video.EndingName(&video.Cancelled{}):
		return "cancelled"
	case e != nil && e.Error == video.EndingName(&video.Discarded{}):
		return "discarded"
	case e != nil:
		return "error"
	case !entry.StoredAt.IsZero():
		return "completed"
	case entry.Phase == video.PhaseAccepted:
		return "generating"
	}
	return "queued"
}

// excerpt gives the beginning of a prompt.
func excerpt(prompt string) string {
	n := 0
	for i := range prompt {
		if n == excerptLength {
			return prompt[:i]
		}
		n++
	}
	return prompt
}

// decode reads a job's two items.
func decode(id string, jobAttributes, requestAttributes map[string]types.AttributeValue) (video.Entry, int64, error) {
	var item job
	if err := attributevalue.UnmarshalMap(jobAttributes, &item); err != nil {
		return video.Entry{}, 0, fmt.Errorf("the item of job %s can't be read: %w", id, err)
	}
	var sent request
	if err := attributevalue.UnmarshalMap(requestAttributes, &sent); err != nil {
		return video.Entry{}, 0, fmt.Errorf("the request of job %s can't be read: %w", id, err)
	}
	if item.ID != id || item.Version < 1 || item.Mark == "" {
		return video.Entry{}, 0, fmt.Errorf("the item of job %s is not one: it is of job %.100q, version %d", id, item.ID, item.Version)
	}
	var r times
	entry := video.Entry{
		ID: id, RequestHash: item.RequestHash, CreatedAt: r.read(item.CreatedAt),
		Execution: item.Execution, Redrives: item.Redrives, Started: item.Started,
		Phase: video.Phase(item.Phase), Attempt: item.Attempt, Mark: item.Mark,
		ClaimedAt: r.read(item.ClaimedAt), ClaimedUntil: r.read(item.ClaimedUntil),
		KeyVersion: item.KeyVersion, Route: video.Route(item.Route), Resubmitted: item.Resubmitted,
		RetryAt: r.read(item.RetryAt), BusySince: r.read(item.BusySince),
		Candidate: item.Candidate, GenerationID: item.GenerationID, SubmittedAt: r.read(item.SubmittedAt),
		DiscardedAt: r.read(item.DiscardedAt), StoredAt: r.read(item.StoredAt),
	}
	if item.Refusal != nil {
		entry.Refusal = &video.Refusal{Kind: video.RefusalKind(item.Refusal.Kind), Said: item.Refusal.Said}
	}
	if e := item.Ending; e != nil {
		entry.Ending = &video.EndingRecord{Error: e.Error, Message: e.Message, Detail: json.RawMessage(e.Detail), At: r.read(e.At)}
	}
	if r.err != nil {
		return video.Entry{}, 0, fmt.Errorf("the item of job %s has a time that is none: %w", id, r.err)
	}
	if err := json.Unmarshal([]byte(sent.Request), &entry.Request); err != nil {
		return video.Entry{}, 0, fmt.Errorf("the request of job %s is not one: %w", id, err)
	}
	return entry, item.Version, nil
}
