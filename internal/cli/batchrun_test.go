package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/apitest"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/cli/clitest"
	"github.com/takeup/takeup/internal/video"
)

// addBatches adds a batch in each state to the fake. "ended" is the newest.
func addBatches(t *testing.T, f *apitest.Server) {
	t.Helper()
	f.AddBatch(f.Batch("uploading", "spring\u202e", record.Uploading))
	unusable := f.Batch("unusable", "sheet", record.Unusable)
	unusable.Reason = new("the file is a workbook or another zip file; save the sheet as CSV in UTF-8")
	f.AddBatch(unusable)
	planned := f.Batch("planned", "dear", record.Planned)
	f.AddBatch(planned)
	wrong := f.Batch("wrong", "typos", record.Planned)
	wrong.Owner = nil
	wrong.Plan.Wrong, wrong.Plan.WrongLines = 2, []api.WrongLine{
		{Line: 7, Row: 6, Fields: []video.FieldError{{Field: "duration", Message: "is 7; it takes 5 or 10"}}},
		{Line: 9, Row: 8, Fields: []video.FieldError{{Field: "prompt", Message: "is empty; say what the video shows"}}},
	}
	f.AddBatch(wrong)
	running := f.Steps(planned, 120)[0]
	running.ID, running.Name = "running", "a name that is so long that a list in a narrow terminal has no room for all of it"
	f.AddBatch(running, running)
	paused := running
	until := apitest.Created.Add(12 * time.Hour)
	paused.ID, paused.Name, paused.Run, paused.Paused = "paused", "patient", 2, &api.BatchPaused{Limit: "day", Until: &until}
	paused.Counts = api.BatchCounts{Videos: 300, New: 97, Waiting: 80, Stored: 120, Failed: 2, Cancelled: 1}
	f.AddBatch(paused)
	boat := clitest.Request(t, "a boat")
	for i, label := range []string{"", "Boat\u202e"} {
		id := fmt.Sprintf("batch-poor-%d", i)
		v := f.Without(id, boat, video.StateFailed, "OutOfCredits", "the account has no credits; top it up, then redrive the job", true)
		v.Origin = &api.Origin{Trigger: video.TriggerBatch, Batch: new("paused"), Line: new(7 + i), Copy: new(1)}
		if label != "" {
			v.Origin.Label = &label
		}
		f.Add(id, boat, v)
	}
	mixed := f.Steps(planned, 300)[0]
	mixed.ID, mixed.Counts.Stored, mixed.Counts.Failed = "mixed", 297, 3
	f.AddBatch(mixed)
	ended := f.Steps(planned, 300)[0]
	ended.ID, ended.Name = "ended", "done"
	f.AddBatch(ended)
}

// runLines runs command lines, and returns what they printed.
func runLines(t *testing.T, w *shell, lines ...string) string {
	t.Helper()
	var printed strings.Builder
	for _, line := range lines {
		w.Out.Reset()
		w.Err.Reset()
		status := w.run(t.Context(), strings.Fields(line)...)
		fmt.Fprintf(&printed, "$ takeup %s\n%s", line, &w.Out)
		if w.Err.Len() > 0 {
			fmt.Fprintf(&printed, "(beside it)\n%s", &w.Err)
		}
		fmt.Fprintf(&printed, "(%d)\n\n", status)
	}
	return printed.String()
}

func TestBatches(t *testing.T) {
	for _, test := range []struct {
		name  string
		lines []string
	}{
		{"batch-run", []string{"batch run good.csv --yes", "batch run ideas.txt --lines --yes --no-wait --at-once 3 --duration 10", "batch run good.csv --name other --yes --no-wait --json"}},
		{"batch-run-refused", []string{"batch run good.csv", "batch run prompts.csv --yes", "batch run quotes.csv --yes --skip-invalid", "batch run none.csv --yes", "batch run", "batch run good.csv --at-once 0"}},
		{"batch-list", []string{"batch list", "batch list --limit 1", "batch list --limit 1 --json", "batch list --limit 0", "batch list --limit 1 --all", "batch list x"}},
		{"batch-show", []string{"batch show uploading", "batch show unusable", "batch show planned", "batch show wrong", "batch show running", "batch show paused", "batch show ended", "batch show running --json", "batch show nobody", "batch show a/b", "list --batch paused", "get batch-poor-1"}},
		{"batch-start", []string{"batch start planned", "batch start planned --yes --no-wait", "batch start wrong --yes", "batch start wrong --yes --skip-invalid", "batch start running --yes", "batch start ended --yes", "batch start unusable --yes", "batch start uploading --yes"}},
		{"batch-resume", []string{"batch resume ended --yes", "batch resume planned --yes", "batch resume running --yes", "batch cancel paused", "batch resume paused", "batch resume paused --yes --no-wait"}},
		{"batch-cancel", []string{"batch cancel running", "batch cancel paused", "batch cancel planned --json", "batch cancel nobody", "batch cancel"}},
		{"batch-watch", []string{"batch watch ended", "batch watch planned", "batch watch unusable", "batch watch mixed", "batch watch mixed --json"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			here, err := filepath.Abs(".")
			if err != nil {
				t.Fatal(err)
			}
			w, f := withAPI(t)
			batchFiles(t)
			addBatches(t, f)
			f.BatchSize = 2
			printed := strings.ReplaceAll(runLines(t, w, test.lines...), f.URL, "http://api")
			t.Chdir(here)
			clitest.Golden(t, test.name, printed)
		})
	}
}

