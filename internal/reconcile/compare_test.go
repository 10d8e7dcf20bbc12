package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	batch "github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/promptfile"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/reconcile"
	"github.com/takeup/takeup/internal/reconcile/gather"
	"github.com/takeup/takeup/internal/video"
)

var (
	to   = time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	from = to.Add(-24 * time.Hour)
)

const model = "kling-video/v1/pro/text-to-video"

// entry is a job whose generation was accepted, unless generation is empty.
func entry(id, generation string, outcome error) video.Entry {
	e := video.Entry{ID: id, Phase: video.PhaseUnanswered, Attempt: 1, Provider: "aimlapi", KeyVersion: "v1", CreatedAt: to.Add(-2 * time.Hour)}
	if generation != "" {
		e.Phase, e.GenerationID, e.SubmittedAt = video.PhaseAccepted, generation, to.Add(-2*time.Hour)
	}
	if outcome != nil {
		e.Outcome = video.NewOutcome(outcome, to.Add(-time.Hour))
	}
	return e
}

func charge(generation string) provider.Charge {
	return provider.Charge{Created: to.Add(-time.Hour), Model: model, ID: generation, Micros: 50}
}

func row(generation, client string) provider.LoggedRequest {
	return provider.LoggedRequest{Created: to.Add(-2 * time.Hour), Model: model, ID: generation, Reference: client}
}

// facts starts with one job, a, and applies change.
func facts(change func(*gather.Facts)) gather.Facts {
	f := gather.Facts{
		From: from, To: to, Entries: map[string]video.Entry{}, Manifests: map[string]string{}, Videos: map[string]bool{},
		Executions: map[string]gather.Execution{}, Charged: map[string]bool{"v1": true},
	}
	change(&f)
	return f
}

func file(key string, age time.Duration) gather.PromptFile {
	return gather.PromptFile{Bucket: "prompts", Key: key, Version: "version-1", At: to.Add(-age), Sum: promptfile.Sum([]byte("a boat"))}
}

