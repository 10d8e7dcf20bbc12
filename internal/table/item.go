package table

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/video"
)

// The key attributes, as named in template.yaml, and the version and the mark.
const (
	partitionKey = "pk"
	sortKey      = "sk"
	versionName  = "version"
	markName     = "mark"
)

// The attributes that are keys of the indexes, or that only lists need.
const (
	dayName    = "day"    // day of creation, in UTC
	placeName  = "place"  // position among the jobs: the time of creation, and the id
	statusName = "status" // a video.State

	waitName      = "wait" // a video.WaitKind, for a job that is held up
	waitSinceName = "wait_since"

	// For a job that waits for room below a limit.
	turnName         = "turn" // its position among those: a time, and the id
	fullOfName       = "full_of"
	countedUntilName = "counted_until"
)

// The sort keys of a job's items. The job sorts before its request, and one Query reads them in
// this order, so that a job that is created meanwhile is never seen without its request.
const (
	jobItem     = "job"
	requestItem = "request"
)

// jobPrefix begins the partition key of a job.
const jobPrefix = "job#"

// encode returns the item "job" of an entry. Each write derives the attributes of the indexes
// from the rest.
func encode(entry video.Entry, version int64) attributes {
	item := attributes{}
	item.identify(jobPrefix+entry.ID, jobItem, version, entry.Mark)

	item.put("id", entry.ID)
	item.put("request_hash", entry.RequestHash)
	item.putTime("created_at", entry.CreatedAt)
	item.put("owner", entry.Origin.Token)
	if o := entry.Origin; o != (video.Origin{}) {
		origin := attributes{}
		origin.put("trigger", string(o.Trigger))
		origin.put("bucket", o.Bucket)
		origin.put("key", o.Key)
		origin.put("version", o.Version)
		item["origin"] = &types.AttributeValueMemberM{Value: origin}
	}
	item.put("execution", entry.Execution)
	item.putNumber("redrives", int64(entry.Redrives))
	item.putFlag("started", entry.Started)

	item.put("phase", string(entry.Phase))
	item.putNumber("attempt", int64(entry.Attempt))
	item.putTime("claimed_at", entry.ClaimedAt)
	item.putTime("claimed_until", entry.ClaimedUntil)
	item.put("key_version", entry.KeyVersion)
	item.put("provider", entry.Provider)
	item.putFlag("resubmitted", entry.Resubmitted)
	if r := entry.Refusal; r != nil {
		refusal := attributes{}
		refusal.put("kind", r.Kind)
		refusal.put("said", r.Said)
		item["refusal"] = &types.AttributeValueMemberM{Value: refusal}
	}
	item.putTime("retry_at", entry.RetryAt)
	item.putTime("busy_since", entry.BusySince)
	item.putTime("full_since", entry.FullSince)
	item.putTime("paused_since", entry.PausedSince)
	item.put(fullOfName, entry.FullOf)
	item.putTime("turn_at", entry.Turn)
	item.putTime(countedUntilName, entry.CountedUntil)
	item.putTime("searched_since", entry.SearchedSince)
	item.putTime("absent_at", entry.AbsentAt)
	item.put("candidate", entry.Candidate)
	item.put("handle", entry.Handle)
	item.put("generation_id", entry.GenerationID)
	item.putTime("submitted_at", entry.SubmittedAt)
	item.putTime("discarded_at", entry.DiscardedAt)
	item.putTime(forgottenName, entry.ForgottenAt)
	if m := entry.Manifest; m != nil {
		item["manifest"] = &types.AttributeValueMemberM{Value: encodeManifest(*m)}
	}
	if e := entry.Outcome; e != nil {
		outcome := attributes{}
		outcome.put("name", e.Name)
		outcome.put("message", e.Message)
		outcome.put("detail", string(e.Detail)) // as JSON
		outcome.putTime("at", e.At)
		outcome.putNumber("redrive", int64(e.Redrive))
		item["outcome"] = &types.AttributeValueMemberM{Value: outcome}
	}

	if len(entry.Money) > 0 {
		item["money"] = encodeMoney(entry.Money)
	}

	item.put(dayName, dayOf(entry.CreatedAt))
	item.put(placeName, placeOf(entry.CreatedAt, entry.ID))
	item.put(statusName, string(entry.State()))
	if wait, since := entry.Held(); wait != "" {
		item.put(waitName, string(wait))
		item.putTime(waitSinceName, since)
		if wait == video.WaitCap {
			item.put(turnName, placeOf(entry.Turn, entry.ID))
		}
	}
	if entry.RequestHash != "" {
		brief := entry.Request.Brief()
		item.put("model", brief.Model)
		item.put("prompt", brief.Prompt)
		item.putNumber("duration", int64(brief.Duration))
		item.put("aspect_ratio", brief.AspectRatio)
	}
	return item
}

