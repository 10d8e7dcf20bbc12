package chaos

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
	"github.com/takeup/takeup/internal/video"
)

// finding is a promise that was broken, or a count that is told, and by which
// job.
type finding struct {
	kind string
	job  *job // nil where it is no job's
	what string
}

// The findings' kinds, by their names in the last line.
const (
	paidTwice       = "paid_twice"
	lost            = "lost"
	partial         = "partial"
	unfinished      = "unfinished"
	outcomesChanged = "outcomes_changed"
	unresolved      = "unresolved"
	unlisted        = "unlisted"
	neverSent       = "never_sent"
	leaked          = "leaked"
)

// broken are the kinds that no run may have.
var broken = []string{paidTwice, lost, partial, unfinished, outcomesChanged, leaked}

// check holds what came of the jobs against the promises.
func (w *world) check(ctx context.Context) (*Result, error) {
	r := &Result{o: w.o, plan: w.plan, jobs: w.jobs, odd: w.odd}
	accepted := map[string][]sim.Generation{} // by the job's name
	for _, g := range w.provider.server.Ledger().Generations {
		name := w.names.of(idOf(g.ClientRequestID))
		accepted[name] = append(accepted[name], g)
	}
	for _, g := range accepted[""] {
		r.add(lost, nil, "generation %s is of %q, which was never sent", g.ID, g.ClientRequestID)
	}
	asked := map[string]bool{}
	for _, c := range w.provider.server.Ledger().Creates {
		asked[c.ClientRequestID] = true
	}
	for _, j := range w.jobs {
		w.checkOutcome(r, j)
		if err := w.checkPaid(ctx, r, j, accepted[j.name], asked); err != nil {
			return nil, err
		}
	}
	if err := w.checkMoney(ctx, r); err != nil {
		return nil, err
	}
	if err := w.checkVideos(ctx, r, accepted); err != nil {
		return nil, err
	}
	if w.replica != nil {
		w.replica.over.Store(true) // nothing was written for longer than an index takes
	}
	if err := w.checkLists(ctx, r); err != nil {
		return nil, err
	}
	return r, w.explain(ctx, r)
}

// checkOutcome: one outcome, that only a redrive changes.
func (w *world) checkOutcome(r *Result, j *job) {
	last := j.round()
	if last.seen == nil {
		r.add(unfinished, j, "it has not ended")
		return
	}
	if last.again != nil && last.again.name() == interrupted {
		r.add(unfinished, j, "it was redriven, and stays interrupted: %s", last.again.ledger)
	}
	if last.again == nil {
		last.again = &outcome{}
	}
	for _, round := range j.rounds {
		if round.again != nil && *round.seen != *round.again {
			r.add(outcomesChanged, j, "it ended with %+v, and then with %+v", *round.seen, *round.again)
		}
		if !round.seen.agrees() {
			r.add(outcomesChanged, j, "its execution and the table tell of different outcomes: %+v", *round.seen)
		}
	}
}

// checkPaid: paid once, and what is paid ends as a stored video or as an outcome
// that names it.
func (w *world) checkPaid(ctx context.Context, r *Result, j *job, bought []sim.Generation, asked map[string]bool) error {
	if len(bought) > 1 {
		r.add(paidTwice, j, "it was accepted %d times: %s", len(bought), ids(bought))
	}
	last := j.last()
	if last == nil {
		last = &outcome{}
	}
	for _, g := range bought {
		named := strings.Contains(last.ledger, g.ID) || strings.Contains(last.ledger, g.ClientRequestID)
		if g.Outcome == sim.OutcomeCompleted && !named && !w.holds(ctx, j, g) {
			r.add(lost, j, "generation %s was paid, and is neither stored nor named: %s", g.ID, last.ledger)
		}
	}
	if last.name() != "SubmissionLost" {
		return nil
	}
	entry, err := w.entry(ctx, j.id)
	if err != nil {
		return err
	}
	switch {
	case len(bought) > 0:
		r.add(unresolved, j, "generation %s (%s) was accepted, and it ends with SubmissionLost: %s", bought[0].ID, bought[0].Outcome, last.ledger)
	case entry != nil && !asked[entry.Reference()]:
		r.add(neverSent, j, "the stand-in never saw %s", entry.Reference())
	}
	return nil
}

// holds reports whether the bucket has the manifest of a generation. Whether the
// video is whole is for checkVideos.
func (w *world) holds(ctx context.Context, j *job, g sim.Generation) bool {
	body, err := w.object(ctx, objectkey.Manifest(j.id))
	var manifest video.Manifest
	return err == nil && json.Unmarshal(body, &manifest) == nil && bare(manifest.GenerationID) == bare(g.ID)
}

