package generate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/progress"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// The time between two polls of a job. Simulated videos take seconds, so they are polled more
// often.
const (
	pollInterval          = 2 * time.Second
	simulatedPollInterval = time.Second / 2
)

// unknownFor is how long the API may not know a job that was just created.
const unknownFor = 30 * time.Second

// Watcher polls jobs until they have ended, and displays their progress.
type Watcher struct {
	Env     *command.Env
	API     target.API
	Display *progress.Display
	// Resume returns the command line that waits for a job again.
	Resume func(id string) string
	// Storing reports whether a job's video is being stored, which the API reports as
	// generating. It may be nil.
	Storing func(ctx context.Context, id string) bool
}

// NoVideo is the error for a job that ended without a video.
type NoVideo struct {
	ID      string
	Status  video.State
	Outcome *api.Outcome
}

func (e *NoVideo) Error() string {
	if e.Outcome == nil {
		return fmt.Sprintf("job %s is %s", e.ID, e.Status)
	}
	return fmt.Sprintf("job %s ended with %s: %s", e.ID, e.Outcome.Name, e.Outcome.Message)
}

// Unwatched is the error for a job that may still be running and is no longer watched.
type Unwatched struct {
	ID, Resume  string
	Interrupted bool // by a person, not because of an error
	Err         error
}

func (e *Unwatched) Error() string {
	if e.Interrupted {
		return fmt.Sprintf("interrupted; job %s keeps running. Wait for its video with\n  %s", e.ID, e.Resume)
	}
	return fmt.Sprintf("job %s keeps running, but can't be watched: %v\nWait for its video with\n  %s", e.ID, e.Err, e.Resume)
}

func (e *Unwatched) Unwrap() error { return e.Err }

// Watch polls a job until it has ended, and returns its last state. The error is a *NoVideo if
// the job ended without a video, and an *Unwatched if it may still be running. fresh means that
// the job was just created.
func (w *Watcher) Watch(ctx context.Context, id string, fresh bool) (api.Video, error) {
	pause, began := pollInterval, w.Env.Now()
	known := fresh // whether the job is known to exist
	if w.API.Simulated {
		pause = simulatedPollInterval
	}
	for {
		got, err := w.API.Video(ctx, id)
		var refused *client.Refused
		absent := errors.As(err, &refused) && refused.Status == http.StatusNotFound
		switch {
		case absent && fresh && w.Env.Now().Sub(began) < unknownFor:
			got = api.Video{ID: id, Status: video.StateQueued}
		case absent:
			return got, err
		case err != nil && !known && ctx.Err() == nil:
			return got, err
		case err != nil:
			return got, w.unwatched(ctx, id, err)
		}
		known = true
		word := string(got.Status)
		if w.Storing != nil && (got.Status == video.StateGenerating || got.Status == video.StateCompleted) && w.Storing(ctx, id) {
			word = "storing"
		}
		held := waitText(got.Waiting)
		w.Display.Hold(held != "")
		if held != "" {
			word += ", " + held
		}
		if !w.API.Simulated { // the API's first estimates are for the provider, not for the simulator
			w.Display.Estimate(got.Estimate)
		}
		switch {
		case got.Status == video.StateCompleted:
			if word == "storing" {
				w.Display.Event(word)
			}
			return got, nil
		case got.Ended():
			if got.Status == video.StateFailed && got.Error != nil {
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

// waitText says what holds a job up. It is empty if the job waits only for its turn or its
// generation.
func waitText(w *api.Waiting) string {
	switch {
	case w == nil:
	case w.For == report.WaitResume:
		return "waiting until the stack is resumed"
	case w.For == report.WaitCap:
		return "waiting for the stack's cap"
	case w.For == report.WaitRoom:
		return "waiting for capacity at the provider"
	case w.For == report.WaitAnswer:
		return "looking up a submission without an answer"
	case w.For == report.WaitVideo && w.LastError != nil:
		return "waiting to retry the copy"
	}
	return ""
}

func (w *Watcher) unwatched(ctx context.Context, id string, err error) error {
	return &Unwatched{ID: id, Resume: w.Resume(id), Interrupted: ctx.Err() != nil, Err: err}
}

// Saved is a downloaded video.
type Saved struct {
	api.Video
	File    string `json:"file,omitempty"`
	Fetched bool   `json:"-"` // false if the file existed already
}

// save downloads a completed job's video.
func (w *Watcher) save(ctx context.Context, done api.Video, output string, force bool) (Saved, error) {
	path := outputPath(output, done.ID)
	if err := client.CheckTarget(path); err != nil {
		return Saved{}, err
	}
	w.Display.Event("downloading")
	fetched, err := w.API.Download(ctx, client.Download{Video: done, Path: path, Force: force, Progress: w.Display.Downloaded})
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("interrupted; the video is stored. Resume the download with\n  %s", w.Resume(done.ID))
	}
	return Saved{Video: done, File: path, Fetched: fetched}, err
}
