// Package verdict compares the outcomes of the jobs with Takeup's promises and reports what was
// broken.
package verdict

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/test/chaos/faults"
	"github.com/takeup/takeup/test/chaos/listen"
	"github.com/takeup/takeup/test/chaos/world"
)

// finding is a broken promise, or something that is only counted, and its job.
type finding struct {
	kind string
	job  *world.Job // nil if it is no job's
	what string
}

// The kinds of findings, by their names in the last line.
const (
	paidTwice       = "paid_twice"
	lost            = "lost"
	partial         = "partial"
	unfinished      = "unfinished"
	outcomesChanged = "outcomes_changed"
	Unresolved      = "unresolved"
	unlisted        = "unlisted"
	neverSent       = "never_sent"
	leaked          = "leaked"
	// Of batches.
	cancelledPaid = "cancelled_paid"
	wrongResults  = "wrong_results"
)

// broken are the kinds that must not occur in any run.
var broken = []string{paidTwice, lost, partial, unfinished, outcomesChanged, leaked, cancelledPaid, wrongResults, untold, toldWrong, unmetered}

// Check compares the outcomes of the jobs with the promises.
func Check(ctx context.Context, w *world.World, heard *listen.Listener) (*Result, error) {
	r := &Result{o: w.Options, plan: w.Plan, jobs: w.Jobs, odd: w.Odd, limits: w.Limits}
	accepted := map[string][]sim.Generation{} // by the job's name
	for _, g := range w.Provider.Server.Ledger().Generations {
		name := w.Names.Of(faults.IDOf(g.ClientRequestID))
		accepted[name] = append(accepted[name], g)
	}
	for _, g := range accepted[""] {
		r.add(lost, nil, "generation %s is of %q, which was never sent", g.ID, g.ClientRequestID)
	}
	asked := map[string]bool{}
	for _, c := range w.Provider.Server.Ledger().Creates {
		asked[c.ClientRequestID] = true
	}
	for _, j := range w.Jobs {
		checkOutcome(r, j)
		if err := checkPaid(ctx, w, r, j, accepted[j.Name], asked); err != nil {
			return nil, err
		}
	}
	if err := checkMoney(ctx, w, r); err != nil {
		return nil, err
	}
	if err := checkBatches(ctx, w, r, accepted); err != nil {
		return nil, err
	}
	if err := checkVideos(ctx, w, r, accepted); err != nil {
		return nil, err
	}
	if err := checkTold(ctx, w, r, heard); err != nil {
		return nil, err
	}
	if w.Replica != nil {
		w.Replica.Over.Store(true) // the last write is older than the lag of an index
	}
	if err := checkLists(ctx, w, r); err != nil {
		return nil, err
	}
	if err := checkMetered(ctx, w, r); err != nil {
		return nil, err
	}
	return r, explain(ctx, w, r)
}

// checkOutcome: a job has one outcome, which only a redrive changes.
func checkOutcome(r *Result, j *world.Job) {
	last := j.Round()
	if last.Seen == nil {
		r.add(unfinished, j, "it has not ended")
		return
	}
	if last.Again != nil && last.Again.Name() == world.Interrupted {
		r.add(unfinished, j, "it was redriven, and stays interrupted: %s", last.Again.Ledger)
	}
	if last.Again == nil {
		last.Again = &world.Outcome{}
	}
	for _, round := range j.Rounds {
		if round.Again != nil && *round.Seen != *round.Again {
			r.add(outcomesChanged, j, "it ended with %+v, then with %+v", *round.Seen, *round.Again)
		}
		if !round.Seen.Agrees() {
			r.add(outcomesChanged, j, "its execution and the table have different outcomes: %+v", *round.Seen)
		}
	}
}

// checkPaid: a job is paid for once, and what is paid for ends as a stored video or as an
// outcome that says so.
func checkPaid(ctx context.Context, w *world.World, r *Result, j *world.Job, bought []sim.Generation, asked map[string]bool) error {
	if len(bought) > 1 {
		r.add(paidTwice, j, "it was accepted %d times: %s", len(bought), ids(bought))
	}
	last := j.Last()
	if last == nil {
		last = &world.Outcome{}
	}
	for _, g := range bought {
		named := strings.Contains(last.Ledger, g.ID) || strings.Contains(last.Ledger, g.ClientRequestID)
		if g.Outcome == script.OutcomeCompleted && !named && !holds(ctx, w, j, g) {
			r.add(lost, j, "generation %s was paid, and is neither stored nor named: %s", g.ID, last.Ledger)
		}
	}
	if last.Name() != "SubmissionLost" {
		return nil
	}
	entry, err := w.Entry(ctx, j.ID)
	if err != nil {
		return err
	}
	switch {
	case len(bought) > 0:
		r.add(Unresolved, j, "generation %s (%s) was accepted, and it ends with SubmissionLost: %s", bought[0].ID, bought[0].Outcome, last.Ledger)
	case entry != nil && !asked[entry.Reference()]:
		r.add(neverSent, j, "the simulator never saw %s", entry.Reference())
	}
	return nil
}

