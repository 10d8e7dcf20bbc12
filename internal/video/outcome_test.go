package video_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

var update = flag.Bool("update", false, "write the golden file")

// outcomes returns one of each, with all details. One that isn't listed here has a text in each
// field.
func outcomes() []error {
	listed := []error{
		&video.InvalidRequest{Fields: []video.FieldError{{Field: "duration", Message: "is 7"}, {Message: "whole"}}},
		&video.Unauthorized{Said: "no key"}, &video.OutOfCredits{Said: "top up"}, &video.ProviderBusy{Said: "429"}, &video.CapReached{Limit: "day", Held: 99_000_000, Of: 100_000_000, Price: 2_000_000},
		&video.SubmissionLost{Reference: "a.1", Unread: "500", Charges: []string{"g1"}, MoreCharges: 2},
		&video.GenerationFailed{GenerationID: "g", Said: "moderation"}, &video.GenerationOverdue{GenerationID: "g", Said: "queued"},
		&video.VideoUnavailable{GenerationID: "g", Err: errors.New("404")}, &video.VideoRejected{GenerationID: "g", Reason: "no video"},
		&video.VideoGone{}, &video.Cancelled{}, &video.Discarded{GenerationID: "g", Micros: 7},
		&video.Interrupted{Execution: "a", Said: "it was stopped", Paid: video.PaidPerhaps},
		&video.ServiceUnavailable{Doing: "reading", Err: errors.New("503")},
	}
	for _, kind := range video.Outcomes() {
		if slices.ContainsFunc(listed, func(err error) bool { return video.OutcomeName(err) == kind.Name }) {
			continue
		}
		err := video.Outcome{Name: kind.Name, Detail: json.RawMessage("{}")}.Err()
		for _, field := range reflect.ValueOf(err).Elem().Fields() {
			if field.Kind() == reflect.String {
				field.SetString("a text")
			}
		}
		listed = append(listed, err)
	}
	return listed
}

func TestOutcomeFindsTheNamedErrorInAChain(t *testing.T) {
	for _, named := range outcomes() {
		name := strings.TrimPrefix(fmt.Sprintf("%T", named), "*video.")
		for depth, err := range []error{named, fmt.Errorf("a: %w", named), fmt.Errorf("b: %w", fmt.Errorf("a: %w", named))} {
			if got := video.OutcomeOf(err); got != named {
				t.Errorf("%s at depth %d: got %T", name, depth, got)
			}
			if got := video.OutcomeName(err); got != name {
				t.Errorf("%s at depth %d: named %s", name, depth, got)
			}
		}
		if said := named.Error(); len(strings.Fields(said)) < 8 {
			t.Errorf("%s says only %q", name, said)
		}
	}
}

func TestOutcomeOfAnOutcomeIsTheOuterOne(t *testing.T) {
	outer := &video.VideoUnavailable{GenerationID: "g", Err: &video.VideoRejected{}}
	if got := video.OutcomeOf(fmt.Errorf("store: %w", outer)); got != outer {
		t.Errorf("got %T", got)
	}
}

func TestOutcomeFindsTheNamedErrorAmongJoinedOnes(t *testing.T) {
	named := &video.OutOfCredits{}
	if got := video.OutcomeOf(errors.Join(errors.New("closing a body"), fmt.Errorf("submit: %w", named))); got != named {
		t.Errorf("got %T", got)
	}
}

func TestOutcomeNamesWhatHasNoName(t *testing.T) {
	if video.OutcomeOf(nil) != nil {
		t.Error("nil has an outcome")
	}
	plain := errors.New("nobody expected this")
	got := video.OutcomeOf(plain)
	if _, ok := got.(*video.ServiceUnavailable); !ok || !errors.Is(got, plain) {
		t.Errorf("got %T, want a ServiceUnavailable around it", got)
	}
	if name := video.OutcomeName(&video.NoEntry{ID: "a"}); name != "ServiceUnavailable" {
		t.Errorf("named %s", name)
	}
}