func TestCompare(t *testing.T) {
	failed := func(name string) gather.Execution {
		return gather.Execution{Name: "a", Status: "FAILED", Error: name}
	}
	known := entry("a", "", nil).Locator()
	listed := video.Locator{ID: "b", CreatedAt: known.CreatedAt}
	tests := []struct {
		name   string
		change func(*gather.Facts)
		want   string // kind what job: part of Detail | part of ToDo, one per line
		notes  int
	}{
		{name: "nothing"},
		{name: "charged, being stored", change: func(f *gather.Facts) {
			f.Entries["a"], f.Videos["a"] = entry("a", "uuid-1", nil), true
			f.Executions["a"] = gather.Execution{Name: "a", Status: "RUNNING"}
			f.Charges = []provider.Charge{charge("uuid-1")}
		}},
		{name: "charged and ended without a video", change: func(f *gather.Facts) {
			f.Entries["a"] = entry("a", "uuid-1", &video.GenerationOverdue{GenerationID: "uuid-1"})
			f.Charges = []provider.Charge{charge("uuid-1")}
		}, want: "charge uuid-1 a: ended with GenerationOverdue | takeup redrive a"},
		{name: "charged though failed", change: func(f *gather.Facts) {
			f.Entries["a"] = entry("a", "uuid-1", &video.GenerationFailed{GenerationID: "uuid-1"})
			f.Charges = []provider.Charge{charge("uuid-1")}
		}, want: "charge uuid-1 a: GenerationFailed | support"},
		{name: "charged and discarded", change: func(f *gather.Facts) {
			f.Entries["a"] = entry("a", "uuid-1", &video.Discarded{GenerationID: "uuid-1"})
			f.Charges = []provider.Charge{charge("uuid-1")}
		}, notes: 1},
		{name: "discarded, and the file was left", change: func(f *gather.Facts) {
			f.Entries["a"], f.Videos["a"] = entry("a", "uuid-1", &video.Discarded{GenerationID: "uuid-1"}), true
			f.Charges = []provider.Charge{charge("uuid-1")}
		}, want: "video " + objectkey.Video(known) + " a: without a manifest | remove it", notes: 1},
		{name: "cancelled", change: func(f *gather.Facts) {
			f.Entries["a"], f.Executions["a"] = entry("a", "", &video.Cancelled{}), failed("Cancelled")
		}},
		{name: "charged and rejected", change: func(f *gather.Facts) {
			f.Entries["a"] = entry("a", "uuid-1", &video.VideoRejected{GenerationID: "uuid-1"})
			f.Charges = []provider.Charge{charge("uuid-1")}
		}, want: "charge uuid-1 a: VideoRejected | takeup get a says why"},
		{name: "charged, and no outcome in the table", change: func(f *gather.Facts) {
			f.Entries["a"], f.Executions["a"] = entry("a", "uuid-1", nil), failed("VideoUnavailable")
			f.Charges = []provider.Charge{charge("uuid-1")}
		}, want: "charge uuid-1 a: VideoUnavailable | takeup redrive a\njob a a: its execution a is FAILED with VideoUnavailable | takeup redrive a"},
		{name: "lost, and the logs have it", change: func(f *gather.Facts) {
			f.Entries["a"] = entry("a", "", &video.SubmissionLost{Reference: "a.1"})
			f.Charges = []provider.Charge{charge("uuid-1")}
			f.Rows = []provider.LoggedRequest{row("uuid-1", "a.1")}
		}, want: "charge uuid-1 a: ended with SubmissionLost | takeup redrive a finds it"},
		{name: "only the logs have it", change: func(f *gather.Facts) {
			f.Entries["a"] = entry("a", "", &video.SubmissionLost{Reference: "a.1"})
			f.Rows = []provider.LoggedRequest{row("uuid-1", "a.1")}
		}, want: "charge uuid-1 a: no charge of it yet | takeup redrive a"},
		{name: "lost, and being looked for", change: func(f *gather.Facts) {
			f.Entries["a"] = entry("a", "", nil)
			f.Executions["a"] = gather.Execution{Name: "a-r1", Status: "RUNNING"}
			f.Rows = []provider.LoggedRequest{row("uuid-1", "a.1")}
		}},
		{name: "a failed row costs nothing", change: func(f *gather.Facts) {
			r := row("uuid-1", "a.1")
			r.Failed = true
			f.Rows = []provider.LoggedRequest{r}
		}},
		{name: "an older row names the job of a charge", change: func(f *gather.Facts) {
			r := row("uuid-1", "a.1")
			r.Created = from.Add(-time.Hour)
			f.Entries["a"], f.Rows = entry("a", "", &video.SubmissionLost{}), []provider.LoggedRequest{r, row("uuid-2", "someone's own")}
			f.Charges = []provider.Charge{charge("uuid-1")}
		}, want: "charge uuid-1 a: paid | redrive"},
		{name: "paid twice", change: func(f *gather.Facts) {
			f.Entries["a"], f.Manifests["a"], f.Videos["a"] = entry("a", "uuid-2", nil), "", true
			f.Charges = []provider.Charge{charge("uuid-1"), charge("uuid-2")}
			f.Rows = []provider.LoggedRequest{row("uuid-1", "a.1"), row("uuid-2", "a.2")}
		}, want: "charge uuid-1 a: paid in addition to generation uuid-2 | support"},
		{name: "nobody's", change: func(f *gather.Facts) {
			f.Charges = []provider.Charge{charge("uuid-1")}
		}, want: "charge uuid-1 : no job here | another user"},
		{name: "of a job that is not in the table", change: func(f *gather.Facts) {
			f.Charges, f.Rows = []provider.Charge{charge("uuid-1")}, []provider.LoggedRequest{row("uuid-1", "b.1")}
		}, want: "charge uuid-1 b: not in the table | another stack"},
		{name: "without an id", change: func(f *gather.Facts) {
			f.Charges = []provider.Charge{charge("")}
		}, want: "charge - : without a generation id | support"},
		{name: "of another user's model", notes: 1, change: func(f *gather.Facts) {
			c := charge("uuid-1")
			c.Model = "openai/gpt-5"
			f.Charges = []provider.Charge{c}
		}},
		{name: "only the manifest records it", change: func(f *gather.Facts) {
			f.Manifests["a"], f.Videos["a"] = "uuid-1", true
			f.Charges = []provider.Charge{charge("uuid-1")}
		}},
		{name: "stored, not charged yet", notes: 1, change: func(f *gather.Facts) {
			f.Entries["a"], f.Manifests["a"], f.Videos["a"] = entry("a", "uuid-1", nil), "", true
		}},
		{name: "stored, and the transactions could not be read", notes: 1, change: func(f *gather.Facts) {
			f.Entries["a"], f.Manifests["a"], f.Videos["a"] = entry("a", "uuid-1", nil), "", true
			f.Charged = nil
		}},
		{name: "charged, and the video taken out since", notes: 2, change: func(f *gather.Facts) {
			f.Entries["a"], f.Executions["a"] = entry("a", "uuid-1", nil), gather.Execution{Name: "a", Status: "SUCCEEDED"}
			f.Charges = []provider.Charge{charge("uuid-1")}
		}},
		{name: "charged, and only the manifest taken out since", change: func(f *gather.Facts) {
			f.Entries["a"], f.Videos["a"] = entry("a", "uuid-1", nil), true
			f.Executions["a"] = gather.Execution{Name: "a", Status: "SUCCEEDED"}
			f.Charges = []provider.Charge{charge("uuid-1")}
		}, want: "charge uuid-1 a: not stored | takeup redrive a\njob a a: is SUCCEEDED | takeup redrive a\nvideo " + objectkey.Video(known) + " a: without a manifest | takeup redrive a"},
		{name: "unattributed, with incomplete logs", change: func(f *gather.Facts) {
			f.Charges, f.LogsUnread = []provider.Charge{charge("uuid-1")}, true
		}, want: "charge uuid-1 : no job here | its owner is unknown"},
		{name: "an execution that is no longer known", change: func(f *gather.Facts) {
			f.Entries["a"] = entry("a", "", nil)
		}, want: "job a a: its execution is no longer known | takeup redrive a"},
		{name: "refused, and ended", change: func(f *gather.Facts) {
			f.Entries["a"] = entry("a", "", &video.OutOfCredits{})
		}},
		{name: "a video without a manifest", change: func(f *gather.Facts) {
			f.Entries["a"], f.Videos["a"], f.Videos["b"] = entry("a", "", &video.OutOfCredits{}), true, true
			f.Locators = map[string]video.Locator{"b": listed}
		}, want: "video " + objectkey.Video(known) + " a: without a manifest | takeup redrive a\nvideo " + objectkey.Video(listed) + " b: without a manifest | not in the table"},
		{name: "a manifest without its video", change: func(f *gather.Facts) {
			f.Manifests["a"] = "uuid-1"
		}, want: "video " + objectkey.Manifest(video.Locator{ID: "a"}) + " a: without its video | remove"},
		{name: "prompt files with a job or a rejection", change: func(f *gather.Facts) {
			job, running, rejected := file("job.txt", time.Hour), file("running.txt", time.Hour), file("rejected.mp4", time.Hour)
			rejected.Rejected = true
			f.Entries[job.Job()] = entry(job.Job(), "", &video.OutOfCredits{})
			f.Executions[running.Job()] = gather.Execution{Name: running.Job(), Status: "RUNNING"}
			f.Prompts = []gather.PromptFile{job, running, rejected, file("folder/", time.Hour), file("a/._b.txt", time.Hour)}
		}},
		{name: "a file of many prompts with a batch", change: func(f *gather.Facts) {
			rejected, unversioned, old := file("rejected.csv", time.Hour), file("plain.jsonl", time.Hour), file("old.csv", time.Hour)
			rejected.Rejected, unversioned.Version = true, "null"
			var versions []batch.Source
			for i := range batch.MostSources {
				versions = append(versions, batch.Source{Bucket: "prompts", Key: "old.csv", Version: fmt.Sprint("later-", i), Versioned: true})
			}
			f.Prompts = []gather.PromptFile{rejected, unversioned, old, file("many.csv", time.Hour)}
			f.Batches = []batch.Batch{
				{Sources: []batch.Source{{Bucket: "prompts", Key: "plain.jsonl", Version: "an-etag"}}}, {Sources: versions},
				{Sources: []batch.Source{{Bucket: "prompts", Key: "many.csv", Version: "version-1", Versioned: true}}},
			}
		}},
		{name: "a new and a replaced file of many prompts", notes: 2, change: func(f *gather.Facts) {
			replaced := file("replaced.csv", time.Hour)
			replaced.Replaced = true
			f.Prompts = []gather.PromptFile{file("new.csv", time.Minute), replaced}
		}},
		{name: "a file of many prompts without a batch", change: func(f *gather.Facts) {
			f.Prompts = []gather.PromptFile{file("many.csv", time.Hour)}
			f.Batches = []batch.Batch{{Sources: []batch.Source{{Bucket: "prompts", Key: "many.csv", Version: "version-2", Versioned: true}}}}
		}, want: "prompt many.csv : neither a batch nor a rejection | upload it again"},
		{name: "a copy of a prompt file", notes: 1, change: func(f *gather.Facts) {
			moved := file("done/a.txt", time.Hour)
			moved.First = "a"
			f.Entries["a"] = entry("a", "", &video.OutOfCredits{})
			f.Prompts = []gather.PromptFile{moved}
		}},
		{name: "a copy of a prompt file without a job", change: func(f *gather.Facts) {
			moved := file("done/a.txt", time.Hour)
			moved.First = "a"
			f.Prompts = []gather.PromptFile{moved}
		}, want: "prompt done/a.txt " + file("done/a.txt", 0).Job() + ": neither a job nor a rejection | upload it again"},
		{name: "a prompt file without a job", change: func(f *gather.Facts) {
			f.Prompts = []gather.PromptFile{file("lost.txt", time.Hour)}
		}, want: "prompt lost.txt " + file("lost.txt", 0).Job() + ": neither a job nor a rejection | upload it again"},
		{name: "a prompt file whose job ended before the ledger", change: func(f *gather.Facts) {
			f.Prompts = []gather.PromptFile{file("early.txt", time.Hour)}
			f.Executions[f.Prompts[0].Job()] = failed("ServiceUnavailable")
		}, want: "prompt early.txt " + file("early.txt", 0).Job() + ": nothing was submitted or paid | redrive the job, or upload the file again"},
		{name: "prompt files that can't be read", notes: 2, change: func(f *gather.Facts) {
			replaced := file("replaced.txt", time.Hour)
			replaced.Replaced = true
			f.Prompts = []gather.PromptFile{file("new.txt", time.Minute), replaced}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.change == nil {
				test.change = func(*gather.Facts) {}
			}
			report := reconcile.Compare(facts(test.change))
			var want []string
			if test.want != "" {
				want = strings.Split(test.want, "\n")
			}
			if len(report.Findings) != len(want) || len(report.Notes) != test.notes || report.Settled() != (len(want) == 0) {
				t.Fatalf("got findings %+v, notes %+v, unknown %+v", report.Findings, report.Notes, report.Unknown)
			}
			for i, f := range report.Findings {
				head, rest, _ := strings.Cut(want[i], ": ")
				detail, toDo, _ := strings.Cut(rest, " | ")
				if got := fmt.Sprintf("%s %s %s", f.Kind, f.What, f.Job); got != head || !strings.Contains(f.Detail, detail) || !strings.Contains(f.ToDo, toDo) {
					t.Errorf("got %+v, want %s", f, want[i])
				}
			}
		})
	}
}

