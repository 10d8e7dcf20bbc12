package transfer

import (
	"context"
	"sync"
	"time"
)

// mostBarren is how many URLs in a row may give nothing.
const mostBarren = 3

// link is where the file is. Many requests share it: what one finds expired is
// asked for again once for all.
type link struct {
	source Source
	pause  time.Duration // before a third URL in a row is asked for

	mu      sync.Mutex
	address string
	asked   int // how many URLs there have been; which one this is
	barren  int // how many in a row were given up without an answer
}

// get gives the URL, and which one it is; a new one where the one that is known
// is the one that was given up.
func (l *link) get(ctx context.Context, givenUp int, why error) (string, int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.asked > givenUp {
		return l.address, l.asked, nil
	}
	if l.barren >= mostBarren {
		return "", 0, why
	}
	if l.barren > 1 {
		if err := pause(ctx, l.pause<<(l.barren-2)); err != nil {
			return "", 0, err
		}
	}
	address, err := l.source(ctx)
	if err != nil {
		return "", 0, &sourceError{err}
	}
	l.address = address
	l.asked++
	l.barren++
	return l.address, l.asked, nil
}

// good notes that the URL gave the file.
func (l *link) good() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.barren = 0
}

// sourceError is the source's own: it knows best whether asking again helps.
type sourceError struct{ error }

func (e *sourceError) Unwrap() error { return e.error }
