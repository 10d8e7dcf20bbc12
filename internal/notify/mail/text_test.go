package mail

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/notify"
	"github.com/takeup/takeup/internal/table/digest"
	"github.com/takeup/takeup/internal/video"
)

var update = flag.Bool("update", false, "write the golden files")

// ofJob returns the event of a job that ended.
func ofJob(id, outcome string, change ...func(*notify.Video)) notify.Event {
	about := &notify.Video{ID: id + ".1", VideoID: id}
	e := notify.Event{ID: id + ".1", Type: notify.VideoCompleted, About: about}
	if outcome != "" {
		e.Type = notify.VideoEnded
		about.Outcome = &notify.Outcome{Name: outcome, Paid: video.Outcome{Name: outcome}.Kind().Paid}
	}
	for _, c := range change {
		c(about)
	}
	return e
}

func ofBatch(id string, stored, failed, cancelled int64) notify.Event {
	return notify.Event{ID: id + ".1", Type: notify.BatchFinished, About: &notify.Batch{
		ID: id + ".1", BatchID: id, Name: strings.TrimPrefix(id, "batches-"), Videos: notify.Videos{Stored: stored, Failed: failed, Cancelled: cancelled},
	}}
}

func ofBatchLine(v *notify.Video) { v.Batch = new("batches-spring") }

func paid(is video.Paid) func(*notify.Video) { return func(v *notify.Video) { v.Outcome.Paid = is } }

func ofCap(limit string, owner *string) notify.Event {
	return notify.Event{ID: "cap." + limit, Type: notify.CapReached, About: &notify.Cap{
		Limit: limit, Owner: owner, Cap: notify.Cost{USD: 100}, Held: notify.Cost{USD: 99.5}, ResetsAt: time.Date(2026, 8, 22, 0, 0, 0, 0, time.UTC),
		ToDo: "New videos wait until the cap resets. To raise it: takeup caps set --max-usd-per-day USD",
	}}
}

func ofAttention(about string, videos ...string) notify.Event {
	return notify.Event{ID: about + ".2026-08-21.1", Type: notify.NeedsAttention, About: &notify.Attention{
		About: about, Message: "There is something.", ToDo: "takeup reconcile", Count: len(videos), Videos: videos,
	}}
}

