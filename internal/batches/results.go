package batches

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/video"
)

// Items reads many jobs at once.
type Items interface {
	// Entries returns the entries of the jobs that exist, by id, without their requests. The
	// reads are consistent. It takes at most batch.LookupSize ids.
	Entries(ctx context.Context, ids []string) (map[string]video.Entry, error)
}

// Files has the files that a run of a batch leaves in the videos bucket.
type Files interface {
	// Open returns one of a batch's files as a stream.
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	// Address returns the s3:// address of a job's video.
	Address(job video.Locator) string
}

// Item is a video of a plan, as the Map of the state machine reads it. It has an id and no
// text. Its request is the line of the file of requests that begins at At and has Size bytes.
type Item struct {
	ID   string `json:"id"`
	Line int    `json:"line"` // of the file
	Copy int    `json:"copy"` // from 1, of the line's
	At   int64  `json:"at"`
	Size int    `json:"size"`
}

// planned is a line of the file of requests.
type planned struct {
	Label   string        `json:"label,omitempty"`
	Request video.Request `json:"request"`
}

// maxPlanned is the longest line of the file of requests, in bytes. JSON may escape each
// character of a request.
const maxPlanned = 8 * video.MaxRequestBytes

// Results yields what became of each video of a batch's plan, in the order of its file, by
// consistent reads. A batch that is not planned has none. An error is the last: a
// *record.NoBatch or a *video.ServiceUnavailable.
func (s *Service) Results(ctx context.Context, id string) iter.Seq2[batchfile.Result, error] {
	return func(yield func(batchfile.Result, error) bool) {
		if !video.ValidID(id) {
			yield(batchfile.Result{}, &record.NoBatch{ID: id})
			return
		}
		b, _, err := s.table.Batch(ctx, id)
		if err == nil && b.PlannedAt.IsZero() {
			return
		}
		if err == nil {
			err = results(ctx, s.items, s.files, b, func(r batchfile.Result) bool { return yield(r, nil) })
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(batchfile.Result{}, err)
		}
	}
}

// errStopped says that whoever reads the results wants no more of them.
var errStopped = errors.New("stopped")

// results calls yield with each result of a run, until it returns false.
func results(ctx context.Context, jobs Items, files Files, b record.Batch, yield func(batchfile.Result) bool) error {
	lines, err := files.Open(ctx, linesKey(b))
	if err != nil {
		return err
	}
	defer lines.Close()
	requests, err := files.Open(ctx, requestsKey(b))
	if err != nil {
		return err
	}
	defer requests.Close()
	labels := &labels{lines: reading(requests), at: -1}
	var items []Item
	flush := func() error {
		entries, err := lookUp(ctx, jobs, items)
		if err != nil {
			return err
		}
		for _, item := range items {
			label, err := labels.of(item)
			if err != nil {
				return err
			}
			entry, there := entries[item.ID]
			if !yield(result(item, label, entry, there, files)) {
				return errStopped
			}
		}
		items = items[:0]
		return nil
	}
	for scan := reading(lines); ; {
		if !scan.Scan() {
			if scan.Err() != nil {
				return &video.ServiceUnavailable{Doing: "reading the lines of a batch", Err: scan.Err()}
			}
			return flush()
		}
		var item Item
		if err := json.Unmarshal(scan.Bytes(), &item); err != nil {
			return &video.ServiceUnavailable{Doing: "reading the lines of a batch", Err: err}
		}
		if items = append(items, item); len(items) == batch.LookupSize*lookUps {
			if err := flush(); err != nil {
				return err
			}
		}
	}
}

// lookUps is how many reads of many jobs are made at once.
const lookUps = 8

// lookUp reads the entries of the jobs of items.
func lookUp(ctx context.Context, jobs Items, items []Item) (map[string]video.Entry, error) {
	var mu sync.Mutex
	all := map[string]video.Entry{}
	group, working := errgroup.WithContext(ctx)
	for some := range slices.Chunk(items, batch.LookupSize) {
		ids := make([]string, len(some))
		for i, item := range some {
			ids[i] = item.ID
		}
		group.Go(func() error {
			entries, err := jobs.Entries(working, ids)
			mu.Lock()
			defer mu.Unlock()
			maps.Copy(all, entries)
			return err
		})
	}
	return all, group.Wait()
}

// reading returns a scanner of a file's lines.
func reading(file io.Reader) *bufio.Scanner {
	scan := bufio.NewScanner(file)
	scan.Buffer(nil, maxPlanned)
	return scan
}

// labels reads the labels of a plan's lines in their order.
type labels struct {
	lines *bufio.Scanner
	at    int64 // of the line that was read last
	label string
}

func (l *labels) of(item Item) (string, error) {
	if item.At == l.at {
		return l.label, nil
	}
	var p struct {
		Label string `json:"label"`
	}
	if !l.lines.Scan() {
		return "", &video.ServiceUnavailable{Doing: "reading the requests of a batch", Err: cmp.Or(l.lines.Err(), io.ErrUnexpectedEOF)}
	}
	if err := json.Unmarshal(l.lines.Bytes(), &p); err != nil {
		return "", &video.ServiceUnavailable{Doing: "reading the requests of a batch", Err: err}
	}
	l.at, l.label = item.At, p.Label
	return l.label, nil
}

// result says what became of a video.
func result(item Item, label string, entry video.Entry, there bool, files Files) batchfile.Result {
	r := batchfile.Result{Line: item.Line, Label: label, ID: item.ID, Status: "new"}
	if !there {
		return r
	}
	r.Status = string(entry.State())
	if m := entry.Manifest; m != nil && entry.State() == video.StateCompleted {
		r.S3, r.Bytes = files.Address(entry.Locator()), &m.Bytes
		if m.Seconds > 0 {
			r.Seconds = &m.Seconds
		}
		if m.ChargedMicros > 0 {
			usd := price.Micros(m.ChargedMicros).USD()
			r.USD = &usd
		}
	}
	if entry.Over() {
		r.Reason, r.ToDo = entry.Outcome.Message, entry.Outcome.Kind().Advice
	}
	return r
}
