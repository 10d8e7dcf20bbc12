// Package status puts into words what a batch is doing, how far it is, and how fast.
package status

import (
	"fmt"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/cli/money"
	"github.com/takeup/takeup/internal/cli/term"
)

// Text formats the status of a batch, and what it waits for.
func Text(got api.Batch, now time.Time) string {
	text := got.Status
	switch {
	case got.Paused != nil:
		text += ", " + Paused(got.Paused)
	case got.UploadUntil != nil:
		text += ", until " + got.UploadUntil.UTC().Format(time.RFC3339)
	case record.State(got.Status) == record.Planned:
		text += ", and waits to be started"
	case got.EstimatedAt != nil && got.EstimatedAt.After(now):
		text += ", about " + term.Span(got.EstimatedAt.Sub(now)) + " left"
	}
	return text
}

// Counts formats how many videos of a batch are in which state.
func Counts(c api.BatchCounts) string {
	var said []string
	for _, part := range []struct {
		n    int64
		text string
	}{
		{c.Stored, "stored"}, {c.Running, "being made"}, {c.Waiting, "waiting"}, {c.New, "not begun"}, {c.Failed, "failed"}, {c.Cancelled, "cancelled"},
	} {
		if part.n > 0 {
			said = append(said, fmt.Sprintf("%d %s", part.n, part.text))
		}
	}
	if len(said) == 0 {
		return fmt.Sprint(c.Videos)
	}
	return fmt.Sprintf("%d: %s", c.Videos, strings.Join(said, ", "))
}

// Ended returns how many videos of a batch have ended.
func Ended(got api.Batch) int64 { return got.Counts.Stored + got.Counts.Failed + got.Counts.Cancelled }

// Over reports whether nothing more happens in a batch by itself.
func Over(got api.Batch) bool {
	switch record.State(got.Status) {
	case record.Planned, record.Ended, record.Unusable:
		return true
	case record.Cancelled: // what was submitted before is still stored
		return got.Counts.Waiting+got.Counts.Running == 0
	}
	return false
}

// Progress returns the share of a batch's videos that have ended, a step that changes with each
// hundredth of them, and the progress in words.
func Progress(got api.Batch, perSecond float64, now time.Time) (share float64, step, text string) {
	if got.Plan == nil {
		return 0, got.Status, got.Status
	}
	if got.Counts.Videos > 0 {
		share = float64(Ended(got)) / float64(got.Counts.Videos)
	}
	said := []string{fmt.Sprintf("%d of %d", Ended(got), got.Counts.Videos)}
	if record.State(got.Status) != record.Running {
		said = []string{got.Status, said[0]}
	}
	if n := got.Counts.Failed + got.Counts.Cancelled; n > 0 {
		said = append(said, fmt.Sprintf("%d without a video", n))
	}
	if perSecond > 0 {
		said = append(said, rateText(perSecond))
	}
	said = append(said, money.Cents(got.Money.Spent)+" USD")
	paused := Paused(got.Paused)
	switch at := got.EstimatedAt; {
	case paused != "":
		said = append(said, paused)
	case at != nil && at.After(now):
		said = append(said, "about "+term.Span(at.Sub(now))+" left")
	}
	return share, fmt.Sprint(got.Status, int(100*share), paused), strings.Join(said, ", ")
}

// Paused says which limit a batch waits for.
func Paused(p *api.BatchPaused) string {
	if p == nil {
		return ""
	}
	text := "paused by the " + p.Limit + "'s cap"
	if p.Until != nil {
		text += " until " + p.Until.UTC().Format(time.RFC3339)
	}
	return text
}