func ids(generations []sim.Generation) string {
	var all []string
	for _, g := range generations {
		all = append(all, g.ClientRequestID+" as "+g.ID)
	}
	return strings.Join(all, ", ")
}

// checkVideos: whole or absent, with a manifest, and no upload left open.
func (w *world) checkVideos(ctx context.Context, r *Result, accepted map[string][]sim.Generation) error {
	byID := map[string]*job{}
	for _, j := range w.jobs {
		byID[j.id] = j
	}
	bucket, prefix := w.stack.Outputs["VideosBucket"], "videos/"
	files, manifests := map[string]bool{}, map[string]bool{}
	pages := s3.NewListObjectsV2Paginator(w.s3, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, object := range page.Contents {
			id, name, _ := strings.Cut(strings.TrimPrefix(*object.Key, prefix), "/")
			j := byID[id]
			switch {
			case j == nil:
				r.add(partial, nil, "%s is no job's", *object.Key)
			case name == "video.mp4":
				files[id] = true
				if err := w.checkFile(ctx, r, j, accepted[j.name]); err != nil {
					return err
				}
			case name == "video.json":
				manifests[id] = true
			default:
				r.add(partial, j, "%s is neither a video nor a manifest", *object.Key)
			}
		}
	}
	for _, j := range w.jobs {
		switch stored := j.last() != nil && j.last().name() == "stored"; {
		case files[j.id] && !manifests[j.id]:
			r.add(partial, j, "it has a video without a manifest")
		case manifests[j.id] && !files[j.id]:
			r.add(partial, j, "it has a manifest without a video")
		case stored && !files[j.id]:
			r.add(lost, j, "it ended as stored, and there is no video")
		}
	}
	uploads := s3.NewListMultipartUploadsPaginator(w.s3, &s3.ListMultipartUploadsInput{Bucket: &bucket})
	for uploads.HasMorePages() {
		page, err := uploads.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, u := range page.Uploads {
			id, _, _ := strings.Cut(strings.TrimPrefix(*u.Key, prefix), "/")
			r.add(partial, byID[id], "an upload of %s was left open", *u.Key)
		}
	}
	return nil
}

// checkFile compares a stored video byte for byte with what the stand-in serves,
// and with its manifest.
func (w *world) checkFile(ctx context.Context, r *Result, j *job, bought []sim.Generation) error {
	file, err := w.object(ctx, objectkey.Video(j.id))
	if err != nil {
		return err
	}
	same := func(g sim.Generation) bool {
		served, err := w.provider.server.Video(g.ID)
		if err != nil || served.Size() != int64(len(file)) {
			return false
		}
		want, err := io.ReadAll(served.Open())
		return err == nil && bytes.Equal(want, file)
	}
	if !slices.ContainsFunc(bought, same) {
		r.add(partial, j, "its video has %d bytes, and they are not those that the stand-in served", len(file))
	}
	body, err := w.object(ctx, objectkey.Manifest(j.id))
	if body == nil || err != nil {
		return err
	}
	var manifest video.Manifest
	if json.Unmarshal(body, &manifest) != nil || manifest.CRC32 != video.CRC32(crc32.ChecksumIEEE(file)) || manifest.Bytes != int64(len(file)) {
		r.add(partial, j, "its manifest is not that of its video: %s", body)
	}
	return nil
}

// explain adds to each finding what its job met and the way that it went.
func (w *world) explain(ctx context.Context, r *Result) error {
	r.ways = map[string][]string{}
	for _, f := range r.findings {
		if f.job == nil || r.ways[f.job.name] != nil {
			continue
		}
		way := []string{fmt.Sprintf("trait: %q", w.plan.trait(f.job.name))}
		for _, met := range w.plan.met(f.job.name) {
			way = append(way, "met "+met)
		}
		names, err := w.executions(ctx, f.job)
		if err != nil {
			return err
		}
		for _, name := range names {
			way = append(way, name+": "+strings.Join(w.history(ctx, name), ", "))
		}
		entry, err := w.entry(ctx, f.job.id)
		if err != nil {
			return err
		}
		if entry != nil {
			way = append(way, fmt.Sprintf("ledger: attempt %d is %s, claimed at %s, key version %s, generation %q",
				entry.Attempt, entry.Phase, entry.ClaimedAt.Format("15:04:05.0"), entry.KeyVersion, entry.GenerationID))
			if entry.Outcome != nil {
				way = append(way, "ledger: "+entry.Outcome.Name+": "+entry.Outcome.Message)
			}
		}
		r.ways[f.job.name] = way
	}
	return nil
}
