package table

import (
	"encoding/json"
	"fmt"
	"time"

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

// encode makes the item "job" of an entry, as it is written. What the indexes are by,
// or show, is made of the rest at each write.
func encode(entry video.Entry, version int64) attributes {
	item := attributes{}
	item.identify(jobPrefix+entry.ID, jobItem, version, entry.Mark)

	item.put("id", entry.ID)
	item.put("request_hash", entry.RequestHash)
	item.putTime("created_at", entry.CreatedAt)
	item.put("execution", entry.Execution)
	item.putNumber("redrives", int64(entry.Redrives))
	item.putFlag("started", entry.Started)

	item.put("phase", string(entry.Phase))
	item.putNumber("attempt", int64(entry.Attempt))
	item.putTime("claimed_at", entry.ClaimedAt)
	item.putTime("claimed_until", entry.ClaimedUntil)
	item.put("key_version", entry.KeyVersion)
	item.put("route", string(entry.Route))
	item.putFlag("resubmitted", entry.Resubmitted)
	if r := entry.Refusal; r != nil {
		refusal := attributes{}
		refusal.put("kind", string(r.Kind))
		refusal.put("said", r.Said)
		item["refusal"] = &types.AttributeValueMemberM{Value: refusal}
	}
	item.putTime("retry_at", entry.RetryAt)
	item.putTime("busy_since", entry.BusySince)
	item.put("candidate", entry.Candidate)
	item.put("generation_id", entry.GenerationID)
	item.putTime("submitted_at", entry.SubmittedAt)
	item.putTime("discarded_at", entry.DiscardedAt)
	item.putTime("stored_at", entry.StoredAt)
	if e := entry.Ending; e != nil {
		ending := attributes{}
		ending.put("error", e.Error)
		ending.put("message", e.Message)
		ending.put("detail", string(e.Detail)) // JSON
		ending.putTime("at", e.At)
		item["ending"] = &types.AttributeValueMemberM{Value: ending}
	}

	item.put("day", entry.CreatedAt.UTC().Format(time.DateOnly))
	item.put("status", statusOf(entry))
	item.put("model", entry.Request.Model())
	item.put("prompt", excerpt(entry.Request.Prompt()))
	return item
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
func decode(id string, job, request attributes) (video.Entry, int64, error) {
	r := reader{attributes: job}
	entry, version := video.Entry{
		ID: r.text("id"), RequestHash: r.text("request_hash"), CreatedAt: r.time("created_at"),
		Execution: r.text("execution"), Redrives: int(r.number("redrives")), Started: r.flag("started"),
		Phase: video.Phase(r.text("phase")), Attempt: int(r.number("attempt")), Mark: r.text(markName),
		ClaimedAt: r.time("claimed_at"), ClaimedUntil: r.time("claimed_until"),
		KeyVersion: r.text("key_version"), Route: video.Route(r.text("route")), Resubmitted: r.flag("resubmitted"),
		RetryAt: r.time("retry_at"), BusySince: r.time("busy_since"),
		Candidate: r.text("candidate"), GenerationID: r.text("generation_id"), SubmittedAt: r.time("submitted_at"),
		DiscardedAt: r.time("discarded_at"), StoredAt: r.time("stored_at"),
	}, r.number(versionName)
	if refusal, ok := r.part("refusal"); ok {
		entry.Refusal = &video.Refusal{Kind: video.RefusalKind(refusal.text("kind")), Said: refusal.text("said")}
		r.whole("refusal", refusal)
	}
	if ending, ok := r.part("ending"); ok {
		entry.Ending = &video.EndingRecord{
			Error: ending.text("error"), Message: ending.text("message"),
			Detail: json.RawMessage(ending.text("detail")), At: ending.time("at"),
		}
		r.whole("ending", ending)
	}
	if r.err == nil && (entry.ID != id || version < 1 || entry.Mark == "") {
		r.err = fmt.Errorf("it is of job %.100q, version %d", entry.ID, version)
	}
	sent := reader{attributes: request}
	if body := sent.text(requestItem); r.err == nil && sent.err == nil {
		sent.err = json.Unmarshal([]byte(body), &entry.Request)
	}
	r.whole(requestItem, sent)
	if r.err != nil {
		return video.Entry{}, 0, fmt.Errorf("the item of job %s can't be read: %w", id, r.err)
	}
	return entry, version, nil
}
