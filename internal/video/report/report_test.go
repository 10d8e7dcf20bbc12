package report_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/takeup/takeup/internal/video/report"
)

func TestProgressCountsWhatRepeatsItself(t *testing.T) {
	at := time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	var p report.Progress
	for i, kind := range []report.EventKind{report.EventRefused, report.EventRefused, report.EventRefused, report.EventUnanswered, report.EventUnanswered, report.EventSearched, report.EventRefused} {
		p.Add(report.Event{At: at.Add(time.Duration(i) * time.Second), Kind: kind, Said: fmt.Sprint(i)})
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
	var p report.Progress
	for i := range 100 {
		before := p
		kept := len(before.Events)
		p.Add(report.Event{Kind: report.EventCopyFailed, Number: i, Said: strings.Repeat("日", 1000)})
		if len(before.Events) != kept || kept > 0 && before.Events[kept-1].Number != i-1 {
			t.Fatalf("an event was added to what was there before: %+v", before)
		}
	}
	if len(p.Events) > 50 || p.Events[len(p.Events)-1].Number != 99 || !p.Has(report.EventCopyFailed, 99) || p.Has(report.EventCopyFailed, 0) {
		t.Errorf("%d events are kept, up to %d", len(p.Events), p.Events[len(p.Events)-1].Number)
	}
	if said := p.Events[0].Said; len(said) > 250 || !utf8.ValidString(said) || !strings.HasSuffix(said, "日…") {
		t.Errorf("%d bytes of words are kept: %q", len(said), said)
	}
}
