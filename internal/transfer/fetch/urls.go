package fetch

import (
	"context"
	"sync"
	"time"

	"github.com/takeup/takeup/internal/wait"
)

// maxFailedURLs is how many URLs in a row may fail.
const maxFailedURLs = 3

// URLs caches the URL of a file. All requests share it: when one finds that the URL has
// expired, all use the next one.
type URLs struct {
	fresh      func(context.Context) (string, error)
	retryDelay time.Duration // before the third URL in a row; doubles

	mu     sync.Mutex
	url    string
	number int // of the URL: how many there have been
	failed int // how many in a row, this one included, have not given the file yet
}

// NewURLs makes URLs from a function that gives a fresh URL each time it is called.
func NewURLs(fresh func(context.Context) (string, error), retryDelay time.Duration) *URLs {
	return &URLs{fresh: fresh, retryDelay: retryDelay}
}

// get gives the URL and its number. If that is the one that failed for the caller, with
// err, it asks for a fresh one.
func (s *URLs) get(ctx context.Context, failed int, err error) (url string, number int, _ error) {
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
	address, err := s.fresh(ctx)
	if err != nil {
		return "", 0, &urlError{err}
	}
	s.url = address
	s.number++
	s.failed++
	return s.url, s.number, nil
}

// succeeded notes that the URL gave the file.
func (s *URLs) succeeded() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = 0
}

// urlError is the error of whoever gives fresh URLs. It is not retried: they know whether that
// helps.
type urlError struct{ error }

func (e *urlError) Unwrap() error { return e.error }
