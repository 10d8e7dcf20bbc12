package video_test

import (
	"testing"
	"time"

	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

func TestHeld(t *testing.T) {
	claimed, busy := time.Unix(1, 0), time.Unix(2, 0)
	for _, test := range []struct {
		name  string
		entry video.Entry
		want  report.WaitKind
		since time.Time
	}{
		{name: "new"},
		{name: "claimed", entry: video.Entry{Phase: video.PhaseClaimed}},
		{name: "refused", entry: video.Entry{Phase: video.PhaseRefused, BusySince: busy}, want: report.WaitRoom, since: busy},
		{name: "no room below a cap", entry: video.Entry{FullSince: busy}, want: report.WaitCap, since: busy},
		{name: "no room below a cap, after a refusal", entry: video.Entry{Phase: video.PhaseRefused, BusySince: claimed, FullSince: busy}, want: report.WaitCap, since: busy},
		{name: "found after it", entry: video.Entry{Phase: video.PhaseAccepted, FullSince: busy}},
		{name: "claimed again", entry: video.Entry{Phase: video.PhaseClaimed, BusySince: busy}, want: report.WaitRoom, since: busy},
		{name: "unanswered", entry: video.Entry{Phase: video.PhaseUnanswered, BusySince: busy, ClaimedAt: claimed}, want: report.WaitAnswer, since: claimed},
		{name: "accepted", entry: video.Entry{Phase: video.PhaseAccepted, BusySince: busy}},
		{name: "ended", entry: video.Entry{Phase: video.PhaseUnanswered, Outcome: &video.Outcome{}}},
		{name: "about to be redriven", entry: video.Entry{Phase: video.PhaseRefused, Redrives: 1, Outcome: &video.Outcome{}}},
	} {
		if got, since := test.entry.Held(); got != test.want || !since.Equal(test.since) {
			t.Errorf("%s: waits for %q since %v", test.name, got, since)
		}
	}
}