func TestSubmissionLostSaysWhatIsKnown(t *testing.T) {
	for want, err := range map[string]*video.SubmissionLost{
		"most likely not charged": {},
		"(500), so it may have":   {Unread: "500"},
		"charges: g1, g2":         {Charges: []string{"g1", "g2"}},
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

func TestRecordedOutcomesComeBackAsTheyWere(t *testing.T) {
	at := time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	for _, err := range outcomes() {
		record := video.NewOutcome(fmt.Errorf("outside: %w", err), at)
		stored, jsonErr := json.Marshal(record)
		if jsonErr != nil {
			t.Fatal(jsonErr)
		}
		var read video.Outcome
		if jsonErr := json.Unmarshal(stored, &read); jsonErr != nil {
			t.Fatal(jsonErr)
		}
		if read.Name != video.OutcomeName(err) || read.Message != err.Error() || !read.At.Equal(at) {
			t.Errorf("%T is recorded as %s", err, stored)
		}
		switch err.(type) {
		case *video.VideoUnavailable, *video.ServiceUnavailable: // the machine retries these: they aren't recorded
			if video.OutcomeName(read.Err()) != "ServiceUnavailable" {
				t.Errorf("%T comes back as %v", err, read.Err())
			}
		default:
			if !reflect.DeepEqual(read.Err(), err) {
				t.Errorf("%T comes back as %#v", err, read.Err())
			}
		}
	}
}

func TestEndBooksTheMoney(t *testing.T) {
	for name, want := range map[string]budget.Money{
		"InvalidRequest": {State: budget.Failed}, "Unauthorized": {State: budget.Failed}, "OutOfCredits": {State: budget.Failed},
		"ProviderBusy": {State: budget.Failed}, "CapReached": {State: budget.Reserved, Slot: true}, "SubmissionLost": {State: budget.Uncertain},
		"GenerationFailed": {State: budget.Failed}, "GenerationOverdue": {State: budget.Uncertain}, "VideoUnavailable": {State: budget.Uncertain},
		"VideoRejected": {State: budget.Spent}, "VideoGone": {State: budget.Reserved, Slot: true}, "Cancelled": {State: budget.Released},
		"Discarded": {State: budget.Spent, Micros: 7}, "Interrupted": {State: budget.Uncertain},
		"ServiceUnavailable": {State: budget.Uncertain},
	} {
		at := time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
		entry := video.Entry{ID: "a", Attempt: 2}
		entry.Reserve(980_000, at)
		i := slices.IndexFunc(outcomes(), func(err error) bool { return video.OutcomeName(err) == name })
		if i < 0 {
			t.Errorf("there is no %s", name)
			continue
		}
		entry.End(outcomes()[i], at)
		want.Attempt, want.Day, want.Micros = 2, "2026-08-21", cmp.Or(want.Micros, 980_000)
		if !slices.Equal(entry.Money, []budget.Money{want}) {
			t.Errorf("%s: got %+v, want %+v", name, entry.Money, want)
		}
	}
}

// TestStoredOutcomes checks the names under which the details of outcomes are stored:
// renaming a field in Go must not lose what was stored before.
func TestStoredOutcomes(t *testing.T) {
	const path = "testdata/outcomes.json"
	stored := map[string]json.RawMessage{}
	for _, err := range outcomes() {
		record := video.NewOutcome(err, time.Time{})
		stored[record.Name] = record.Detail
	}
	got, err := json.MarshalIndent(stored, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("outcomes are stored as\n%s\nwant\n%s", got, want)
	}
	var before map[string]json.RawMessage
	if err := json.Unmarshal(want, &before); err != nil {
		t.Fatal(err)
	}
	for _, err := range outcomes() {
		name := video.OutcomeName(err)
		read := video.Outcome{Name: name, Message: err.Error(), Detail: before[name]}
		if recorded := !read.Kind().Retried; recorded && !reflect.DeepEqual(read.Err(), err) {
			t.Errorf("%s was stored as %s, and is read as %#v", name, before[name], read.Err())
		}
	}
}

func TestEachOutcomeHasItsRow(t *testing.T) {
	kinds := video.Outcomes()
	if len(kinds) != len(outcomes()) {
		t.Errorf("%d kinds of %d outcomes", len(kinds), len(outcomes()))
	}
	for _, err := range outcomes() {
		kind := video.NewOutcome(err, time.Time{}).Kind()
		if kind.Name != video.OutcomeName(err) || kind.Title == "" || kind.Meaning == "" || kind.Advice == "" {
			t.Errorf("%T has %+v", err, kind)
		}
		if said := strings.Contains(err.Error(), "nothing was paid"); said != (kind.Paid == video.PaidNo) && kind.Name != "GenerationFailed" {
			t.Errorf("%s is paid: %s, and says %q", kind.Name, kind.Paid, err)
		}
	}
	if kind := (video.Outcome{Name: "Lambda.Unknown"}).Kind(); kind.Paid != video.PaidPerhaps || kind.Advice == "" {
		t.Errorf("got %+v", kind)
	}
}

func TestValidID(t *testing.T) {
	for id, want := range map[string]bool{
		"a": true, "A-z_09": true, "-": true, strings.Repeat("x", 70): true,
		"": false, strings.Repeat("x", 71): false, "a b": false, "a.b": false, "a/b": false, "ä": false, "a\n": false, "a:b": false, "\x00": false,
	} {
		if got := video.ValidID(id); got != want {
			t.Errorf("ValidID(%q) is %v", id, got)
		}
		var invalid *video.InvalidRequest
		if err := video.CheckID(id); (err == nil) != want || err != nil && !errors.As(err, &invalid) {
			t.Errorf("CheckID(%q) gives %v", id, err)
		}
	}
}

func TestEntryGivesTheJobAtLeastASecond(t *testing.T) {
	r, err := catalogue.OfPrompt(all.Models(), "a boat")
	if err != nil {
		t.Fatal(err)
	}
	e := video.Entry{ID: "a", Attempt: 2, Request: r, GenerationID: "g", Provider: "p", Handle: "h"}
	if got := e.Reference(); got != "a.2" {
		t.Errorf("client request id %q", got)
	}
	want := video.Job{ID: "a", GenerationID: "g", Provider: "p", Handle: "h", Model: catalogue.Default(all.Models()), Duration: 5, Status: video.Waiting, WaitSeconds: 1}
	if got := e.Job(video.Waiting, 0); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := e.Job(video.Waiting, 9).WaitSeconds; got != 9 {
		t.Errorf("waits %d s, want 9", got)
	}
}

// Of an outcome that may be paid or not, only what may be paid needs a person. No outcome that the
// owner chose does, and only what needs a person halts other jobs.
func TestNeedsAttention(t *testing.T) {
	for _, kind := range append(video.Outcomes(), video.Outcome{Name: "States.Runtime"}.Kind()) {
		for paid, want := range map[video.Paid]bool{
			video.PaidNo: kind.Attention && kind.Paid == video.PaidNo, video.PaidYes: kind.Attention, video.PaidPerhaps: kind.Attention,
		} {
			if got := kind.NeedsAttention(paid); got != want {
				t.Errorf("%s, paid %s: %v", kind.Name, paid, got)
			}
		}
		if kind.Attention && kind.Chosen() || kind.Halts && !kind.Attention {
			t.Errorf("%s: %+v", kind.Name, kind)
		}
		if paid := kind.Paid != video.PaidNo; paid && !kind.Attention && !kind.Chosen() {
			t.Errorf("%s may be paid, and nobody is told", kind.Name)
		}
	}
}
