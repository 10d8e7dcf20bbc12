package video_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/takeup/takeup/internal/video"
)

func TestProgressCountsWhatRepeatsItself(t *testing.T) {
	at := time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	var p video.Progress
	for i, kind := range []video.EventKind{video.EventRefused, video.EventRefused, video.EventRefused, video.EventUnanswered, video.EventUnanswered, video.EventSearched, video.EventRefused} {
		p.Add(video.Event{At: at.Add(time.Duration(i) * time.Second), Kind: kind, Said: fmt.Sprint(i)})
	}
	var got []string
	for _, e := range p.Events {
		got = append(got, fmt.Sprintf("%s %d %s %v", e.Kind, e.Times, e.Said, e.At.Sub(at)))
	}
	want := []string{"refused 3 2 2s", "unanswered 0 3 3s", "unanswered 0 4 4s", "searched 0 5 5s", "refused 0 6 6s"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// A Progress stays small however many events are added, and adding doesn't change its
// copies.
func TestProgressIsBounded(t *testing.T) {
	var p video.Progress
	for i := range 100 {
		before := p
		kept := len(before.Events)
		p.Add(video.Event{Kind: video.EventCopyFailed, Number: i, Said: strings.Repeat("日", 1000)})
		if len(before.Events) != kept || kept > 0 && before.Events[kept-1].Number != i-1 {
			t.Fatalf("an event was added to what was there before: %+v", before)
		}
	}
	if len(p.Events) > 50 || p.Events[len(p.Events)-1].Number != 99 || !p.Has(video.EventCopyFailed, 99) || p.Has(video.EventCopyFailed, 0) {
		t.Errorf("%d events are kept, up to %d", len(p.Events), p.Events[len(p.Events)-1].Number)
	}
	if said := p.Events[0].Said; len(said) > 250 || !utf8.ValidString(said) || !strings.HasSuffix(said, "日…") {
		t.Errorf("%d bytes of words are kept: %q", len(said), said)
	}
}

func TestHeld(t *testing.T) {
	claimed, busy := time.Unix(1, 0), time.Unix(2, 0)
	for _, test := range []struct {
		name  string
		entry video.Entry
		want  video.WaitKind
		since time.Time
	}{
		{name: "new"},
		{name: "claimed", entry: video.Entry{Phase: video.PhaseClaimed}},
		{name: "refused", entry: video.Entry{Phase: video.PhaseRefused, BusySince: busy}, want: video.WaitRoom, since: busy},
		{name: "no room below a cap", entry: video.Entry{FullSince: busy}, want: video.WaitCap, since: busy},
		{name: "no room below a cap, after a refusal", entry: video.Entry{Phase: video.PhaseRefused, BusySince: claimed, FullSince: busy}, want: video.WaitCap, since: busy},
		{name: "found after it", entry: video.Entry{Phase: video.PhaseAccepted, FullSince: busy}},
		{name: "claimed again", entry: video.Entry{Phase: video.PhaseClaimed, BusySince: busy}, want: video.WaitRoom, since: busy},
		{name: "unanswered", entry: video.Entry{Phase: video.PhaseUnanswered, BusySince: busy, ClaimedAt: claimed}, want: video.WaitAnswer, since: claimed},
		{name: "accepted", entry: video.Entry{Phase: video.PhaseAccepted, BusySince: busy}},
		{name: "ended", entry: video.Entry{Phase: video.PhaseUnanswered, Outcome: &video.Outcome{}}},
		{name: "about to be redriven", entry: video.Entry{Phase: video.PhaseRefused, Redrives: 1, Outcome: &video.Outcome{}}},
	} {
		if got, since := test.entry.Held(); got != test.want || !since.Equal(test.since) {
			t.Errorf("%s: waits for %q since %v", test.name, got, since)
		}
	}
}