// The mails, with all that goes into them. -update writes the golden files.
func TestTexts(t *testing.T) {
	many := make([]notify.Event, 0, 60)
	for n := range 60 {
		many = append(many, ofJob(fmt.Sprintf("boat-%02d", n), "OutOfCredits"))
	}
	named := func(v *notify.Video) {
		v.Label, v.Owner = new("the\nboat  of "+strings.Repeat("Å", 70)), new("alice")
	}
	for name, events := range map[string][]notify.Event{
		"one":         {ofJob("boat", "OutOfCredits", named)},
		"some":        {ofJob("boat", "Unauthorized"), ofJob("ship", "Unauthorized", ofBatchLine)},
		"many":        many,
		"perhaps":     {ofJob("boat", "SubmissionLost"), ofJob("ship", "SubmissionLost")},
		"interrupted": {ofJob("boat", "Interrupted", paid(video.PaidYes)), ofJob("ship", "Interrupted")},
		"paid":        {ofJob("boat", "VideoUnavailable", named)},
		"final":       {ofJob("boat", "GenerationFailed")},
		"unknown":     {ofJob("boat", "States.DataLimitExceeded")},
		"stored":      {ofJob("boat", "", named), ofJob("ship", "")},
		"batch":       {ofBatch("batches-spring", 40, 0, 0)},
		"batches":     {ofBatch("batches-spring", 38, 2, 0), ofBatch("batches-summer", 0, 1, 3)},
		"cap":         {ofCap(budget.LimitDay, nil), ofCap(budget.LimitOwner, new("alice"))},
		"attention":   {ofAttention("charges", "boat", "ship")},
		"balance":     {ofAttention("balance ≤ 5")},
	} {
		t.Run(name, func(t *testing.T) {
			d, m := digest.Digest{}, Mail{On: All}
			for _, e := range events {
				kind, note := m.note(e)
				if kind == "" || d.Kind != "" && kind != d.Kind {
					t.Fatalf("%s is in a mail of the kind %q, and another in %q", e.ID, kind, d.Kind)
				}
				d.Kind = kind
				d.Add(note)
			}
			line := subject("takeup", d)
			if len(line) > 99 || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("SNS doesn't take the subject %q", line)
			}
			got, file := line+"\n\n"+text("takeup", d), filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// docs/notifications.md shows a mail, and names the outcomes that are mailed by default; docs/chat.yaml
// posts the same.
func TestDocuments(t *testing.T) {
	read := func(path string) string {
		t.Helper()
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	document, chat := read("../../../docs/notifications.md"), read("../../../docs/chat.yaml")
	if !strings.Contains(document, "```text\n"+read("testdata/perhaps.txt")+"```\n") {
		t.Error("the document doesn't show testdata/perhaps.txt")
	}
	_, rest, _ := strings.Cut(document, "The outcomes that need a person are ")
	named, others, _ := strings.Cut(rest, "errors of Step Functions' own.")
	others, _, _ = strings.Cut(others, "\n")
	var without []string
	for _, row := range video.Outcomes() {
		if row.Attention != strings.Contains(named, "`"+row.Name+"`") || row.Attention == strings.Contains(others, "`"+row.Name+"`") {
			t.Errorf("the document says otherwise of %s", row.Name)
		}
		if !row.Attention {
			without = append(without, row.Name)
		}
	}
	if !strings.Contains(chat, "anything-but: ["+strings.Join(without, ", ")+"]") {
		t.Errorf("docs/chat.yaml leaves out others than %q", without)
	}
}

// The longest subject, of a stack with the longest name.
func TestLongSubject(t *testing.T) {
	d := digest.Digest{Kind: failed, More: 1}
	for n := range digest.Most {
		d.Add(digest.Note{ID: fmt.Sprint(n)})
	}
	stack := strings.Repeat("takeup-", 18)
	if got := subject(stack, d); got != "Takeup takeup-takeup-takeup-takeup-ta: more than 50 batches finished with failures" {
		t.Errorf("it is %q", got)
	}
	if d.Kind = attention + ": " + strings.Repeat("matter ", 20); len(subject(stack, d)) != 99 {
		t.Errorf("it is %q", subject(stack, d))
	}
}

// What is mailed, by NotifyOn, and in a mail of which kind.
func TestNoted(t *testing.T) {
	for _, test := range []struct {
		name           string
		event          notify.Event
		attention, all string // the kinds; empty: not mailed
	}{
		{"a stored video", ofJob("a", ""), "", completed},
		{"a stored video of a batch", ofJob("a", "", ofBatchLine), "", ""},
		{"a failed video of a batch", ofJob("a", "SubmissionLost", ofBatchLine), "", ""},
		{"a video of a batch that halts", ofJob("a", "OutOfCredits", ofBatchLine), "OutOfCredits", "OutOfCredits"},
		{"a batch", ofBatch("batches-a", 40, 0, 0), "", finished},
		{"a batch with failures", ofBatch("batches-a", 38, 2, 0), failed, failed},
		{"an unpaid interruption", ofJob("a", "Interrupted", paid(video.PaidNo)), "", "Interrupted"},
		{"a paid interruption", ofJob("a", "Interrupted", paid(video.PaidYes)), "Interrupted", "Interrupted"},
		{"a cap", ofCap(budget.LimitDay, nil), capped, capped},
		{"a matter", ofAttention("charges"), "Needs Attention: charges", "Needs Attention: charges"},
		{"something else", notify.Event{ID: "a", Type: "Other", About: 7}, "", ""},
	} {
		for on, want := range map[On]string{Attention: test.attention, All: test.all, None: ""} {
			m := Mail{On: on}
			if kind, note := m.note(test.event); kind != want || kind != "" && note.ID != test.event.ID {
				t.Errorf("%s, on %s: %q, %+v", test.name, on, kind, note)
			}
		}
	}
}

// Each outcome, and whether it is mailed by default.
func TestOutcomes(t *testing.T) {
	mailed := map[string]bool{
		"Unauthorized": true, "OutOfCredits": true, "ProviderBusy": true, "CapReached": true, "SubmissionLost": true, "GenerationOverdue": true,
		"VideoUnavailable": true, "VideoRejected": true, "VideoGone": true, "Interrupted": true, "ServiceUnavailable": true, "States.Runtime": true,
		"InvalidRequest": false, "GenerationFailed": false, "Cancelled": false, "Discarded": false,
	}
	m, rows := Mail{On: Attention}, append(video.Outcomes(), video.OutcomeKind{Name: "States.Runtime"})
	for _, row := range rows {
		want, known := mailed[row.Name]
		if kind, _ := m.note(ofJob("a", row.Name)); !known || want != (kind == row.Name) {
			t.Errorf("%s: the mail is %q", row.Name, kind)
		}
		delete(mailed, row.Name)
	}
	if len(mailed) > 0 {
		t.Errorf("there are no outcomes %v", mailed)
	}
}
