package transfer

import (
	"context"
	"sync"
	"time"

	"github.com/takeup/takeup/internal/wait"
)

// maxFailedURLs is how many URLs in a row may fail.
const maxFailedURLs = 3

// urlSource caches the URL of a file. All requests share it: when one finds that the URL
// has expired, all use the next one.
type urlSource struct {
	source     Source
	retryDelay time.Duration // before the third URL in a row; doubles

	mu     sync.Mutex
	url    string
	number int // of the URL: how many there have been
	failed int // how many in a row, this one included, have not given the file yet
}

// get gives the URL and its number. If that is the one that failed for the caller, with
// err, it asks for a fresh one.
func (s *urlSource) get(ctx context.Context, failed int, err error) (url string, number int, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.number > failed {
		return s.url, s.number, nil
	}
	if s.failed >= maxFailedURLs {
		return "", 0, err
	}
	if s.failed > 1 {
		if err := wait.For(ctx, s.retryDelay<<(s.failed-2)); err != nil {
			return "", 0, err
		}
	}
	fresh, err := s.source(ctx)
	if err != nil {
		return "", 0, &sourceError{err}
	}
	s.url = fresh
	s.number++
	s.failed++
	return s.url, s.number, nil
}

// succeeded notes that the URL gave the file.
func (s *urlSource) succeeded() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = 0
}

// sourceError is the Source's own error, which is not retried here: its maker knows
// whether that helps.
type sourceError struct{ error }

func (e *sourceError) Unwrap() error { return e.error }
