package transfer

import (
	"context"
	"sync"

	"github.com/takeup/takeup/internal/video"
)

// byParts stores the file by a multipart upload, of which so many parts are under
// way at once. The first part is of the stretch that was begun.
func (f *file) byParts(ctx context.Context, begun *stretch, streams int) (video.Copied, error) {
	cuts := f.shape.cuts(f.length, streams)
	u, err := f.newUpload(ctx, len(cuts)-1)
	if err != nil {
		return video.Copied{}, err
	}
	begun.to = cuts[1]
	err = u.send(ctx, begun, cuts, streams)
	if err == nil {
		err = f.missing(ctx)
	}
	if err == nil {
		err = f.whole(f.length)
	}
	return u.end(ctx, err)
}

// cuts gives the places where a file is cut, its ends among them. The first part
// is as long as the first request: it is under way already. Those after it are as
// long as it takes to have all under way at once, within what is good.
func (s shape) cuts(length int64, streams int) []int64 {
	const mostParts = 10_000 // https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
	rest := length - s.least
	others := int64(max(1, streams-1))
	size := min(max(s.least, (rest+others-1)/others), s.most)
	size = max(size, (rest+mostParts-2)/(mostParts-1))
	cuts := []int64{0}
	for at := s.least; at < length; at += size {
		cuts = append(cuts, at)
	}
	return append(cuts, length)
}

// send uploads all parts. When it returns, none is under way any more.
func (u *upload) send(ctx context.Context, begun *stretch, cuts []int64, streams int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	begun.ctx = ctx
	if begun.response != nil {
		defer context.AfterFunc(ctx, begun.response.cancel)()
	}
	q := newQueue(len(cuts)-1, streams)
	var wait sync.WaitGroup
	for range q.workers {
		wait.Go(func() {
			for {
				n, more := q.take()
				if !more {
					return
				}
				s := begun
				if n > 0 {
					s = u.stretch(ctx, cuts[n], cuts[n+1])
					// A source that does not take so many requests at once gets
					// fewer: this part is left to the others.
					r, err := s.open()
					if err != nil && q.giveBack(n) {
						return
					}
					s.give(r)
				}
				err := u.part(ctx, n+1, s, cuts[n+1]-cuts[n])
				s.stop()
				if s.err != nil {
					err = s.err
				}
				if err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	wait.Wait()
	return context.Cause(ctx)
}

// queue is the parts that no worker has begun.
type queue struct {
	mu      sync.Mutex
	left    []int // the next is the last
	workers int   // that are at work
}

func newQueue(parts, workers int) *queue {
	q := &queue{workers: min(parts, workers)}
	for n := parts - 1; n >= 0; n-- {
		q.left = append(q.left, n)
	}
	return q
}

// take gives a part, or ends a worker.
func (q *queue) take() (int, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	last := len(q.left) - 1
	if last < 0 {
		q.workers--
		return 0, false
	}
	n := q.left[last]
	q.left = q.left[:last]
	return n, true
}

// giveBack ends a worker that can't do its part, unless it is the last one.
func (q *queue) giveBack(n int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.workers == 1 {
		return false
	}
	q.workers--
	q.left = append(q.left, n)
	return true
}
