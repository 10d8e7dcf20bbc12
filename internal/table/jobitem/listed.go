package jobitem

import (
	"fmt"

	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// DecodeListed reads an index's projection of the item "job". It returns the entry without the
// request and other fields that the indexes don't have, what a list shows of the request, and the
// job's place.
func DecodeListed(item dynamo.Attributes) (video.Entry, video.Brief, string, error) {
	r := dynamo.Reader{Attributes: item}
	place, brief := r.Text(PlaceName), video.Brief{
		Model: r.Text("model"), Prompt: r.Text("prompt"), Duration: int(r.Number("duration")), AspectRatio: r.Text("aspect_ratio"),
	}
	id := r.Text("id")
	if r.Err != nil {
		return video.Entry{}, brief, place, r.Err
	}
	entry, err := DecodeJob(id, item)
	if err != nil {
		return entry, brief, place, fmt.Errorf("the item of job %.100q can't be read: %w", id, err)
	}
	// The indexes have no phase, so that not every claim is written to them. It follows from the
	// state and the wait.
	entry.Phase = ""
	switch since := r.Time(WaitSinceName); {
	case r.Text(StatusName) == string(video.StateGenerating):
		entry.Phase = video.PhaseAccepted
	case r.Text(WaitName) == string(report.WaitAnswer):
		entry.Phase, entry.ClaimedAt = video.PhaseUnanswered, since
	case r.Text(WaitName) == string(report.WaitCap):
		entry.FullSince = since
	case r.Text(WaitName) == string(report.WaitResume):
		entry.PausedSince = since
	case r.Text(WaitName) == string(report.WaitRoom):
		entry.Phase, entry.BusySince = video.PhaseRefused, since
	}
	return entry, brief, place, r.Err
}
