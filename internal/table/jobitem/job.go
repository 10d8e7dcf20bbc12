package jobitem

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// The attributes that are keys of the indexes, or that only lists need.
const (
	DayName    = "day"    // day of creation, in UTC
	PlaceName  = "place"  // position among the jobs: the time of creation, and the id
	StatusName = "status" // a video.State
	BatchName  = "batch"  // id of a batch
	PairsName  = "pairs"  // the digests of the pairs of metadata

	WaitName      = "wait" // a video.WaitKind, for a job that is held up
	WaitSinceName = "wait_since"

	// For a job that waits for room below a limit.
	TurnName         = "turn" // its position among those: a time, and the id
	FullOfName       = "full_of"
	CountedUntilName = "counted_until"
)

// The sort keys of a job's items. The job sorts before its request, and one Query reads them in
// this order, so that a job that is created meanwhile is never seen without its request.
const (
	Job     = "job"
	Request = "request"
)

// Prefix begins the partition key of a job.
const Prefix = "job#"

// Encode returns the item "job" of an entry. Each write derives the attributes of the indexes
// from the rest.
func Encode(entry video.Entry, version int64) dynamo.Attributes {
	item := dynamo.Attributes{}
	item.Identify(Prefix+entry.ID, Job, version, entry.Mark)

	item.Put("id", entry.ID)
	item.Put("request_hash", entry.RequestHash)
	item.PutTime("created_at", entry.CreatedAt)
	item.Put("owner", entry.Origin.Token)
	if o := entry.Origin; o != (video.Origin{}) {
		origin := dynamo.Attributes{}
		origin.Put("trigger", string(o.Trigger))
		origin.Put("bucket", o.Bucket)
		origin.Put("key", o.Key)
		origin.Put("version", o.Version)
		if o.Batch != "" {
			origin.Put(BatchName, o.Batch)
			origin.PutNumber("line", int64(o.Line))
			origin.PutNumber("copy", int64(o.Copy))
			origin.Put("label", o.Label)
			item.Put(BatchName, o.Batch)
		}
		item["origin"] = &types.AttributeValueMemberM{Value: origin}
	}
	item.Put("execution", entry.Execution)
	item.PutNumber("redrives", int64(entry.Redrives))
	item.PutFlag("started", entry.Started)

	item.Put("phase", string(entry.Phase))
	item.PutNumber("attempt", int64(entry.Attempt))
	item.PutTime("claimed_at", entry.ClaimedAt)
	item.PutTime("claimed_until", entry.ClaimedUntil)
	item.Put("key_version", entry.KeyVersion)
	item.Put("provider", entry.Provider)
	item.PutFlag("resubmitted", entry.Resubmitted)
	if r := entry.Refusal; r != nil {
		refusal := dynamo.Attributes{}
		refusal.Put("kind", r.Kind)
		refusal.Put("said", r.Said)
		item["refusal"] = &types.AttributeValueMemberM{Value: refusal}
	}
	item.PutTime("retry_at", entry.RetryAt)
	item.PutTime("busy_since", entry.BusySince)
	item.PutTime("full_since", entry.FullSince)
	item.PutTime("paused_since", entry.PausedSince)
	item.Put(FullOfName, entry.FullOf)
	item.PutTime("turn_at", entry.Turn)
	item.PutTime(CountedUntilName, entry.CountedUntil)
	item.PutTime("searched_since", entry.SearchedSince)
	item.PutTime("absent_at", entry.AbsentAt)
	item.Put("candidate", entry.Candidate)
	item.Put("handle", entry.Handle)
	item.Put("generation_id", entry.GenerationID)
	item.PutTime("submitted_at", entry.SubmittedAt)
	item.PutTime("discarded_at", entry.DiscardedAt)
	item.PutTime(ForgottenName, entry.ForgottenAt)
	if m := entry.Manifest; m != nil {
		item["manifest"] = &types.AttributeValueMemberM{Value: encodeManifest(*m)}
	}
	if e := entry.Outcome; e != nil {
		outcome := dynamo.Attributes{}
		outcome.Put("name", e.Name)
		outcome.Put("message", e.Message)
		outcome.Put("detail", string(e.Detail)) // as JSON
		outcome.PutTime("at", e.At)
		outcome.PutNumber("redrive", int64(e.Redrive))
		item["outcome"] = &types.AttributeValueMemberM{Value: outcome}
	}

	if entry.Endings > 0 {
		item.PutNumber("endings", int64(entry.Endings))
		item.Put("ended_as", entry.EndedAs)
	}
	if len(entry.Money) > 0 {
		item["money"] = encodeMoney(entry.Money)
	}

	item.Put(DayName, Day(entry.CreatedAt))
	item.Put(PlaceName, Place(entry.CreatedAt, entry.ID))
	item.Put(StatusName, string(entry.State()))
	if wait, since := entry.Held(); wait != "" {
		item.Put(WaitName, string(wait))
		item.PutTime(WaitSinceName, since)
		if wait == report.WaitCap {
			item.Put(TurnName, Place(entry.Turn, entry.ID))
		}
	}
	if entry.RequestHash != "" {
		brief := entry.Request.Brief()
		item.Put("model", brief.Model)
		item.Put("prompt", brief.Prompt)
		item.PutNumber("duration", int64(brief.Duration))
		item.Put("aspect_ratio", brief.AspectRatio)
		if pairs := PairDigests(entry.Request.Metadata()); len(pairs) > 0 {
			item[PairsName] = &types.AttributeValueMemberSS{Value: pairs}
		}
	}
	return item
}

