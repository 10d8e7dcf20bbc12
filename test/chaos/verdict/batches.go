package verdict

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/table/counter"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/wait"
	"github.com/takeup/takeup/test/chaos/world"
)

// checkBatches: a batch has ended or is cancelled, its counters are the sums of its jobs, it is
// listed, and its results say what became of each video. What was cancelled is not paid.
func checkBatches(ctx context.Context, w *world.World, r *Result, accepted map[string][]sim.Generation) error {
	if n := w.Limits.Cancelled; n > 0 {
		r.add(cancelledPaid, nil, "%d claims were made in batches that were cancelled", n)
	}
	listed, err := listedBatches(ctx, w)
	if err != nil {
		return err
	}
	for _, b := range w.Batches {
		found, err := w.RunOf(ctx, b)
		if err != nil {
			return err
		}
		gone := b.Cancelled && !b.Resumed
		if found.State != record.Ended && found.State != record.Cancelled || gone && found.State != record.Cancelled {
			r.add(unfinished, nil, "batch %s (%s) is %q: %s", b.ID, b.Name, found.State, w.Plan.Met(b.Name))
		}
		if !listed[b.ID] {
			r.add(unlisted, nil, "batch %s (%s) isn't listed", b.ID, b.Name)
		}
		entries := map[string]video.Entry{}
		for _, j := range b.Jobs {
			last, bought := j.Last(), accepted[j.Name]
			if last != nil && last.Unbegun && !gone {
				r.add(unfinished, j, "it was not begun, and its batch was not cancelled for good")
			}
			if last != nil && (last.Unbegun || last.Name() == world.Cancelled) && len(bought) > 0 {
				r.add(cancelledPaid, j, "it was cancelled, and was accepted: %s", ids(bought))
			}
			entry, err := w.Entry(ctx, j.ID)
			if err != nil {
				return err
			}
			if entry != nil {
				entries[j.ID] = *entry
			}
		}
		if err := checkCounts(ctx, w, r, b, entries); err != nil {
			return err
		}
		if found.ID == "" {
			continue // it was never created
		}
		if err := checkResults(ctx, w, r, b, entries); err != nil {
			return err
		}
	}
	return nil
}

// checkCounts compares the counters of a batch with its jobs.
func checkCounts(ctx context.Context, w *world.World, r *Result, b *world.Batch, entries map[string]video.Entry) error {
	got, err := w.Table.BatchTallies(ctx, []string{b.ID})
	if err != nil {
		return err
	}
	of := func(all []counter.Tally) map[string]int64 {
		sums := map[string]int64{}
		for _, tally := range all {
			maps.Copy(sums, tally.Sums)
		}
		return sums
	}
	if counts, sums := of(got), of(counter.RecountBatches(entries)); !maps.Equal(counts, sums) {
		r.add(leaked, nil, "batch %s (%s) counts %v, and its jobs %v", b.ID, b.Name, counts, sums)
	}
	return nil
}

// checkResults compares the results of a batch with its jobs: each video has one line, with its
// state.
func checkResults(ctx context.Context, w *world.World, r *Result, b *world.Batch, entries map[string]video.Entry) error {
	calls := client.New(client.Config{BaseURL: w.Stack.API, Token: w.Stack.Token, HTTP: http.DefaultClient, Sleep: wait.For})
	var file bytes.Buffer
	err := world.Persist(ctx, func() error {
		file.Reset()
		body, err := calls.BatchResults(ctx, b.ID, api.BatchJSONL)
		if err != nil {
			return err
		}
		defer body.Close()
		_, err = file.ReadFrom(body)
		return err
	})
	if err != nil {
		return fmt.Errorf("the results of batch %s: %w", b.Name, err)
	}
	var results []batchfile.Result
	for lines := bufio.NewScanner(&file); lines.Scan(); {
		var one batchfile.Result
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			r.add(wrongResults, nil, "batch %s (%s) has the result %s", b.ID, b.Name, lines.Text())
			return nil
		}
		results = append(results, one)
	}
	for _, wrong := range mistakes(b.Jobs, entries, results) {
		r.add(wrongResults, wrong.job, "%s", wrong.what)
	}
	return nil
}

// mistakes compares results with the jobs that they are about, in their order. A batch that was
// cancelled before it was planned has none.
func mistakes(jobs []*world.Job, entries map[string]video.Entry, results []batchfile.Result) []finding {
	if len(results) == 0 && len(entries) == 0 {
		return nil
	}
	var all []finding
	for i, j := range jobs {
		want := "new"
		if entry, ok := entries[j.ID]; ok {
			want = string(entry.State())
		}
		switch {
		case i >= len(results):
			all = append(all, finding{job: j, what: "it is not in the results of its batch"})
		case results[i].ID != j.ID:
			all = append(all, finding{job: j, what: "the results of its batch have " + results[i].ID + " in its place"})
		case results[i].Status != want || (results[i].S3 != "") != (want == string(video.StateCompleted)):
			all = append(all, finding{job: j, what: fmt.Sprintf("it is %s, and the results of its batch say %+v", want, results[i])})
		}
	}
	for _, extra := range results[min(len(jobs), len(results)):] {
		all = append(all, finding{what: "a result is of no video: " + extra.ID})
	}
	return all
}

// listedBatches returns the ids of the batches that the API lists, over all its pages.
func listedBatches(ctx context.Context, w *world.World) (map[string]bool, error) {
	ids := map[string]bool{}
	for query := "?limit=2"; ; {
		var page api.BatchList
		if err := w.Get(ctx, api.BatchesPath+query, &page); err != nil {
			return nil, fmt.Errorf("listing the batches: %w", err)
		}
		for _, b := range page.Batches {
			ids[b.ID] = true
		}
		if page.Next == nil {
			return ids, nil
		}
		query = "?limit=2&cursor=" + *page.Next
	}
}
