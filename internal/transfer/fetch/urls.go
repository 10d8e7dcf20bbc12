package fetch

import (
	"context"
	"sync"
	"time"

	"github.com/takeup/takeup/internal/wait"
)

// maxFailedURLs limits how many URLs in a row may fail.
const maxFailedURLs = 3

// URLs caches the URL of a file. All requests share it: once one of them finds that the URL has
// expired, all of them use the next one.
type URLs struct {
	fresh      func(context.Context) (string, error)
	retryDelay time.Duration // before the third URL in a row; doubles with each further one

	mu     sync.Mutex
	url    string
	number int // the number of URLs so far, which identifies the current one
	failed int // how many in a row, with the current one, have not returned the file yet
}

// NewURLs returns URLs from a function that returns a fresh URL at each call.
func NewURLs(fresh func(context.Context) (string, error), retryDelay time.Duration) *URLs {
	return &URLs{fresh: fresh, retryDelay: retryDelay}
}

// get returns the URL and its number. If the URL with that number failed for the caller, with
// err, get asks for a fresh one.
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

// succeeded records that the URL returned the file.
func (s *URLs) succeeded() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = 0
}

// urlError is an error of the function that returns fresh URLs. It is not retried here: its
// caller knows whether a retry helps.
type urlError struct{ error }

func (e *urlError) Unwrap() error { return e.error }