// Batches fit terminals of several widths. Only an address of S3 may exceed them.
func TestBatchesFit(t *testing.T) {
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	w, f := withAPI(t)
	addBatches(t, f)
	var printed strings.Builder
	for _, width := range []int{40, 80, 160} {
		w.Width = width
		for _, line := range []string{"batch list", "batch show paused", "batch show wrong", "batch show unusable"} {
			w.Out.Reset()
			w.run(t.Context(), strings.Fields(line)...)
			fmt.Fprintf(&printed, "%s, %d columns\n%s\n", line, width, &w.Out)
			for line := range strings.Lines(w.Out.String()) {
				line = strings.TrimSuffix(line, "\n")
				if runewidth.StringWidth(line) > width && !strings.Contains(line, "  s3://") {
					t.Errorf("at %d columns a line has %d: %s", width, runewidth.StringWidth(line), line)
				}
			}
		}
	}
	t.Chdir(here)
	clitest.Golden(t, "batch-widths", printed.String())
}

// What is uploaded is the file as it is. A text file becomes JSON Lines, in which each prompt
// has the line that it had.
func TestBatchUpload(t *testing.T) {
	w, f := withAPI(t)
	batchFiles(t)
	for line, want := range map[string]api.BatchRequest{
		"batch run good.csv --yes --no-wait": {Name: "good", Format: "csv", AtOnce: 20, MaxLines: 10_000, Defaults: map[string]any{}},
		"batch run prompts.csv --yes --no-wait --skip-invalid --again --name other --at-once 3 --duration 10": {
			Name: "other", Format: "csv", AtOnce: 3, SkipInvalid: true, Again: true, MaxLines: 10_000, Defaults: map[string]any{"duration": 10.0},
		},
		"batch run ideas.txt --lines --yes --no-wait --max-lines 7": {Name: "ideas", Format: "jsonl", AtOnce: 20, MaxLines: 7, Defaults: map[string]any{}},
	} {
		w.Err.Reset()
		if status := w.run(t.Context(), strings.Fields(line)...); status != 0 {
			t.Fatalf("%s: %d, %s", line, status, &w.Err)
		}
		calls := f.Calls()
		i := slices.IndexFunc(calls, func(c apitest.Call) bool { return c.URI == api.BatchesPath && c.Method == "POST" })
		for j := i + 1; j < len(calls); j++ {
			if calls[j].URI == api.BatchesPath && calls[j].Method == "POST" {
				i = j
			}
		}
		encoded, err := json.Marshal(calls[i].Body)
		if err != nil {
			t.Fatal(err)
		}
		var got api.BatchRequest
		if err := json.Unmarshal(encoded, &got); err != nil || fmt.Sprint(got) != fmt.Sprint(want) || calls[i].Key == "" {
			t.Errorf("%s asks for %+v, %v", line, got, err)
		}
		if strings.Contains(line, "ideas") {
			sent := f.Uploaded()
			var lines []string
			for l, err := range batchfile.Lines(strings.NewReader(sent), batchfile.Options{Format: batchfile.JSONL}) {
				lines = append(lines, fmt.Sprint(l.Number, " ", l.Request.Prompt(), " ", err))
			}
			if want := []string{"1 a paper boat <nil>", `3 a dog, "Rex" <nil>`}; !slices.Equal(lines, want) {
				t.Errorf("it sends %q, which has %q", sent, lines)
			}
			continue
		}
		content, err := os.ReadFile(strings.Fields(line)[2])
		if err != nil || f.Uploaded() != string(content) {
			t.Errorf("%s sends %q, %v", line, f.Uploaded(), err)
		}
	}
}

