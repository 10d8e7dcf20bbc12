package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/video"
)

// A pipe that nobody writes to holds up no interrupted command.
func TestInterruptedWhileReading(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	w, _ := withAPI(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- command(ctx, w.world, []string{"generate", "--file", pipe}) }()
	cancel()
	stopped := false
	err := w.await(ctx, func() { stopped = true }, done)
	if err == nil || !stopped || exitStatus(err, true) != exitInterrupted {
		t.Errorf("got %v, stopped %v", err, stopped)
	}
	// The reader goes on once somebody writes.
	f, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("a boat"); err != nil {
		t.Fatal(err)
	}
}

// A stack is ended before its command is.
func TestInterruptedWhileCleaning(t *testing.T) {
	w := newTestWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.cleaning.Store(true)
	done := make(chan error)
	want := errors.New("the stack has ended")
	go func() { done <- want }()
	if err := w.await(ctx, func() {}, done); err != want {
		t.Errorf("got %v", err)
	}
}

// What is no file is refused before anything is sent, waited for or written.
func TestOutputIsAFile(t *testing.T) {
	w, f := withAPI(t)
	addJobs(t, f)
	if err := syscall.Mkfifo("pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(os.DevNull, "null"); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(".part.mp4.part", 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ line, want string }{
		{"download stored --output pipe", "pipe is a pipe"},
		{"download stored --output pipe --force", "pipe is a pipe"},
		{"download stored --output null --force", "null is a symbolic link"},
		{"download stored --output " + os.DevNull + " --force", "is a device"},
		{"download running --output pipe", "pipe is a pipe"},
		{"generate boat --output pipe", "pipe is a pipe"},
	} {
		calls := len(f.Calls())
		w.err.Reset()
		if status := w.run(t.Context(), strings.Fields(test.line)...); status != exitUsage || !strings.Contains(w.err.String(), test.want) {
			t.Errorf("%s: %d, %s", test.line, status, &w.err)
		}
		if len(f.Calls()) != calls {
			t.Errorf("%s: the API was asked", test.line)
		}
	}
	w.err.Reset()
	if status := w.run(t.Context(), "download", "stored", "--output", "part.mp4"); status == 0 || !strings.Contains(w.err.String(), "is a pipe") {
		t.Errorf("a pipe in the place of the part: %d, %s", status, &w.err)
	}
}

func TestAdviceWithoutAStack(t *testing.T) {
	r := runner{world: newTestWorld(t).world}
	if _, err := r.request(); err == nil || !strings.Contains(err.Error(), `type make run PROMPT="`) {
		t.Errorf("without a prompt: %v", err)
	}
	for _, ended := range []error{
		&video.Unauthorized{}, &video.OutOfCredits{}, &video.ProviderBusy{}, &video.CapReached{}, &video.SubmissionLost{}, &video.GenerationFailed{},
		&video.GenerationOverdue{}, &video.VideoUnavailable{Err: io.EOF}, &video.VideoRejected{}, &video.ServiceUnavailable{Err: io.EOF},
	} {
		name := video.OutcomeName(ended)
		said := withoutStack(&noVideo{ID: "a", Status: video.StateFailed, Outcome: &api.Outcome{Name: name, Message: ended.Error()}})
		if strings.Contains(said, "redrive") || strings.Contains(said, "secret") || !strings.Contains(said, name) {
			t.Errorf("%s: %s", name, said)
		}
	}
	if status := exitStatus(&stack.NotRunning{}, false); status != exitUsage {
		t.Errorf("without a stack: %d", status)
	}
}
