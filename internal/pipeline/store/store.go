// Package store implements the step Store of the state machine: it copies a completed video into
// the videos bucket, and writes its manifest after it.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/pipeline"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video"
)

// Copier copies a file into the videos bucket, whole or not at all.
type Copier interface {
	// Copy calls source for the file's URL, and again whenever it needs a fresh one. It returns
	// a *video.VideoRejected for a file that must not be stored, and any other error for one
	// that may be fetched later.
	Copy(ctx context.Context, source func(context.Context) (string, error), key string) (video.Copied, error)
}

// Manifests stores the jobs' manifests.
type Manifests interface {
	// Manifest returns a job's manifest, or false if there is none.
	Manifest(ctx context.Context, job video.Locator) (video.Manifest, bool, error)
	// PutManifest writes a job's manifest unless there is one. It returns the manifest that is
	// stored.
	PutManifest(context.Context, video.Manifest) (video.Manifest, error)
	// Forget clears the texts of a job's manifest, if it has one.
	Forget(ctx context.Context, job video.Locator, hash string, at time.Time) error
	// Remove deletes a job's manifest, and then its video.
	Remove(ctx context.Context, job video.Locator) error
	// Address returns the s3:// address of a job's video.
	Address(job video.Locator) string
}

// Step copies a completed video into the bucket.
type Step struct {
	Providers provider.Accounts
	Jobs      pipeline.Jobs
	Copier    Copier
	Manifests Manifests
	Version   string // version of the pipeline, for the manifest
	Now       func() time.Time
}

// Run returns the job as stored: the video is in the bucket, whole and verified, and its
// manifest was written after it. A job that is already stored is left unchanged. A discarded job
// ends as *video.Discarded, with nothing stored. A video that can't be fetched now is a
// *video.VideoUnavailable, which the state machine retries. One that must not be stored is a
// *video.VideoRejected.
func (s *Step) Run(ctx context.Context, job video.Job) (video.Job, error) {
	manifest, stored, err := s.Manifests.Manifest(ctx, job.Locator())
	if err != nil {
		return job, err
	}
	if !stored {
		entry, _, err := s.Jobs.Get(ctx, job.ID)
		if err != nil {
			return job, err
		}
		if manifest, err = s.store(ctx, job, entry); err != nil {
			s.tell(ctx, job, entry, err)
			return job, err
		}
	}
	if err := s.record(ctx, job, manifest); err != nil {
		return job, err
	}
	job.Status, job.WaitSeconds, job.Video = video.Stored, 1, s.Manifests.Address(manifest.Locator())
	return job, nil
}

// record writes into the entry that the video is stored, and what its manifest says. If the job
// was discarded while the video was copied, record removes the video: a discard is written to
// the entry before it looks for the manifest, so one of the two sees the other. In the same way,
// it clears the manifest of a job that was forgotten.
func (s *Step) record(ctx context.Context, job video.Job, manifest video.Manifest) error {
	for range 3 {
		entry, version, err := s.Jobs.Get(ctx, job.ID)
		var unknown *video.NoEntry
		switch {
		case errors.As(err, &unknown):
			return nil // only the manifest is left of the job
		case err != nil:
			return err
		case !entry.DiscardedAt.IsZero():
			return s.discard(ctx, job, entry, manifest.ChargedMicros)
		case !entry.ForgottenAt.IsZero():
			if err := s.Manifests.Forget(ctx, entry.Locator(), entry.RequestHash, entry.ForgottenAt); err != nil {
				return err
			}
		}
		if entry.Manifest != nil {
			return nil
		}
		// An outcome here is from another execution, which ended before.
		entry.Store(manifest)
		if _, _, err := s.Jobs.Update(ctx, entry, version); err == nil || video.UnlessConflict(err) != nil {
			return err
		}
	}
	return &video.ServiceUnavailable{Doing: "recording that the video is stored", Err: errors.New("the job was changed by another each time")}
}

// discardUncopied ends a job that was discarded before its video was copied, once the provider
// reports the state of the generation: one that failed is not charged.
func (s *Step) discardUncopied(ctx context.Context, job video.Job, entry video.Entry) error {
	generation, err := pipeline.Retrieve(ctx, s.Providers, job)
	switch {
	case err != nil:
		return s.unavailable(job, redacted(err, entry.Request))
	case generation.State == provider.Failed:
		return pipeline.End(ctx, s.Jobs, s.Now, job, &video.GenerationFailed{GenerationID: job.GenerationID, Said: generation.Failure})
	case generation.State != provider.Finished:
		return s.unavailable(job, errors.New("the provider no longer says that it is done"))
	}
	return s.discard(ctx, job, entry, generation.Micros)
}

