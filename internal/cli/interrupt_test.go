package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A pipe without a writer doesn't hold up an interrupted command.
func TestInterruptedWhileReading(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	w, _ := withAPI(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- execute(ctx, w.Env, []string{"generate", "--file", pipe}) }()
	cancel()
	stopped := false
	err := await(ctx, w.Env, func() { stopped = true }, done)
	if err == nil || !stopped || exitStatus(err, true) != exitInterrupted {
		t.Errorf("got %v, stopped %v", err, stopped)
	}
	// The reader continues once somebody writes.
	f, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("a boat"); err != nil {
		t.Fatal(err)
	}
}

// A command stops its stack before it ends.
func TestInterruptedWhileCleaning(t *testing.T) {
	w := newShell(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.Cleaning.Store(true)
	done := make(chan error)
	want := errors.New("the stack has ended")
	go func() { done <- want }()
	if err := await(ctx, w.Env, func() {}, done); err != want {
		t.Errorf("got %v", err)
	}
}

// An output that can't be a file is refused before anything is sent, waited for or written.
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
		w.Err.Reset()
		if status := w.run(t.Context(), strings.Fields(test.line)...); status != exitUsage || !strings.Contains(w.Err.String(), test.want) {
			t.Errorf("%s: %d, %s", test.line, status, &w.Err)
		}
		if len(f.Calls()) != calls {
			t.Errorf("%s: the API was asked", test.line)
		}
	}
	w.Err.Reset()
	if status := w.run(t.Context(), "download", "stored", "--output", "part.mp4"); status == 0 || !strings.Contains(w.Err.String(), "is a pipe") {
		t.Errorf("a pipe in the place of the part: %d, %s", status, &w.Err)
	}
}
