package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/video"
)

// interval is the time between two looks at a job; a stand-in's is short.
const (
	interval     = 2 * time.Second
	intervalFree = time.Second / 2
)

// settling is how long the API may not know a job that it has just started:
// Step Functions shows an execution a little later.
const settling = 30 * time.Second

// watcher follows jobs to their ends, and tells of them.
type watcher struct {
	world *world
	api   apiAccess
	show  *display
	// back is the command that comes back to a job.
	back func(id string) string
	// storing reports whether a job's video is being stored, which the API calls
	// generating. It may be nil.
	storing func(ctx context.Context, id string) bool
}

// noVideo is a job that ended without a video, in the API's words.
type noVideo struct {
	ID, Status string
	Outcome    *client.Outcome
}

func (e *noVideo) Error() string {
	if e.Outcome == nil {
		return fmt.Sprintf("job %s is %s", e.ID, e.Status)
	}
	return fmt.Sprintf("job %s ended with %s: %s", e.ID, e.Outcome.Name, e.Outcome.Message)
}

// left is a job that goes on without being watched.
type left struct {
	ID, Back    string
	Interrupted bool // by a person, not by an error
	Err         error
}

func (e *left) Error() string {
	if e.Interrupted {
		return fmt.Sprintf("interrupted; job %s goes on. Come back to it with\n  %s", e.ID, e.Back)
	}
	return fmt.Sprintf("job %s goes on, but can't be watched: %v\nCome back to it with\n  %s", e.ID, e.Err, e.Back)
}

func (e *left) Unwrap() error { return e.Err }

// watch follows a job to its end. A job without a video at its end gives a
// *noVideo, beside what is known of it. fresh says that it was started just now.
func (w *watcher) watch(ctx context.Context, id string, fresh bool) (client.Video, error) {
	pause, began := interval, w.world.now()
	known := fresh // there is such a job
	if w.api.free {
		pause = intervalFree
	}
	for {
		got, err := w.api.Video(ctx, id)
		var refused *client.Refused
		absent := errors.As(err, &refused) && refused.Status == http.StatusNotFound
		switch {
		case absent && fresh && w.world.now().Sub(began) < settling:
			got = client.Video{ID: id, Status: client.Queued}
		case absent:
			return got, err
		case err != nil && !known && ctx.Err() == nil:
			return got, err
		case err != nil:
			return got, w.left(ctx, id, err)
		}
		known = true
		word := got.Status
		if w.storing != nil && (word == client.Generating || word == client.Completed) && w.storing(ctx, id) {
			word = "storing"
		}
		held := heldUp(got.Waiting)
		w.show.hold(held != "")
		if held != "" {
			word += ", " + held
		}
		if !w.api.free { // at first the API knows what the provider takes, not the stand-in
			w.show.estimate(got.Estimate)
		}
		switch {
		case got.Status == client.Completed:
			if word == "storing" {
				w.show.event(word)
			}
			return got, nil
		case got.Ended():
			if got.Status == client.Failed && got.Error != nil {
				word += ", " + got.Error.Name
			}
			w.show.event(word)
			return got, &noVideo{ID: id, Status: got.Status, Outcome: got.Error}
		}
		w.show.event(word)
		if err := w.world.sleep(ctx, pause); err != nil {
			return got, w.left(ctx, id, err)
		}
	}
}

// heldUp says what a job waits for beside its turn and its generation; empty where
// that is nothing.
func heldUp(w *client.Waiting) string {
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

func (w *watcher) left(ctx context.Context, id string, err error) error {
	return &left{ID: id, Back: w.back(id), Interrupted: ctx.Err() != nil, Err: err}
}

// saved is a video in a file here.
type saved struct {
	client.Video
	File    string `json:"file,omitempty"`
	Fetched bool   `json:"-"` // false: the file was there already
}

// save downloads a completed job's video.
func (w *watcher) save(ctx context.Context, done client.Video, output string, force bool) (saved, error) {
	path := outputPath(output, done.ID)
	if err := client.CheckTarget(path); err != nil {
		return saved{}, err
	}
	w.show.event("downloading")
	fetched, err := w.api.Download(ctx, client.Download{Video: done, Path: path, Force: force, Progress: w.show.downloaded})
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("interrupted; the video is stored. Download the rest with\n  %s", w.back(done.ID))
	}
	return saved{Video: done, File: path, Fetched: fetched}, err
}