// discard ends a discarded job. It removes what an earlier Store may have left of its video.
func (s *Step) discard(ctx context.Context, job video.Job, entry video.Entry, micros int64) error {
	if err := s.Manifests.Remove(ctx, entry.Locator()); err != nil {
		return err
	}
	return pipeline.End(ctx, s.Jobs, s.Now, job, &video.Discarded{GenerationID: job.GenerationID, Micros: micros})
}

// store copies the video, and writes and returns its manifest.
func (s *Step) store(ctx context.Context, job video.Job, entry video.Entry) (video.Manifest, error) {
	if entry.GenerationID != job.GenerationID {
		return video.Manifest{}, &video.InvalidRequest{Fields: []video.FieldError{{Field: "generation_id", Message: fmt.Sprintf("%.100q is not the generation of job %s", job.GenerationID, job.ID)}}}
	}
	if !entry.DiscardedAt.IsZero() {
		return video.Manifest{}, s.discardUncopied(ctx, job, entry)
	}
	began := s.Now()
	var finished provider.Generation
	// The URL is requested only here, so that it is never in a state's input or output.
	source := func(ctx context.Context) (string, error) {
		generation, err := s.ask(ctx, job)
		if err == nil {
			finished = generation
		}
		return generation.URL, err
	}
	copied, err := s.Copier.Copy(ctx, source, objectkey.Video(entry.Locator()))
	var failed *video.GenerationFailed
	var rejected *video.VideoRejected
	switch {
	case errors.As(err, &failed):
		return video.Manifest{}, pipeline.End(ctx, s.Jobs, s.Now, job, failed)
	case errors.As(err, &rejected):
		rejected.GenerationID = job.GenerationID
		return video.Manifest{}, pipeline.End(ctx, s.Jobs, s.Now, job, rejected)
	case err != nil:
		return video.Manifest{}, s.unavailable(job, redacted(err, entry.Request))
	}
	stored := s.Now()
	if finished.Handle == "" {
		// The video was stored already. If the provider doesn't report its price, the manifest
		// goes without: a stored job without a price is better than none.
		finished, _ = s.ask(ctx, job)
	}
	manifest := video.Manifest{
		ID: job.ID, Model: job.Model, Request: entry.Request, GenerationID: job.GenerationID,
		Origin: entry.Origin, CreatedAt: entry.CreatedAt, SubmittedAt: job.SubmittedAt, CompletedAt: job.CompletedAt,
		StoringAt: began, StoredAt: stored, Polls: job.Polls,
		Bytes: copied.Bytes, CRC32: copied.CRC32,
		Seconds: copied.Duration.Seconds(), Width: copied.Width, Height: copied.Height,
		ChargedMicros: finished.Micros, PipelineVersion: s.Version,
	}
	if !entry.ForgottenAt.IsZero() {
		manifest = manifest.Forget(entry.RequestHash, entry.ForgottenAt)
	}
	return s.Manifests.PutManifest(ctx, manifest)
}

// ask requests the finished generation, with a fresh URL for its video.
func (s *Step) ask(ctx context.Context, job video.Job) (provider.Generation, error) {
	generation, err := pipeline.Retrieve(ctx, s.Providers, job)
	switch {
	case err != nil:
		return provider.Generation{}, err
	case generation.State == provider.Failed:
		return provider.Generation{}, &video.GenerationFailed{GenerationID: job.GenerationID, Said: generation.Failure}
	case generation.State != provider.Finished || generation.URL == "":
		return provider.Generation{}, errors.New("the provider gives no URL for it")
	}
	return generation, nil
}

// redacted removes the texts of the request from the message of a refusal.
func redacted(err error, request video.Request) error {
	var refusal *provider.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	return &provider.Refusal{Kind: refusal.Kind, Said: request.Redact(refusal.Said), RetryAfter: refusal.RetryAfter}
}

// unavailable returns a *video.VideoUnavailable for an error that keeps a paid video from being
// stored. It returns a *video.ServiceUnavailable as it is.
func (s *Step) unavailable(job video.Job, err error) error {
	var service *video.ServiceUnavailable
	if errors.As(err, &service) {
		return service
	}
	return &video.VideoUnavailable{GenerationID: job.GenerationID, Err: err}
}
