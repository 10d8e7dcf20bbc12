package benchlist

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/internal/simulator"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/video"
)

// writersAtOnce is how many jobs are written at a time.
const writersAtOnce = 8

// withFiles is how many of the newest jobs have a video in the bucket: those that a
// page shows.
const withFiles = 60

// fill writes jobs into the table that have ended, over the last days, and then those
// that run, until there are so many of them. The executions of these are left out: the
// API asks for none.
func (s *subject) fill(jobs int) func(ctx context.Context, running int) error {
	var ended, unended int
	began := time.Now().UTC()
	s.today = began.Format(time.DateOnly)
	return func(ctx context.Context, wanted int) error {
		known := table.New(s.dynamodb, s.stack.Outputs["JobsTable"], rand.Text, func(d time.Duration) time.Duration { return d / 2 })
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
		if err := writeAll(ctx, known, entries); err != nil {
			return err
		}
		return s.putFiles(ctx)
	}
}

// newEntry is a job that was accepted.
func newEntry(id, prompt string, at time.Time) (video.Entry, error) {
	request, err := video.NewRequest(prompt)
	return video.Entry{
		ID: id, Request: request, RequestHash: request.Hash(), CreatedAt: at, Origin: video.Origin{Trigger: video.TriggerAPI},
		Execution: id, Started: true, Phase: video.PhaseAccepted, Attempt: 1, ClaimedAt: at, ClaimedUntil: at.Add(time.Minute),
		KeyVersion: "a-version-of-the-key", Route: video.RouteLegacy, GenerationID: "generation-of-" + id, SubmittedAt: at.Add(time.Second),
	}, err
}

// finished is the job of a number among so many, each day having as many. Today's
// are between midnight and now.
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
		CRC32: video.CRC32(uint32(n)), Seconds: 5, Width: 192, Height: 108, CreditsUsed: 1_960_000, PipelineVersion: "bench",
	}
	return entry, err
}

func writeAll(ctx context.Context, known *table.Table, entries []video.Entry) error {
	work := make(chan video.Entry)
	errs := make([]error, writersAtOnce)
	var group sync.WaitGroup
	for i := range writersAtOnce {
		group.Go(func() {
			for entry := range work {
				if errs[i] == nil {
					_, _, errs[i] = known.Create(ctx, entry)
				}
			}
		})
	}
	for _, entry := range entries {
		work <- entry
	}
	close(work)
	group.Wait()
	return errors.Join(errs...)
}

// putFiles puts a video into the bucket for each of the newest jobs.
func (s *subject) putFiles(ctx context.Context) error {
	page, err := s.list(ctx, fmt.Sprintf("?limit=%d&status=completed", min(50, withFiles)))
	if err != nil {
		return err
	}
	bucket := s.stack.Outputs["VideosBucket"]
	for _, v := range page.Videos {
		file, err := simulator.NewVideo(v.ID, 5, "16:9", 0)
		if err != nil {
			return err
		}
		name := video.FileKey(v.ID)
		size := file.Size()
		if _, err := s.stack.S3().PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &name, Body: file.Open(), ContentLength: &size}); err != nil {
			return err
		}
	}
	return nil
}
