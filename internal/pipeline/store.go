package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/takeup/takeup/internal/video"
)

// Copier copies a file into the videos bucket, whole or not at all.
type Copier interface {
	// Copy asks source for the file's URL, and again for a fresh one when it
	// needs it. It gives a *video.VideoRejected for a file that must not be
	// stored, and any other error for one that may be had another time.
	Copy(ctx context.Context, source func(context.Context) (string, error), key string) (video.Copied, error)
}

// Shelf is the place of the manifests.
type Shelf interface {
	Manifests
	// PutManifest writes a job's manifest; one that is there stays.
	PutManifest(context.Context, video.Manifest) error
	// Address is the s3:// address of a job's video.
	Address(id string) string
}

// Store copies a completed video into the bucket.
type Store struct {
	Provider Retriever
	Keys     Keys
	Ledger   Ledger
	Copier   Copier
	Shelf    Shelf
	Now      func() time.Time
}

// Run gives the job as stored: the video is at its place, whole and verified,
// and its manifest was written after it. A job that is stored already is left
// as it is. What can't be had this time is a VideoUnavailable, which the state
// machine retries; what must not be stored is a VideoRejected.
func (s *Store) Run(ctx context.Context, job video.Job) (video.Job, error) {
	_, stored, err := s.Shelf.Manifest(ctx, job.ID)
	if err != nil {
		return job, err
	}
	if !stored {
		if err := s.store(ctx, job); err != nil {
			return job, err
		}
	}
	job.Status, job.WaitSeconds, job.Video = video.Stored, 1, s.Shelf.Address(job.ID)
	return job, nil
}

func (s *Store) store(ctx context.Context, job video.Job) error {
	entry, _, err := s.Ledger.Get(ctx, job.ID)
	if err != nil {
		return err
	}
	generation, err := retrieve(ctx, s.Provider, s.Keys, job.Route, job.GenerationID, job.Model)
	switch {
	case err != nil:
		return s.unavailable(job, err)
	case generation.State == video.Failed:
		return end(ctx, s.Ledger, s.Now, job.ID, &video.GenerationFailed{GenerationID: job.GenerationID, Said: generation.Failure})
	case generation.State != video.Finished || generation.URL == "":
		return s.unavailable(job, errors.New("the provider gives no URL for it"))
	}
	copied, err := s.Copier.Copy(ctx, func(context.Context) (string, error) { return generation.URL, nil }, video.FileKey(job.ID))
	var rejected *video.VideoRejected
	if errors.As(err, &rejected) {
		rejected.GenerationID = job.GenerationID
		return end(ctx, s.Ledger, s.Now, job.ID, rejected)
	}
	if err != nil {
		return s.unavailable(job, err)
	}
	return s.Shelf.PutManifest(ctx, video.Manifest{
		ID: job.ID, Model: job.Model, Request: entry.Request, GenerationID: job.GenerationID,
		CreatedAt: entry.CreatedAt, SubmittedAt: job.SubmittedAt, StoredAt: s.Now(),
		Bytes: copied.Bytes, CRC32: copied.CRC32, CreditsUsed: generation.Credits,
	})
}

// unavailable names what keeps a paid video from being stored, unless that has
// a name already.
func (s *Store) unavailable(job video.Job, err error) error {
	var service *video.ServiceUnavailable
	if errors.As(err, &service) {
		return service
	}
	return &video.VideoUnavailable{GenerationID: job.GenerationID, Err: err}
}
