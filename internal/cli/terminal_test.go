package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/apitest"
	"github.com/takeup/takeup/internal/video"
)

// screen records what is written to a terminal.
type screen struct {
	mu   sync.Mutex
	more *sync.Cond
	text strings.Builder
	end  error

	terminal *os.File // what is written to it is typed
	seen     int      // of the text, by awaitNew
}

// newScreen opens a pseudo-terminal, and reads what is written to tty until both are closed.
func newScreen(t *testing.T) (s *screen, tty *os.File, read <-chan struct{}) {
	t.Helper()
	terminal, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	if err := pty.Setsize(tty, &pty.Winsize{Rows: 24, Cols: 120}); err != nil {
		t.Fatal(err)
	}
	s = &screen{terminal: terminal}
	s.more = sync.NewCond(&s.mu)
	done := make(chan struct{})
	go func() {
		defer close(done)
		chunk := make([]byte, 4096)
		for {
			n, err := terminal.Read(chunk)
			s.mu.Lock()
			s.text.Write(chunk[:n])
			s.end = err
			s.more.Broadcast()
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return s, tty, done
}

// await waits until the words are written.
func (s *screen) await(words string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !strings.Contains(s.text.String(), words) {
		if s.end != nil {
			return fmt.Errorf("%q is not shown: %w", words, s.end)
		}
		s.more.Wait()
	}
	return nil
}

// awaitNew waits until the words are written again.
func (s *screen) awaitNew(words string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if i := strings.Index(s.text.String()[s.seen:], words); i >= 0 {
			s.seen = s.text.Len()
			return nil
		}
		if s.end != nil {
			return fmt.Errorf("%q is not shown: %w", words, s.end)
		}
		s.more.Wait()
	}
}

// states returns the states of a job that is polled four times before its video is stored.
func states(f *apitest.Server) func(string, video.Request) []api.Video {
	return func(id string, r video.Request) []api.Video {
		queued, generating := f.Video(id, r, video.StateQueued), f.Video(id, r, video.StateGenerating)
		return []api.Video{queued, queued, generating, generating, f.Done(id, r, "a video")}
	}
}

// In a terminal each event has a line, and a bar below them moves until the end.
func TestGenerateInATerminal(t *testing.T) {
	s, tty, read := newScreen(t)
	w, f := withAPI(t)
	f.Script = states(f)
	w.Env.Out = tty
	// A goroutine draws the bar and reads the clock. It sleeps until the bar has moved.
	var mu sync.Mutex
	clock := apitest.Created
	w.Now = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return clock
	}
	w.Sleep = func(_ context.Context, d time.Duration) error {
		mu.Lock()
		clock = clock.Add(d)
		passed := clock.Sub(apitest.Created).Seconds()
		mu.Unlock()
		return s.await(fmt.Sprintf("%6.1f s [", passed))
	}
	if status := w.run(t.Context(), "generate", "a boat"); status != 0 {
		t.Fatalf("got %d, %s", status, &w.Err)
	}
	if err := tty.Close(); err != nil {
		t.Fatal(err)
	}
	<-read
	shown := s.text.String()

	for _, line := range []string{"   0.0 s  queued", "   4.0 s  generating", "   8.0 s  downloading", "   8.0 s  done"} {
		if n := strings.Count(shown, line+"\r\n"); n != 1 {
			t.Errorf("the line %q is shown %d times", line, n)
		}
	}
	var filled []int
	for _, bar := range regexp.MustCompile(`s \[(=*)>?-*\]`).FindAllStringSubmatch(shown, -1) {
		if n := len(bar[1]); len(filled) == 0 || n != filled[len(filled)-1] {
			filled = append(filled, n)
		}
	}
	moved := len(filled) >= 3
	for i := 1; i < len(filled); i++ {
		moved = moved && filled[i] > filled[i-1]
	}
	if !moved {
		t.Errorf("the bar is filled by %v, in\n%q", filled, shown)
	}
	// Text after the last erasure stays on the screen.
	const erase = "\x1b[J"
	left := shown[strings.LastIndex(shown, erase)+len(erase):]
	if !strings.HasPrefix(left, "   8.0 s  done\r\nvideo  api-1.mp4") || strings.Contains(left, "s [") {
		t.Errorf("the bar was not erased in\n%q", shown)
	}
}

// In a pipe each event has a line, and there is nothing else.
func TestGenerateInAPipe(t *testing.T) {
	w, f := withAPI(t)
	f.Script = states(f)
	from, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	w.Env.Out = to
	if status := w.run(t.Context(), "generate", "a boat"); status != 0 {
		t.Fatalf("got %d, %s", status, &w.Err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != printed {
		t.Errorf("it printed\n%s\nwant\n%s", got, printed)
	}
}
