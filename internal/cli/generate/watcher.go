package generate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/progress"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/video"
)

// pollInterval is the time between two looks at a job; a stand-in's is short.
const (
	pollInterval          = 2 * time.Second
	simulatedPollInterval = time.Second / 2
)

// unknownFor is how long the API may not know a job that it has just started:
// Step Functions shows an execution a little later.
const unknownFor = 30 * time.Second

// Watcher follows jobs to their ends, and tells of them.
type Watcher struct {
	Env     *command.Env
	API     target.API
	Display *progress.Display
	// Resume is the command that comes back to a job.
	Resume func(id string) string
	// Storing reports whether a job's video is being stored, which the API calls
	// generating. It may be nil.
	Storing func(ctx context.Context, id string) bool
}

// NoVideo is a job that ended without a video, in the API's words.
type NoVideo struct {
	ID, Status string
	Outcome    *client.Outcome
}

func (e *NoVideo) Error() string {
	if e.Outcome == nil {
		return fmt.Sprintf("job %s is %s", e.ID, e.Status)
	}
	return fmt.Sprintf("job %s ended with %s: %s", e.ID, e.Outcome.Name, e.Outcome.Message)
}

// Unwatched is a job that goes on without being watched.
type Unwatched struct {
	ID, Resume  string
	Interrupted bool // by a person, not by an error
	Err         error
}

func (e *Unwatched) Error() string {
	if e.Interrupted {
		return fmt.Sprintf("interrupted; job %s goes on. Come back to it with\n  %s", e.ID, e.Resume)
	}
	return fmt.Sprintf("job %s goes on, but can't be watched: %v\nCome back to it with\n  %s", e.ID, e.Err, e.Resume)
}

func (e *Unwatched) Unwrap() error { return e.Err }

// Watch follows a job to its end. A job without a video at its end gives a
// *noVideo, beside what is known of it. fresh says that it was started just now.
func (w *Watcher) Watch(ctx context.Context, id string, fresh bool) (client.Video, error) {
	pause, began := pollInterval, w.Env.Now()
	known := fresh // there is such a job
	if w.API.Simulated {
		pause = simulatedPollInterval
	}
	for {
		got, err := w.API.Video(ctx, id)
		var refused *client.Refused
		absent := errors.As(err, &refused) && refused.Status == http.StatusNotFound
		switch {
		case absent && fresh && w.Env.Now().Sub(began) < unknownFor:
			got = client.Video{ID: id, Status: client.Queued}
		case absent:
			return got, err
		case err != nil && !known && ctx.Err() == nil:
			return got, err
		case err != nil:
			return got, w.unwatched(ctx, id, err)
		}
		known = true
		word := got.Status
		if w.Storing != nil && (word == client.Generating || word == client.Completed) && w.Storing(ctx, id) {
			word = "storing"
		}
		held := waitText(got.Waiting)
		w.Display.Hold(held != "")
		if held != "" {
			word += ", " + held
		}
		if !w.API.Simulated { // at first the API knows what the provider takes, not the stand-in
			w.Display.Estimate(got.Estimate)
		}
		switch {
		case got.Status == client.Completed:
			if word == "storing" {
				w.Display.Event(word)
			}
			return got, nil
		case got.Ended():
			if got.Status == client.Failed && got.Error != nil {
				word += ", " + got.Error.Name
			}
			w.Display.Event(word)
			return got, &NoVideo{ID: id, Status: got.Status, Outcome: got.Error}
		}
		w.Display.Event(word)
		if err := w.Env.Sleep(ctx, pause); err != nil {
			return got, w.unwatched(ctx, id, err)
		}
	}
}

// waitText says what a job waits for beside its turn and its generation; empty where
// that is nothing.
func waitText(w *client.Waiting) string {
	switch {
	case w == nil:
	case w.For == video.WaitResume:
		return "waiting for the stack to be resumed"
	case w.For == video.WaitCap:
		return "waiting for room below the stack's cap"
	case w.For == video.WaitRoom:
		return "waiting for room at the provider"
	case w.For == video.WaitAnswer:
		return "looking for a submission that was not answered"
	case w.For == video.WaitVideo && w.LastError != nil:
		return "waiting to be copied again"
	}
	return ""
}

func (w *Watcher) unwatched(ctx context.Context, id string, err error) error {
	return &Unwatched{ID: id, Resume: w.Resume(id), Interrupted: ctx.Err() != nil, Err: err}
}

// Saved is a video in a file here.
type Saved struct {
	client.Video
	File    string `json:"file,omitempty"`
	Fetched bool   `json:"-"` // false: the file was there already
}

// save downloads a completed job's video.
func (w *Watcher) save(ctx context.Context, done client.Video, output string, force bool) (Saved, error) {
	path := outputPath(output, done.ID)
	if err := client.CheckTarget(path); err != nil {
		return Saved{}, err
	}
	w.Display.Event("downloading")
	fetched, err := w.API.Download(ctx, client.Download{Video: done, Path: path, Force: force, Progress: w.Display.Downloaded})
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("interrupted; the video is stored. Download the rest with\n  %s", w.Resume(done.ID))
	}
	return Saved{Video: done, File: path, Fetched: fetched}, err
}