// holds reports whether the bucket has the manifest of a generation. Whether the video is
// complete is left to checkVideos.
func holds(ctx context.Context, w *world.World, j *world.Job, g sim.Generation) bool {
	body, err := w.Manifest(ctx, j.ID)
	var manifest video.Manifest
	return err == nil && json.Unmarshal(body, &manifest) == nil && faults.Bare(manifest.GenerationID) == faults.Bare(g.ID)
}

func ids(generations []sim.Generation) string {
	var all []string
	for _, g := range generations {
		all = append(all, g.ClientRequestID+" as "+g.ID)
	}
	return strings.Join(all, ", ")
}

// checkVideos: a video is complete or absent, has a manifest, and leaves no open upload.
func checkVideos(ctx context.Context, w *world.World, r *Result, accepted map[string][]sim.Generation) error {
	byID := map[string]*world.Job{}
	for _, j := range w.Jobs {
		byID[j.ID] = j
	}
	bucket, prefix := w.Stack.Outputs["VideosBucket"], objectkey.Videos
	files, manifests := map[string]bool{}, map[string]bool{}
	pages := s3.NewListObjectsV2Paginator(w.S3, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, object := range page.Contents {
			key, ok := objectkey.Parse(*object.Key)
			j := byID[key.Job.ID]
			switch {
			case !ok:
				r.add(partial, nil, "%s is neither a video nor a manifest", *object.Key)
			case j == nil:
				r.add(partial, nil, "%s is no job's", *object.Key)
			case key.Kind == objectkey.KindVideo:
				files[j.ID] = true
				if err := checkFile(ctx, w, r, j, key, accepted[j.Name]); err != nil {
					return err
				}
			case key.Kind == objectkey.KindManifest:
				manifests[j.ID] = true
			}
		}
	}
	for _, j := range w.Jobs {
		switch stored := j.Last() != nil && j.Last().Name() == "stored"; {
		case files[j.ID] && !manifests[j.ID]:
			r.add(partial, j, "it has a video without a manifest")
		case manifests[j.ID] && !files[j.ID]:
			r.add(partial, j, "it has a manifest without a video")
		case stored && !files[j.ID]:
			r.add(lost, j, "it ended as stored, and there is no video")
		}
	}
	uploads := s3.NewListMultipartUploadsPaginator(w.S3, &s3.ListMultipartUploadsInput{Bucket: &bucket})
	for uploads.HasMorePages() {
		page, err := uploads.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, u := range page.Uploads {
			key, _ := objectkey.Parse(*u.Key)
			r.add(partial, byID[key.Job.ID], "an upload of %s was left open", *u.Key)
		}
	}
	return nil
}

// checkFile compares a stored video with its manifest and, byte for byte, with what the
// simulator serves.
func checkFile(ctx context.Context, w *world.World, r *Result, j *world.Job, key objectkey.Key, bought []sim.Generation) error {
	file, err := w.Object(ctx, objectkey.Video(key.Job))
	if err != nil {
		return err
	}
	same := func(g sim.Generation) bool {
		served, err := w.Provider.Server.Video(g.ID)
		if err != nil || served.Size() != int64(len(file)) {
			return false
		}
		want, err := io.ReadAll(served.Open())
		return err == nil && bytes.Equal(want, file)
	}
	if !slices.ContainsFunc(bought, same) {
		r.add(partial, j, "its video has %d bytes, and they are not those that the simulator served", len(file))
	}
	body, err := w.Object(ctx, objectkey.Manifest(key.Job))
	if body == nil || err != nil {
		return err
	}
	var manifest video.Manifest
	if json.Unmarshal(body, &manifest) != nil || manifest.CRC32 != video.CRC32(crc32.ChecksumIEEE(file)) || manifest.Bytes != int64(len(file)) {
		r.add(partial, j, "its manifest is not that of its video: %s", body)
	}
	return nil
}

// explain adds to each finding the faults that its job met and the history of its executions.
func explain(ctx context.Context, w *world.World, r *Result) error {
	r.ways = map[string][]string{}
	for _, f := range r.findings {
		if f.job == nil || r.ways[f.job.Name] != nil {
			continue
		}
		way := []string{fmt.Sprintf("trait: %q", w.Plan.Trait(f.job.Name))}
		for _, met := range w.Plan.Met(f.job.Name) {
			way = append(way, "met "+met)
		}
		names, err := w.Executions(ctx, f.job)
		if err != nil {
			return err
		}
		for _, name := range names {
			way = append(way, name+": "+strings.Join(w.History(ctx, name), ", "))
		}
		entry, err := w.Entry(ctx, f.job.ID)
		if err != nil {
			return err
		}
		if b := f.job.Batch; b != nil {
			way = append(way, fmt.Sprintf("batch %s (%s), cancelled: %v, resumed: %v", b.ID, b.Name, b.Cancelled, b.Resumed))
			for _, met := range w.Plan.Met(b.Name) {
				way = append(way, "its batch met "+met)
			}
		}
		if entry != nil {
			way = append(way, fmt.Sprintf("ledger: attempt %d is %s, claimed at %s, key version %s, generation %q",
				entry.Attempt, entry.Phase, entry.ClaimedAt.Format("15:04:05.0"), entry.KeyVersion, entry.GenerationID))
			if entry.Outcome != nil {
				way = append(way, "ledger: "+entry.Outcome.Name+": "+entry.Outcome.Message)
			}
		}
		r.ways[f.job.Name] = way
	}
	return nil
}