// EncodeRequest returns the item "request" of an entry.
func EncodeRequest(entry video.Entry) (dynamo.Attributes, error) {
	sent := dynamo.Attributes{}
	sent.Put(dynamo.PartitionKey, Prefix+entry.ID)
	sent.Put(dynamo.SortKey, Request)
	if entry.RequestHash != "" {
		sent.Put(Request, string(entry.Request.Whole()))
	}
	return sent, nil
}

// Decode reads a job's two items, and returns its version too.
func Decode(id string, job, request dynamo.Attributes) (video.Entry, int64, error) {
	entry, err := DecodeJob(id, job)
	r := dynamo.Reader{Attributes: job, Err: err}
	version := r.Number(dynamo.VersionName)
	if r.Err == nil && (version < 1 || entry.Mark == "") {
		r.Err = fmt.Errorf("it is of version %d", version)
	}
	sent := dynamo.Reader{Attributes: request}
	if body := sent.Text(Request); r.Err == nil && sent.Err == nil && (body != "" || entry.RequestHash != "") {
		sent.Err = json.Unmarshal([]byte(body), &entry.Request)
	}
	r.Whole(Request, sent)
	if r.Err != nil {
		return video.Entry{}, 0, fmt.Errorf("the item of job %s can't be read: %w", id, r.Err)
	}
	if entry.Manifest != nil {
		entry.Manifest.Request, entry.Manifest.Model = entry.Request, entry.Request.Model()
		if !entry.ForgottenAt.IsZero() {
			entry.Manifest.RequestHash, entry.Manifest.ForgottenAt = entry.RequestHash, entry.ForgottenAt
		}
	}
	return entry, version, nil
}

