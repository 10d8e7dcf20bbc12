package batches

import (
	"context"
	"errors"
	"log/slog"

	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/bucket/objectkey"
)

// Report is what the step report returns: the videos of the run, and how many of them are
// stored.
type Report struct {
	Videos int `json:"videos"`
	Stored int `json:"stored"`
}

// LogValue implements slog.LogValuer.
func (r Report) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("videos", r.Videos), slog.Int("stored", r.Stored))
}

// report writes the results of a run, and marks the batch as ended. A cancelled batch stays
// cancelled, and has results too.
func (e *Engine) report(ctx context.Context, in Input) (Report, error) {
	b, _, err := e.current(ctx, in)
	if errors.Is(err, errSuperseded) && b.Run == in.Run {
		err = nil
	}
	if errors.Is(err, errSuperseded) {
		return Report{}, nil
	}
	if err != nil {
		return Report{}, err
	}
	var report Report
	csvFile := e.Files.Create(ctx, objectkey.BatchResults(b.ID, string(batchfile.CSV)), "text/csv; charset=utf-8")
	defer csvFile.Abort()
	jsonFile := e.Files.Create(ctx, objectkey.BatchResults(b.ID, string(batchfile.JSONL)), "application/x-ndjson")
	defer jsonFile.Abort()
	sheet, err := batchfile.NewResultsCSV(csvFile)
	if err != nil {
		return Report{}, err
	}
	writers := []batchfile.ResultWriter{sheet, batchfile.NewResultsJSONL(jsonFile)}
	var failed error
	err = results(ctx, e.Items, e.Files, b, func(r batchfile.Result) bool {
		report.Videos++
		if r.S3 != "" {
			report.Stored++
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
	if err != nil {
		return Report{}, err
	}
	err = e.change(ctx, in, func(b *record.Batch) { b.State, b.EndedAt = record.Ended, e.Now() })
	if errors.Is(err, errSuperseded) {
		err = nil
	}
	return report, err
}