// A charge above three times the price is reported, whatever became of its video. Where
// the list has no price, the model's other charges set what is usual.
func TestPrices(t *testing.T) {
	const priced, unpriced = "kling-video/v1/pro/text-to-video", "klingai/video-v3-pro-text-to-video"
	for _, test := range []struct {
		name, model string
		seconds     int
		micros      []int64
		want        int
		says        string
	}{
		{"as estimated", priced, 5, []int64{1_000_000}, 0, ""},
		{"three times the estimate", priced, 5, []int64{3_000_000}, 0, ""},
		{"more than that", priced, 5, []int64{3_000_001}, 1, "charged 3.00 USD instead of the expected 1.00 USD (the price list)"},
		{"a hundred times, of ten seconds", priced, 10, []int64{200_000_000}, 1, "charged 200.00 USD instead of the expected 2.00 USD"},
		{"40,500 USD", priced, 5, []int64{40_500_000_000}, 1, "charged 40500.00 USD"},
		{"a model without a price, alone", unpriced, 5, []int64{40_500_000_000}, 0, ""},
		{"a model without a price, among others", unpriced, 5, []int64{1_000_000, 40_500_000_000, 1_050_000, 950_000}, 1, "the median of 3 other charges"},
		{"a model without a price, all alike", unpriced, 5, []int64{1_000_000, 1_000_000, 1_000_000, 1_000_000, 3_000_000}, 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			report := reconcile.Compare(facts(func(f *gather.Facts) {
				list, err := price.Parse([]byte(`{"data":[{"id":"`+priced+`","pricing":{"kind":"fixed","units":[{"measure":"second","price":0.2,"per":1}]}}]}`), "the list", from)
				if err != nil {
					t.Fatal(err)
				}
				f.Prices = list
				for i, micros := range test.micros {
					id, generation := fmt.Sprintf("job-%d", i), fmt.Sprintf("uuid-%d", i)
					e := entry(id, generation, nil)
					request, err := catalogue.Parse(all.Models(), fmt.Appendf(nil, `{"prompt":"a boat","model":%q,"duration":%d}`, test.model, test.seconds))
					if err != nil {
						t.Fatal(err)
					}
					e.Request = request
					c := charge(generation)
					c.Micros, c.Model = micros, test.model
					f.Entries[id], f.Manifests[id], f.Videos[id] = e, generation, true
					f.Charges = append(f.Charges, c)
				}
			}))
			if len(report.Findings) != test.want {
				t.Fatalf("got %+v", report.Findings)
			}
			for _, f := range report.Findings {
				if f.Kind != reconcile.Price || f.Job == "" || f.Micros == 0 || !strings.Contains(f.Detail, test.says) {
					t.Errorf("got %+v", f)
				}
			}
		})
	}
}

// What can't be decided is unknown, and never missing.
func TestUnknownIsNotMissing(t *testing.T) {
	report := reconcile.Compare(facts(func(f *gather.Facts) {
		archived := file("a.txt", time.Hour)
		archived.Sum = ""
		f.Prompts = []gather.PromptFile{archived}
		f.Unknown = []gather.Unknown{{Source: "the logs", Reason: "refused"}}
	}))
	if len(report.Findings) != 0 || len(report.Unknown) != 2 || report.Settled() {
		t.Errorf("got %+v", report)
	}
}
