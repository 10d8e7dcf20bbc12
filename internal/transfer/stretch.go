package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/takeup/takeup/internal/video"
)

const (
	// mostTries is how often a source is asked for the same byte.
	mostTries = 6
	// mostDrips is how often a stretch may come too slowly.
	mostDrips = 3
	// meter is over how much time a stretch's own speed is taken.
	meter = 250 * time.Millisecond
)

// stretch reads the file from one byte to another. A request that breaks off or
// stalls is made again from the byte that it reached. It is an io.ReadSeeker
// with a length, as the S3 client's body of a part: to seek to the beginning is
// to read the same bytes again.
type stretch struct {
	*file
	ctx          context.Context
	from, to, at int64

	head     []byte // bytes before at that were read and not given yet
	response *response
	tries    int   // since there was progress
	got      int64 // since the last failure
	drips    int
	patience time.Duration // what it may take from here; 0: as long as it likes
	metered  time.Time
	mark     int64 // the byte at that time
	err      error // for good
}

func (f *file) stretch(ctx context.Context, from, to int64) *stretch {
	return &stretch{file: f, ctx: ctx, from: from, to: to, at: from}
}

// give lets the stretch begin with a response that is there.
func (s *stretch) give(r *response) { s.response = r }

// stop ends what is under way.
func (s *stretch) stop() {
	if s.response != nil {
		s.response.close()
		s.response = nil
	}
}

// Len is how many bytes are still to be read.
func (s *stretch) Len() int { return int(s.to-s.at) + len(s.head) }

// Seek implements io.Seeker, for the beginning and for where it is.
func (s *stretch) Seek(offset int64, whence int) (int64, error) {
	at := s.at - int64(len(s.head)) - s.from
	switch {
	case whence == io.SeekCurrent && offset == 0, whence == io.SeekStart && offset == at:
		return at, nil
	case s.err != nil:
		return 0, s.err
	case whence != io.SeekStart || offset != 0:
		return 0, errors.New("a stretch can be read from its beginning only")
	}
	s.stop()
	s.at, s.head = s.from, nil
	if !s.resumable() {
		s.forget() // another request may give other bytes
	}
	return 0, nil
}

// Read implements io.Reader. The last bytes of a whole file are given only when
// the file has turned out to be whole.
func (s *stretch) Read(p []byte) (int, error) {
	if len(s.head) > 0 {
		n := copy(p, s.head)
		s.head = s.head[n:]
		return n, nil
	}
	for s.err == nil && s.at < s.to {
		n, err := s.fetch(p)
		if err != nil {
			s.fail(err)
		}
		if n > 0 {
			return n, nil
		}
	}
	if s.err != nil {
		return 0, s.err
	}
	return 0, io.EOF
}

// fail keeps an error for good.
func (s *stretch) fail(err error) {
	s.stop()
	s.err = err
}

// fetch reads once, and asks where there is nothing to read from.
func (s *stretch) fetch(p []byte) (int, error) {
	if s.response == nil {
		r, err := s.open()
		if err != nil {
			return 0, s.again(s.ctx, err, s.count(), false)
		}
		s.response = r
	}
	n, err := s.response.Read(p[:min(int64(len(p)), s.to-s.at)])
	if n > 0 {
		if err := s.see(s.at, p[:n]); err != nil {
			return 0, err
		}
		s.at, s.got = s.at+int64(n), s.got+int64(n)
		if s.at == s.to {
			s.stop()
			if s.from == 0 && s.to == s.length {
				if err := s.whole(s.length); err != nil {
					return 0, err
				}
			}
			return n, nil
		}
		if err := s.hurry(); err != nil {
			return 0, err
		}
	}
	if err == nil {
		return n, nil
	}
	ended := errors.Is(err, io.EOF) && s.response.to == s.at
	if errors.Is(err, errDrips) {
		s.drips++
	}
	s.stop()
	switch {
	case ended: // what was asked for; the next request is for more
		return n, nil
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	err = fmt.Errorf("reading the file: it broke off after %d bytes: %w", s.at, err)
	switch {
	case !s.resumable():
		return n, &restart{error: err}
	case s.drips > mostDrips:
		return n, err
	}
	fresh := s.got >= s.shape.progress
	return n, s.again(s.ctx, err, s.count(), fresh)
}

// count gives how often the source failed since there was progress.
func (s *stretch) count() int {
	if s.got >= s.shape.progress {
		s.tries = 0
	}
	s.tries, s.got = s.tries+1, 0
	return s.tries - 1
}

// open asks for the rest of the stretch.
func (s *stretch) open() (*response, error) {
	if !s.resumable() {
		return s.reopen()
	}
	r, err := s.ask(s.ctx, s.link, s.at, s.to, s.etag)
	switch {
	case errors.Is(err, errNoRange):
		return nil, unresumed()
	case err != nil:
		return nil, err
	case r.ranged && r.etag == s.etag && r.length == s.length:
		return r, nil
	}
	r.close()
	if r.etag == s.etag && r.length == s.length {
		return nil, unresumed()
	}
	return nil, changed()
}

// reopen asks for a whole file that can't be resumed.
func (s *stretch) reopen() (*response, error) {
	r, err := s.ask(s.ctx, s.link, 0, 0, "")
	if err != nil {
		return nil, err
	}
	if r.length != s.length {
		r.close()
		return nil, changed()
	}
	return r, nil
}

// again gives an error that asking again won't mend, or waits until it is time
// to. Fresh is a failure after progress, which asks again at once.
func (f *file) again(ctx context.Context, err error, tries int, fresh bool) error {
	var rejected *video.VideoRejected
	var over *restart
	var own *sourceError
	var refused *refusal
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &rejected), errors.As(err, &over), errors.As(err, &own):
		return err
	case errors.As(err, &refused) && !refused.passing():
		return err
	case tries >= mostTries-1:
		return err
	}
	wait := f.config.Pace.Pause << tries
	if fresh {
		wait = 0
	}
	if refused != nil {
		wait = max(wait, refused.after)
	}
	return pause(ctx, wait)
}

// sample reads the first bytes, and says whether the file would be here soon at
// their pace, or as soon as it can be.
func (s *stretch) sample(size int, pace Pace) (bool, error) {
	head := make([]byte, size)
	began := time.Now()
	n, err := io.ReadFull(s, head)
	if err != nil {
		return false, err
	}
	s.head = head[:n]
	took := time.Since(began)
	return pace.fast(int64(n), took, s.length, pace.Patience), nil
}

// hurry fails with errSlow where the rest would take longer than is waited for.
// It counts all that takes time, S3's part too. Beyond a part's length too much
// would be fetched again.
func (s *stretch) hurry() error {
	if s.patience == 0 || s.at > s.shape.most {
		return nil
	}
	now := time.Now()
	if s.metered.IsZero() {
		s.metered, s.mark = now, s.at
	}
	took := now.Sub(s.metered)
	if took < meter {
		return nil
	}
	fast := s.config.Pace.fast(s.at-s.mark, took, s.to-s.at, s.patience)
	s.metered, s.mark = now, s.at
	if !fast {
		return errSlow
	}
	return nil
}

// fast reports whether the rest comes within a patience at the pace of what came,
// or at one that is enough.
func (p Pace) fast(came int64, in time.Duration, rest int64, patience time.Duration) bool {
	rate := float64(came) / in.Seconds()
	return rate >= float64(p.Enough) || float64(rest)/rate <= patience.Seconds()
}

// forget begins the walk over the boxes again.
func (f *file) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.boxes = boxes{length: f.boxes.length}
}
