package transfer

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/takeup/takeup/internal/video"
)

// putParts stores the file by a multipart upload, with up to streams parts in flight. The reader
// has begun the first part.
func (j *copyJob) putParts(ctx context.Context, file *sourceFile, reader *rangeReader, streams int) (video.Copied, error) {
	cuts := j.sizes.cuts(file.length, streams)
	u, err := j.object.newUpload(ctx, file, len(cuts)-1)
	if err != nil {
		return video.Copied{}, err
	}
	reader.to = cuts[1]
	err = u.putAll(ctx, reader, cuts, streams)
	if err == nil {
		err = file.fetchMissing(ctx)
	}
	if err == nil {
		err = rejection(file.complete(file.length))
	}
	return u.end(ctx, err)
}

// cuts returns the offsets at which a file is cut into parts, with its beginning and its end.
// The first part is as long as the first request, which is already in progress. The others are
// so long that all of them can be in flight at the same time, within the limits.
func (s sizes) cuts(length int64, streams int) []int64 {
	rest := length - s.minPart
	others := int64(max(1, streams-1))
	size := min(max(s.minPart, (rest+others-1)/others), s.maxPart)
	size = max(size, (rest+maxParts-2)/(maxParts-1))
	cuts := []int64{0}
	for at := s.minPart; at < length; at += size {
		cuts = append(cuts, at)
	}
	return append(cuts, length)
}

// putAll uploads all parts. When it returns, none is in flight.
func (u *upload) putAll(ctx context.Context, first *rangeReader, cuts []int64, streams int) error {
	group, ctx := errgroup.WithContext(ctx)
	first.ctx = ctx
	if first.response != nil {
		defer context.AfterFunc(ctx, first.response.Cancel)()
	}
	q := newPartQueue(len(cuts)-1, streams)
	for range q.workers {
		group.Go(func() error { return u.work(ctx, q, first, cuts) })
	}
	return group.Wait()
}

// work uploads parts from the queue until it is empty.
func (u *upload) work(ctx context.Context, q *partQueue, first *rangeReader, cuts []int64) error {
	for {
		n, ok := q.take()
		if !ok {
			return nil
		}
		reader := first
		if n > 0 {
			reader = u.file.reader(ctx, cuts[n], cuts[n+1])
			response, err := reader.open()
			if err != nil && q.giveBack(n) {
				return nil // the source may allow fewer concurrent requests
			}
			reader.response = response // nil after an error: the reader then retries
		}
		err := u.put(ctx, n+1, reader, cuts[n+1]-cuts[n])
		reader.close()
		if reader.err != nil {
			err = reader.err
		}
		if err != nil {
			return err
		}
	}
}

// partQueue has the parts that no worker has begun.
type partQueue struct {
	mu      sync.Mutex
	left    []int // in reverse order
	workers int   // workers still running
}

func newPartQueue(parts, workers int) *partQueue {
	q := &partQueue{workers: min(parts, workers)}
	for n := parts - 1; n >= 0; n-- {
		q.left = append(q.left, n)
	}
	return q
}

// take returns the next part. If there is none, the worker ends.
func (q *partQueue) take() (part int, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	last := len(q.left) - 1
	if last < 0 {
		q.workers--
		return 0, false
	}
	part = q.left[last]
	q.left = q.left[:last]
	return part, true
}

// giveBack returns a part that a worker can't begin to the queue, and the worker ends. For the
// last worker it returns false instead.
func (q *partQueue) giveBack(part int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.workers == 1 {
		return false
	}
	q.workers--
	q.left = append(q.left, part)
	return true
}