// decode reads a job's two items.
func decode(id string, job, request attributes) (video.Entry, int64, error) {
	entry, err := decodeJob(id, job)
	r := reader{attributes: job, err: err}
	version := r.number(versionName)
	if r.err == nil && (version < 1 || entry.Mark == "") {
		r.err = fmt.Errorf("it is of version %d", version)
	}
	sent := reader{attributes: request}
	if body := sent.text(requestItem); r.err == nil && sent.err == nil && (body != "" || entry.RequestHash != "") {
		sent.err = entry.Request.UnmarshalJSON([]byte(body)) // json.Unmarshal would scan it twice more
	}
	r.whole(requestItem, sent)
	if r.err != nil {
		return video.Entry{}, 0, fmt.Errorf("the item of job %s can't be read: %w", id, r.err)
	}
	if entry.Manifest != nil {
		entry.Manifest.Request, entry.Manifest.Model = entry.Request, entry.Request.Model()
		if !entry.ForgottenAt.IsZero() {
			entry.Manifest.RequestHash, entry.Manifest.ForgottenAt = entry.RequestHash, entry.ForgottenAt
		}
	}
	return entry, version, nil
}

// decodeJob reads the item "job", or an index's projection of it.
func decodeJob(id string, job attributes) (video.Entry, error) {
	r := reader{attributes: job}
	entry := video.Entry{
		ID: r.text("id"), RequestHash: r.text("request_hash"), CreatedAt: r.time("created_at"),
		Execution: r.text("execution"), Redrives: int(r.number("redrives")), Started: r.flag("started"),
		Phase: video.Phase(r.text("phase")), Attempt: int(r.number("attempt")), Mark: r.text(markName),
		ClaimedAt: r.time("claimed_at"), ClaimedUntil: r.time("claimed_until"),
		KeyVersion: r.text("key_version"), Provider: r.text("provider"), Resubmitted: r.flag("resubmitted"),
		RetryAt: r.time("retry_at"), BusySince: r.time("busy_since"), FullSince: r.time("full_since"), SearchedSince: r.time("searched_since"), AbsentAt: r.time("absent_at"), PausedSince: r.time("paused_since"),
		FullOf: r.text(fullOfName), Turn: r.time("turn_at"), CountedUntil: r.time(countedUntilName),
		Candidate: r.text("candidate"), Handle: r.text("handle"), GenerationID: r.text("generation_id"), SubmittedAt: r.time("submitted_at"),
		DiscardedAt: r.time("discarded_at"), ForgottenAt: r.time(forgottenName), Money: r.money(),
	}
	entry.Booked = entry.Money
	if origin, ok := r.part("origin"); ok {
		entry.Origin = video.Origin{
			Trigger: video.Trigger(origin.text("trigger")), Bucket: origin.text("bucket"), Key: origin.text("key"), Version: origin.text("version"),
			Token: r.text("owner"),
		}
		r.whole("origin", origin)
	}
	if refusal, ok := r.part("refusal"); ok {
		entry.Refusal = &video.Refused{Kind: refusal.text("kind"), Said: refusal.text("said")}
		r.whole("refusal", refusal)
	}
	if outcome, ok := r.part("outcome"); ok {
		entry.Outcome = &video.Outcome{
			Name: outcome.text("name"), Message: outcome.text("message"),
			Detail: json.RawMessage(outcome.text("detail")), At: outcome.time("at"), Redrive: int(outcome.number("redrive")),
		}
		r.whole("outcome", outcome)
	}
	if manifest, ok := r.part("manifest"); ok {
		entry.Manifest = decodeManifest(entry, &manifest)
		r.whole("manifest", manifest)
	}
	if r.err == nil && entry.ID != id {
		r.err = fmt.Errorf("it is of job %.100q", entry.ID)
	}
	return entry, r.err
}

// encodeManifest encodes the fields of a manifest that the job doesn't have.
func encodeManifest(m video.Manifest) attributes {
	item := attributes{}
	item.put("generation_id", m.GenerationID)
	item.putTime("submitted_at", m.SubmittedAt)
	item.putTime("completed_at", m.CompletedAt)
	item.putTime("storing_at", m.StoringAt)
	item.putTime("stored_at", m.StoredAt)
	item.putNumber("polls", int64(m.Polls))
	item.putNumber("bytes", m.Bytes)
	item.put("crc32", m.CRC32)
	item.put("seconds", strconv.FormatFloat(m.Seconds, 'g', -1, 64))
	item.putNumber("width", int64(m.Width))
	item.putNumber("height", int64(m.Height))
	item.putNumber("charged_micros", m.ChargedMicros)
	item.put("pipeline_version", m.PipelineVersion)
	return item
}

// decodeManifest reverses encodeManifest. The caller adds the request.
func decodeManifest(entry video.Entry, r *reader) *video.Manifest {
	seconds, err := strconv.ParseFloat(r.text("seconds"), 64)
	if err != nil {
		r.fail("seconds", err)
	}
	return &video.Manifest{
		ID: entry.ID, Origin: entry.Origin, CreatedAt: entry.CreatedAt, GenerationID: r.text("generation_id"),
		SubmittedAt: r.time("submitted_at"), CompletedAt: r.time("completed_at"), StoringAt: r.time("storing_at"), StoredAt: r.time("stored_at"),
		Polls: int(r.number("polls")), Bytes: r.number("bytes"), CRC32: r.text("crc32"),
		Seconds: seconds, Width: int(r.number("width")), Height: int(r.number("height")),
		ChargedMicros: r.number("charged_micros"), PipelineVersion: r.text("pipeline_version"),
	}
}
