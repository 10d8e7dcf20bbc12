package list

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/clip"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/video"
)

// fill writes ended jobs of the last days into the table, and then running ones, until there are
// as many as requested. It creates no executions for these, since the API doesn't read any.
func (s *subject) fill(jobs int) func(ctx context.Context, running int) error {
	var ended, unended int
	began := time.Now().UTC()
	s.today = began.Format(time.DateOnly)
	return func(ctx context.Context, wanted int) error {
		var entries []video.Entry
		for ; ended < jobs-running; ended++ {
			entry, err := finished(ended, jobs-running, began)
			if err != nil {
				return err
			}
			entries = append(entries, entry)
		}
		for ; unended < wanted; unended++ {
			entry, err := newEntry(fmt.Sprintf("running-%04d", unended), fmt.Sprintf("%s, number %d", unending, unended), began.Add(time.Duration(unended-running)*time.Second))
			if err != nil {
				return err
			}
			entries = append(entries, entry)
		}
		if err := s.writeAll(ctx, entries); err != nil {
			return err
		}
		return s.putFiles(ctx)
	}
}

// newEntry returns a job that was accepted.
func newEntry(id, prompt string, at time.Time) (video.Entry, error) {
	request, err := catalogue.OfPrompt(all.Models(), prompt)
	return video.Entry{
		ID: id, Request: request, RequestHash: request.Hash(), CreatedAt: at, Origin: video.Origin{Trigger: video.TriggerAPI},
		Execution: id, Started: true, Phase: video.PhaseAccepted, Attempt: 1, ClaimedAt: at, ClaimedUntil: at.Add(time.Minute),
		Provider: "aimlapi", KeyVersion: "a-version-of-the-key", Handle: "handle-of-" + id, GenerationID: "generation-of-" + id, SubmittedAt: at.Add(time.Second),
	}, err
}

// finished returns job n of the given number, which are spread evenly over the days. Today's lie
// between midnight and now.
func finished(n, of int, now time.Time) (video.Entry, error) {
	day := now.Truncate(24*time.Hour).AddDate(0, 0, -(n % days))
	length := 24 * time.Hour
	if n%days == 0 {
		length = now.Sub(day) - time.Minute
	}
	share := float64(n/days) / float64(of/days+1)
	at := day.Add(time.Duration(share * float64(max(length, 0))))
	prompt := fmt.Sprintf("job number %d: %s", n, strings.Repeat("a boat of paper crosses a flooded street at dusk, ", 2+n%8))
	if n%2000 == 1999 {
		prompt += rare
	}
	entry, err := newEntry(fmt.Sprintf("finished-%06d", n), prompt, at)
	end := at.Add(80 * time.Second)
	if n%(of/failed) == of/failed/2 {
		entry.End(&video.GenerationFailed{GenerationID: entry.GenerationID}, end)
		return entry, err
	}
	entry.Manifest = &video.Manifest{
		ID: entry.ID, Model: entry.Request.Model(), Request: entry.Request, GenerationID: entry.GenerationID, CreatedAt: at,
		SubmittedAt: entry.SubmittedAt, CompletedAt: end, StoringAt: end, StoredAt: end, Polls: 3, Bytes: 2800,
		CRC32: video.CRC32(uint32(n)), Seconds: 5, Width: 192, Height: 108, ChargedMicros: 980_000, PipelineVersion: "bench",
	}
	return entry, err
}

// items is a client that collects a table's writes instead of sending them to DynamoDB.
type items struct {
	dynamo.Client // nil: no other method is called
	all           []types.WriteRequest
}

func (i *items) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	i.all = append(i.all, types.WriteRequest{PutRequest: &types.PutRequest{Item: in.Item}})
	return &dynamodb.PutItemOutput{}, nil
}

func (i *items) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	for _, item := range in.TransactItems {
		i.all = append(i.all, types.WriteRequest{PutRequest: &types.PutRequest{Item: item.Put.Item}})
	}
	return &dynamodb.TransactWriteItemsOutput{}, nil
}

// mostInBatch is DynamoDB's limit for a batch.
const mostInBatch = 25

// writeAll writes jobs in the functions' format, many at once and without their conditions.
func (s *subject) writeAll(ctx context.Context, entries []video.Entry) error {
	var written items
	known := table.New(&written, "", rand.Text, nil)
	// In order of time, so that each day is recorded once.
	slices.SortFunc(entries, func(a, b video.Entry) int { return a.CreatedAt.Compare(b.CreatedAt) })
	for _, entry := range entries {
		if _, _, err := known.Create(ctx, entry); err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(written.all, mostInBatch) {
		out, err := s.dynamodb.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
			RequestItems: map[string][]types.WriteRequest{s.stack.Outputs["JobsTable"]: batch},
		})
		if err != nil {
			return err
		}
		if len(out.UnprocessedItems) > 0 {
			return errors.New("the table throttled a batch")
		}
	}
	return nil
}

// putFiles puts a video into the bucket for each of the newest jobs, which the page plays.
func (s *subject) putFiles(ctx context.Context) error {
	page, err := s.list(ctx, "?limit=50&status=completed")
	if err != nil {
		return err
	}
	bucket := s.stack.Outputs["VideosBucket"]
	for _, v := range page.Videos {
		file, err := clip.New(v.ID, 5, "16:9", 0)
		if err != nil {
			return err
		}
		name := objectkey.Video(video.Locator{ID: v.ID, CreatedAt: v.CreatedAt})
		size := file.Size()
		if _, err := s.stack.S3().PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &name, Body: file.Open(), ContentLength: &size}); err != nil {
			return err
		}
	}
	return nil
}