// DecodeJob reads the item "job", or an index's projection of it.
func DecodeJob(id string, job dynamo.Attributes) (video.Entry, error) {
	r := dynamo.Reader{Attributes: job}
	entry := video.Entry{
		ID: r.Text("id"), RequestHash: r.Text("request_hash"), CreatedAt: r.Time("created_at"),
		Execution: r.Text("execution"), Redrives: int(r.Number("redrives")), Started: r.Flag("started"),
		Phase: video.Phase(r.Text("phase")), Attempt: int(r.Number("attempt")), Mark: r.Text(dynamo.MarkName),
		ClaimedAt: r.Time("claimed_at"), ClaimedUntil: r.Time("claimed_until"),
		KeyVersion: r.Text("key_version"), Provider: r.Text("provider"), Resubmitted: r.Flag("resubmitted"),
		RetryAt: r.Time("retry_at"), BusySince: r.Time("busy_since"), FullSince: r.Time("full_since"), SearchedSince: r.Time("searched_since"), AbsentAt: r.Time("absent_at"), PausedSince: r.Time("paused_since"),
		FullOf: r.Text(FullOfName), Turn: r.Time("turn_at"), CountedUntil: r.Time(CountedUntilName),
		Candidate: r.Text("candidate"), Handle: r.Text("handle"), GenerationID: r.Text("generation_id"), SubmittedAt: r.Time("submitted_at"),
		DiscardedAt: r.Time("discarded_at"), ForgottenAt: r.Time(ForgottenName), Money: readMoney(&r),
		Endings: int(r.Number("endings")), EndedAs: r.Text("ended_as"),
	}
	entry.Booked = entry.Money
	if origin, ok := r.Part("origin"); ok {
		entry.Origin = video.Origin{
			Trigger: video.Trigger(origin.Text("trigger")), Bucket: origin.Text("bucket"), Key: origin.Text("key"), Version: origin.Text("version"),
			Token: r.Text("owner"),
			Batch: origin.Text(BatchName), Line: int(origin.Number("line")), Copy: int(origin.Number("copy")), Label: origin.Text("label"),
		}
		r.Whole("origin", origin)
	}
	if refusal, ok := r.Part("refusal"); ok {
		entry.Refusal = &video.Refused{Kind: refusal.Text("kind"), Said: refusal.Text("said")}
		r.Whole("refusal", refusal)
	}
	if outcome, ok := r.Part("outcome"); ok {
		entry.Outcome = &video.Outcome{
			Name: outcome.Text("name"), Message: outcome.Text("message"),
			Detail: json.RawMessage(outcome.Text("detail")), At: outcome.Time("at"), Redrive: int(outcome.Number("redrive")),
		}
		r.Whole("outcome", outcome)
	}
	if manifest, ok := r.Part("manifest"); ok {
		entry.Manifest = decodeManifest(entry, &manifest)
		r.Whole("manifest", manifest)
	}
	if r.Err == nil && entry.ID != id {
		r.Err = fmt.Errorf("it is of job %.100q", entry.ID)
	}
	if r.Err == nil {
		entry.BookedCounts = entry.Counted()
	}
	return entry, r.Err
}

// encodeManifest encodes the fields of a manifest that the job doesn't have.
func encodeManifest(m video.Manifest) dynamo.Attributes {
	item := dynamo.Attributes{}
	item.Put("generation_id", m.GenerationID)
	item.PutTime("submitted_at", m.SubmittedAt)
	item.PutTime("completed_at", m.CompletedAt)
	item.PutTime("storing_at", m.StoringAt)
	item.PutTime("stored_at", m.StoredAt)
	item.PutNumber("polls", int64(m.Polls))
	item.PutNumber("bytes", m.Bytes)
	item.Put("crc32", m.CRC32)
	item.Put("seconds", strconv.FormatFloat(m.Seconds, 'g', -1, 64))
	item.PutNumber("width", int64(m.Width))
	item.PutNumber("height", int64(m.Height))
	item.PutNumber("charged_micros", m.ChargedMicros)
	item.Put("pipeline_version", m.PipelineVersion)
	item.PutFlag("poster", m.Poster)
	return item
}

// decodeManifest reverses encodeManifest. The caller adds the request.
func decodeManifest(entry video.Entry, r *dynamo.Reader) *video.Manifest {
	seconds, err := strconv.ParseFloat(r.Text("seconds"), 64)
	if err != nil {
		r.Fail("seconds", err)
	}
	return &video.Manifest{
		ID: entry.ID, Origin: entry.Origin, CreatedAt: entry.CreatedAt, GenerationID: r.Text("generation_id"),
		SubmittedAt: r.Time("submitted_at"), CompletedAt: r.Time("completed_at"), StoringAt: r.Time("storing_at"), StoredAt: r.Time("stored_at"),
		Polls: int(r.Number("polls")), Bytes: r.Number("bytes"), CRC32: r.Text("crc32"),
		Seconds: seconds, Width: int(r.Number("width")), Height: int(r.Number("height")),
		ChargedMicros: r.Number("charged_micros"), PipelineVersion: r.Text("pipeline_version"), Poster: r.Flag("poster"),
	}
}
