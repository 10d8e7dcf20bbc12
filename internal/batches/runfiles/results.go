package runfiles

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/video"
)

// errStopped says that whoever reads the results wants no more of them.
var errStopped = errors.New("stopped")

// Results calls yield with what became of each video of a run, in the order of its file, until
// it returns false.
func Results(ctx context.Context, jobs Items, files Files, b record.Batch, yield func(batchfile.Result) bool) error {
	err := results(ctx, jobs, files, b, yield)
	if errors.Is(err, errStopped) {
		return nil
	}
	return err
}

// results is Results. It returns errStopped if yield returned false.
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
	scan.Buffer(nil, maxLine)
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

// WriteResults makes the files of a batch's results. It returns how many videos they have, and how
// many of them are stored.
func WriteResults(ctx context.Context, items Items, files Store, b record.Batch) (videos, stored int, err error) {
	csvFile := files.Create(ctx, objectkey.BatchResults(b.ID, string(batchfile.CSV)), "text/csv; charset=utf-8")
	defer csvFile.Abort()
	jsonFile := files.Create(ctx, objectkey.BatchResults(b.ID, string(batchfile.JSONL)), "application/x-ndjson")
	defer jsonFile.Abort()
	sheet, err := batchfile.NewResultsCSV(csvFile)
	if err != nil {
		return 0, 0, err
	}
	writers := []batchfile.ResultWriter{sheet, batchfile.NewResultsJSONL(jsonFile)}
	var failed error
	err = Results(ctx, items, files, b, func(r batchfile.Result) bool {
		videos++
		if r.S3 != "" {
			stored++
		}
		for _, w := range writers {
			failed = errors.Join(failed, w.Write(r))
		}
		return failed == nil
	})
	if failed != nil {
		err = failed
	}
	for _, w := range writers {
		if err == nil {
			err = w.Flush()
		}
	}
	for _, file := range []Writer{csvFile, jsonFile} {
		if err == nil {
			err = file.Close()
		}
	}
	return videos, stored, err
}