// A file whose videos all exist makes nothing, and asks nothing.
func TestBatchRunOfNothing(t *testing.T) {
	w, f := withAPI(t)
	batchFiles(t)
	addBatch(t, f)
	if err := os.WriteFile("prompts.csv", []byte("prompt\na paper boat\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status := w.run(t.Context(), "batch", "run", "prompts.csv"); status != 0 || !strings.Contains(w.Err.String(), "there is nothing to make") {
		t.Errorf("got %d, %s", status, &w.Err)
	}
	for _, call := range f.Calls() {
		if call.URI == api.BatchesPath {
			t.Errorf("it makes the call %+v", call)
		}
	}
}

// A plan of the stack that costs more than the one that was agreed to is asked about again.
func TestBatchRunDearer(t *testing.T) {
	w, f := withAPI(t)
	batchFiles(t)
	f.Planned = func(id string, asked api.BatchRequest) []api.Batch {
		b := f.Batch(id, asked.Name, record.Planned)
		b.Plan.Total.MostUSD = "1000"
		return []api.Batch{b}
	}
	if status := w.run(t.Context(), "batch", "run", "good.csv", "--yes", "--no-wait"); status != 0 || !strings.Contains(w.Out.String(), "the stack's plan costs more than the one above:\nbatch: good\n300 lines") {
		t.Errorf("got %d, %s, %s", status, &w.Out, &w.Err)
	}
	f.Planned = func(id string, asked api.BatchRequest) []api.Batch {
		b := f.Batch(id, asked.Name, record.Planned)
		b.Plan.Total, b.Plan.Wrong = api.BatchPrice{USD: "0", MostUSD: "0"}, 1
		return []api.Batch{b}
	}
	w.Err.Reset()
	if status := w.run(t.Context(), "batch", "run", "good.csv", "--yes", "--no-wait"); status != exitUsage || !strings.Contains(w.Err.String(), "1 line is invalid") {
		t.Errorf("lines that only the stack refuses: %d, %s", status, &w.Err)
	}
}

// A start whose answer was lost has begun all the same.
func TestBatchStartTwice(t *testing.T) {
	w, f := withAPI(t)
	planned := f.Batch("planned", "spring", record.Planned)
	running := f.Steps(planned, 0)[0]
	running.ID = "planned"
	f.AddBatch(planned, running)
	if status := w.run(t.Context(), "batch", "start", "planned", "--yes", "--no-wait"); status != 0 || w.Out.String() == "" {
		t.Errorf("got %d, %s", status, &w.Err)
	}
}

// A stack that doesn't begin to read the file is an error, and nothing is started.
func TestBatchRunWithoutAPlan(t *testing.T) {
	w, f := withAPI(t)
	batchFiles(t)
	f.Planned = func(id string, asked api.BatchRequest) []api.Batch {
		return []api.Batch{f.Batch(id, asked.Name, record.Uploading)}
	}
	if status := w.run(t.Context(), "batch", "run", "good.csv", "--yes"); status != exitFailed || !strings.Contains(w.Err.String(), "has not begun to read the file for 5 min; nothing was started or paid") {
		t.Errorf("got %d, %s", status, &w.Err)
	}
	f.Planned = func(id string, asked api.BatchRequest) []api.Batch {
		b := f.Batch(id, asked.Name, record.Unusable)
		b.Reason = new("the file has no prompts")
		return []api.Batch{b}
	}
	w.Err.Reset()
	if status := w.run(t.Context(), "batch", "run", "good.csv", "--yes"); status != exitUsage || !strings.Contains(w.Err.String(), "can't be run: the file has no prompts. Nothing was started or paid") {
		t.Errorf("got %d, %s", status, &w.Err)
	}
}

// Ctrl-C leaves the batch running, and says how to return to it and how to stop it.
func TestBatchWatchInterrupted(t *testing.T) {
	w, f := withAPI(t)
	addBatches(t, f)
	ctx, cancel := context.WithCancel(t.Context())
	w.Sleep = func(ctx context.Context, _ time.Duration) error {
		cancel()
		return context.Cause(ctx)
	}
	status := w.run(ctx, "batch", "watch", "running")
	const want = "interrupted; what was started goes on. Return to it, or stop what is not submitted, with\n  takeup batch watch running\n  takeup batch cancel running\n"
	if status != exitInterrupted || !strings.HasSuffix(w.Err.String(), want) {
		t.Errorf("got %d, %s", status, &w.Err)
	}
}

// In a terminal the question is asked, and a bar shows the run. Nothing else is left of the bar.
func TestBatchRunInATerminal(t *testing.T) {
	for _, test := range []struct {
		answer string
		status int
		want   []string
	}{
		{"y\n", 0, []string{"Continue? [y/N] ", "] 1 of 2, ", "2: 2 stored"}},
		{"n\n", exitFailed, []string{"Continue? [y/N] "}},
		{"\n", exitFailed, nil},
	} {
		t.Run(fmt.Sprintf("%q", test.answer), func(t *testing.T) {
			s, tty, read := newScreen(t)
			w, f := withAPI(t)
			batchFiles(t)
			f.BatchSize = 2
			w.Env.Out, w.Env.Err, w.Env.In = tty, tty, tty
			w.Width = 120
			w.Sleep = func(_ context.Context, _ time.Duration) error {
				return s.awaitNew("] ") // the bar is drawn
			}
			if _, err := s.terminal.WriteString(test.answer); err != nil {
				t.Fatal(err)
			}
			if status := w.run(t.Context(), "batch", "run", "good.csv"); status != test.status {
				t.Errorf("got %d", status)
			}
			if err := tty.Close(); err != nil {
				t.Fatal(err)
			}
			<-read
			shown := s.text.String()
			for _, words := range test.want {
				if !strings.Contains(shown, words) {
					t.Errorf("%q is not shown in\n%q", words, shown)
				}
			}
			asked := slices.ContainsFunc(f.Calls(), func(c apitest.Call) bool { return c.URI == api.BatchesPath })
			if asked != (test.status == 0) {
				t.Errorf("a batch was made: %v", asked)
			}
		})
	}
}
