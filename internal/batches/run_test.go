package batches_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/batches"
	"github.com/takeup/takeup/internal/batches/runfiles"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/video"
)

// A file in the bucket becomes videos and results by itself. What is in the table and the
// bucket then is the same after each step is entered again.
func TestAFileBecomesVideos(t *testing.T) {
	w := newWorld(t)
	arrived := w.put("films/boats.csv", "prompt,label,n\na boat,one,2\n\"a boat,\nand a dog\",=two,1\n")
	w.run()
	view := w.get(arrived.Batch)
	want := batches.Counts{Videos: 3, Stored: 3}
	if view.State != record.Ended || view.Counts != want || view.Money != (batches.Money{Spent: 2_940_000}) || view.Name != "films/boats" || view.Run != 1 || view.EndedAt.IsZero() {
		t.Errorf("%+v", view)
	}
	if view.Plan == nil || view.Plan.Videos[batch.New] != 3 || view.Plan.Lines != 2 || view.Plan.Total.Most != 2_940_000 {
		t.Errorf("%+v", view.Plan)
	}
	if w.bought() != 3 {
		t.Errorf("%d are paid", w.bought())
	}
	if got, want := w.readAll(arrived.Batch), "2 one completed \n2 one completed \n3 =two completed \n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	sheet := w.results(arrived.Batch, "csv")
	if lines := strings.Count(sheet, "\n"); lines != 4 || !strings.Contains(sheet, "'=two") || !strings.Contains(sheet, ",completed,,,5,7,0.98,s3://videos/videos/batch-") {
		t.Errorf("%s", sheet)
	}
	if text := w.results(arrived.Batch, "jsonl"); strings.Count(text, "\n") != 3 || !strings.Contains(text, `"label":"=two"`) {
		t.Errorf("%s", text)
	}
	// A redelivered event changes nothing.
	again, err := w.intake.Arrive(t.Context(), w.source("films/boats.csv", 1), false)
	if err != nil || !again.Known || len(w.batches) != 0 {
		t.Errorf("%+v, %v, %q", again, err, w.batches)
	}
	in := batches.Input{Batch: arrived.Batch, Run: 1}
	var planned batches.Planned
	w.step(batches.Task{Step: batches.StepPlan, Input: in}, &planned)
	w.step(batches.Task{Step: batches.StepReport, Input: in}, &batches.Report{})
	if after := w.get(arrived.Batch); planned.Next != batches.GoReport || after.Counts != want || after.State != record.Ended || w.results(arrived.Batch, "csv") != sheet {
		t.Errorf("%+v, %+v", planned, after)
	}
}

// Only what is new is bought of a file that was corrected, sorted, extended and saved in another
// form, and of a file that is run again.
func TestOnlyWhatIsNewIsBought(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.price = 1
	const lines, wrong = 500, 7
	file := func(rows []string) string { return "prompt,duration\n" + strings.Join(rows, "\n") + "\n" }
	var right []string
	for i := range lines {
		right = append(right, fmt.Sprintf("boat %d,5", i))
	}
	spoilt := slices.Clone(right)
	for n := range wrong {
		spoilt[n*70+3] = strings.TrimSuffix(spoilt[n*70+3], "5") + "7"
	}
	id := w.put("boats.csv", file(spoilt)).Batch
	w.run()
	if view := w.get(id); view.State != record.Planned || view.Plan.Wrong != wrong || view.Plan.Named[0].Number != 5 || w.bought() != 0 {
		t.Errorf("it is %s, %+v; %d are paid", view.State, view.Plan, w.bought())
	}
	if _, err := w.service.Start(t.Context(), id, true); err != nil {
		t.Fatal(err)
	}
	w.run()
	if view := w.get(id); view.State != record.Ended || view.Run != 2 || view.Counts.Stored != lines-wrong || w.bought() != lines-wrong {
		t.Errorf("it is %s, %+v; %d are paid", view.State, view.Counts, w.bought())
	}
	slices.Sort(right)
	right = slices.Insert(right, lines/3, "a whale,5")
	w.put("boats.csv", "\ufeff"+strings.ReplaceAll(strings.ReplaceAll(file(right), "\n", "\r\n"), ",", ";"))
	w.run()
	if view := w.get(id); view.Run != 3 || view.Plan.Videos[batch.New] != wrong+1 || view.Counts != (batches.Counts{Videos: lines + 1, Stored: lines + 1}) || w.bought() != lines+1 {
		t.Errorf("run %d, %+v, %+v; %d are paid", view.Run, view.Plan, view.Counts, w.bought())
	}
	if _, err := w.service.Start(t.Context(), id, false); err != nil {
		t.Fatal(err)
	}
	if w.run(); w.bought() != lines+1 || w.get(id).State != record.Ended {
		t.Errorf("%d are paid", w.bought())
	}
	if sheet := w.results(id, "csv"); strings.Count(sheet, ",completed,") != lines+1 || strings.Count(sheet, "\n") != lines+2 {
		t.Errorf("the results have %d lines", strings.Count(sheet, "\n"))
	}
}

// A file that is too dear, or whose price isn't known, waits to be started, and so does a copy.
func TestFilesThatWait(t *testing.T) {
	for name, arrange := range map[string]func(*world){
		"dear":     func(w *world) { w.price = 10_000_001 },
		"unpriced": func(w *world) { w.engine.Prices = batches.Prices{List: noList, Charged: neverCharged} },
	} {
		w := newWorld(t)
		arrange(w)
		id := w.put("a.jsonl", `{"prompt":"a boat"}`).Batch
		w.run()
		if view := w.get(id); view.State != record.Planned || w.bought() != 0 {
			t.Errorf("%s: it is %s", name, view.State)
		}
		if _, err := w.service.Start(t.Context(), id, false); err != nil {
			t.Fatal(err)
		}
		if w.run(); w.bought() != 1 || w.get(id).State != record.Ended {
			t.Errorf("%s: %d are paid", name, w.bought())
		}
	}
	w := newWorld(t)
	w.objects.Put("prompts", "b.csv", []byte("prompt\na boat\n"))
	arrived, err := w.intake.Arrive(t.Context(), w.source("b.csv", 1), true)
	if err != nil {
		t.Fatal(err)
	}
	if w.run(); w.get(arrived.Batch).State != record.Planned {
		t.Errorf("a copy is %s", w.get(arrived.Batch).State)
	}
}

// A line that fails ends alone, and the next run redrives it.
func TestLinesThatFail(t *testing.T) {
	w := newWorld(t)
	failing := 2
	w.outcome = func(string) error {
		if failing--; failing >= 0 {
			return &video.OutOfCredits{Said: "no credits"}
		}
		return nil
	}
	id := w.put("a.csv", "prompt,n\na boat,5\n").Batch
	w.run()
	if view := w.get(id); view.State != record.Ended || view.Counts != (batches.Counts{Videos: 5, Stored: 3, Failed: 2}) || w.bought() != 3 {
		t.Errorf("%s, %+v", view.State, view.Counts)
	}
	if text := w.readAll(id); strings.Count(text, "error") != 2 {
		t.Error(text)
	}
	if _, err := w.service.Start(t.Context(), id, false); err != nil {
		t.Fatal(err)
	}
	if plan := w.get(id).Plan; plan != nil {
		t.Errorf("it has the plan of another run: %+v", plan)
	}
	w.run()
	if view := w.get(id); view.Counts != (batches.Counts{Videos: 5, Stored: 5}) || view.Plan.Videos[batch.Resume] != 2 || w.bought() != 5 {
		t.Errorf("%+v, %+v", view.Counts, view.Plan)
	}
}

// What is cancelled is never paid, and lines that were not begun never begin.
func TestCancel(t *testing.T) {
	w := newWorld(t)
	id := w.put("a.csv", "prompt,n\na boat,4\n").Batch
	in := batches.Input{Batch: id, Run: 1}
	var planned batches.Planned
	w.step(batches.Task{Step: batches.StepPlan, Input: in}, &planned)
	w.batches = nil
	var items []runfiles.Item
	for line := range strings.Lines(w.object(planned.Key)) {
		items = append(items, item(t, line))
	}
	w.line(batches.Task{Step: batches.StepLine, Input: in, Item: items[0]})
	var next batches.Next
	w.step(batches.Task{Step: batches.StepLine, Input: in, Item: items[1]}, &next)
	if _, err := w.service.Start(t.Context(), id, false); !errors.As(err, new(*batches.NotStarted)) {
		t.Errorf("started while it runs: %v", err)
	}
	w.service = w.serviceOf(listed{w.jobs, []string{items[0].ID, items[1].ID}})
	report, err := w.service.Cancel(t.Context(), id)
	if err != nil || report.Cancelled != 1 || report.Done != 1 || report.Submitted != 0 || report.Left != 0 || report.State != record.Cancelled {
		t.Errorf("%+v, %v", report, err)
	}
	again, err := w.service.Cancel(t.Context(), id)
	if err != nil || again.Cancelled != 1 || again.Done != 1 || again.Left != 0 {
		t.Errorf("%+v, %v", again, err)
	}
	for _, item := range items[1:] {
		if next := w.line(batches.Task{Step: batches.StepLine, Input: in, Item: item}); next.Do != batches.DoEnd {
			t.Errorf("line %+v: %+v", item, next)
		}
	}
	w.step(batches.Task{Step: batches.StepReport, Input: in}, &batches.Report{})
	if view := w.get(id); view.State != record.Cancelled || view.Counts != (batches.Counts{Videos: 4, Stored: 1, Cancelled: 1, New: 2}) || w.bought() != 1 {
		t.Errorf("%s, %+v", view.State, view.Counts)
	}
	if text := w.readAll(id); strings.Count(text, "2  new") != 2 || strings.Count(text, "2  cancelled ") != 1 {
		t.Error(text)
	}
}

// A line waits while its batch makes as many videos as it may, or another runs its job.
func TestLinesWait(t *testing.T) {
	w := newWorld(t)
	id := w.put("a.csv", "prompt,n\na boat,3\n").Batch
	in := batches.Input{Batch: id, Run: 1}
	var planned batches.Planned
	w.step(batches.Task{Step: batches.StepPlan, Input: in}, &planned)
	w.batches = nil
	if planned.MaxConcurrency != record.DefaultAtOnce {
		t.Errorf("%+v", planned)
	}
	first := item(t, strings.SplitAfter(w.object(planned.Key), "\n")[0])
	var next batches.Next
	w.step(batches.Task{Step: batches.StepLine, Input: in, Item: first, Visited: true}, &next)
	if next.Do != batches.DoWait || next.WaitSeconds < 20 {
		t.Errorf("an execution that Run could not start: %+v", next)
	}
	w.step(batches.Task{Step: batches.StepLine, Input: in, Item: first}, &next)
	if next.Do != batches.DoWait {
		t.Errorf("one that is running: %+v", next)
	}
	b, version, err := w.table.Batch(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	b.AtOnce = 0
	if _, _, err := w.table.PutBatch(t.Context(), b, version); err != nil {
		t.Fatal(err)
	}
	w.step(batches.Task{Step: batches.StepLine, Input: in, Item: first}, &next)
	if next.Do != batches.DoWait || next.WaitSeconds > 300 {
		t.Errorf("no room in the batch: %+v", next)
	}
}

// full is a table whose batch has no room.
type full struct {
	*table.Table
	ended int64
}

func (f full) BatchCounts(context.Context, string) (record.Counts, error) {
	return record.Counts{InFlight: 1000, Jobs: map[string]int64{string(video.StateCompleted): f.ended, string(video.StateGenerating): 20}}, nil
}

// How long a line waits for room follows from how fast the batch's videos end, whatever was
// expected of them.
func TestLinesWaitByThePaceOfTheBatch(t *testing.T) {
	w := newWorld(t) // where a video is said to take a minute
	id := w.put("a.csv", "prompt,n\n"+strings.Repeat("a boat,20\n", 6)).Batch
	in := batches.Input{Batch: id, Run: 1}
	var planned batches.Planned
	w.step(batches.Task{Step: batches.StepPlan, Input: in}, &planned)
	first := item(t, strings.SplitAfter(w.object(planned.Key), "\n")[0])
	for _, c := range []struct {
		name        string
		after       time.Duration
		ended       int64
		least, most int // seconds
	}{
		{"just begun", time.Second, 0, 1, 1},
		{"none has ended soon", 10 * time.Second, 0, 10, 10},
		{"none has ended for long", time.Hour, 0, 60, 60},
		{"twenty a second", 5 * time.Second, 100, 1, 1},
		{"as expected", time.Minute, 20, 60, 60},
		{"slow", 10 * time.Minute, 20, 150, 150},
		{"the last lines", 5 * time.Minute, 100, 1, 1},
	} {
		w.ahead.Store(int64(c.after))
		w.engine.Table = full{w.table, c.ended}
		var next batches.Next
		w.step(batches.Task{Step: batches.StepLine, Input: in, Item: first}, &next)
		if next.Do != batches.DoWait || next.WaitSeconds < c.least || next.WaitSeconds > c.most {
			t.Errorf("%s: %+v", c.name, next)
		}
	}
}

// An execution that died without a word is settled by the line that it ran.
func TestALineSettlesItsJob(t *testing.T) {
	w := newWorld(t)
	id := w.put("a.csv", "prompt\na boat\n").Batch
	in := batches.Input{Batch: id, Run: 1}
	var planned batches.Planned
	w.step(batches.Task{Step: batches.StepPlan, Input: in}, &planned)
	w.batches = nil
	only := item(t, w.object(planned.Key))
	var next batches.Next
	w.step(batches.Task{Step: batches.StepLine, Input: in, Item: only, Visited: true}, &next)
	for _, execution := range w.executions {
		execution.Status, execution.StopDate = "FAILED", &w.now
	}
	w.step(batches.Task{Step: batches.StepLine, Input: in, Item: only, Visited: true}, &next)
	if view := w.get(id); next.Do != batches.DoEnd || view.Counts.Failed != 1 {
		t.Errorf("%+v, %+v", next, view.Counts)
	}
}

func TestFormsAndTheirFiles(t *testing.T) {
	w := newWorld(t)
	order := batches.Order{Name: "boats", Owner: "alice", Format: batchfile.CSV, UploadUntil: w.now.Add(15 * time.Minute), Options: record.Options{AtOnce: 3, Defaults: map[string]any{"duration": 10}}}
	view, err := w.service.Create(t.Context(), order)
	if err != nil || view.State != record.Uploading || view.ID != batches.IDOf("boats", "") || view.AtOnce != 3 {
		t.Fatalf("%+v, %v", view, err)
	}
	if _, err := w.service.Start(t.Context(), view.ID, false); !errors.As(err, new(*batches.NotStarted)) {
		t.Errorf("started without a file: %v", err)
	}
	if w.now = w.now.Add(time.Hour); w.get(view.ID).State != record.Uploading {
		t.Errorf("an upload may still be under way: %+v", w.get(view.ID).Batch)
	}
	w.now = w.now.Add(time.Hour)
	var not *batches.NotStarted
	_, err = w.service.Start(t.Context(), view.ID, false)
	if expired := w.get(view.ID); expired.State != record.Unusable || !strings.Contains(expired.Reason, "expired at 2026-08-21T12:15:00Z") || !errors.As(err, &not) || not.Reason != expired.Reason {
		t.Errorf("%+v, %v", expired.Batch, err)
	}
	// A file that comes very late is read.
	w.put("uploads/batches/"+view.ID+".csv", "prompt\na boat\n")
	w.run()
	if view = w.get(view.ID); view.State != record.Planned || !view.Attended || w.bought() != 0 {
		t.Errorf("%+v", view)
	}
	if _, err := w.service.Start(t.Context(), view.ID, false); err != nil {
		t.Fatal(err)
	}
	w.run()
	if view = w.get(view.ID); view.State != record.Ended || view.Counts.Stored != 1 || view.Owner != "alice" {
		t.Errorf("%+v", view)
	}
	page, err := w.service.List(t.Context(), 10, "")
	if err != nil || len(page.Views) != 1 || page.Next != "" || page.Views[0].ID != view.ID {
		t.Errorf("%+v, %v", page, err)
	}
	for _, key := range []string{"uploads/batches/batches-unknown.csv", strings.Repeat("x", 201) + ".csv", "a\tb.csv"} {
		if _, err := w.intake.Arrive(t.Context(), w.source(key, 1), false); !errors.As(err, new(*batches.Refused)) {
			t.Errorf("%s: %v", key, err)
		}
	}
	var invalid *video.InvalidRequest
	if _, err := w.service.Create(t.Context(), batches.Order{Name: " ", Format: "xml", Options: record.Options{AtOnce: -1, MaxLines: 1e9}}); !errors.As(err, &invalid) || len(invalid.Fields) != 4 {
		t.Errorf("%v", err)
	}
	if _, err := w.service.Get(t.Context(), "batches-b"); !errors.As(err, new(*record.NoBatch)) {
		t.Errorf("%v", err)
	}
}

// A file that can't be used says why, and is rejected as other files in the bucket are.
func TestUnusableFiles(t *testing.T) {
	w := newWorld(t)
	id := w.put("a.csv", "PK\x03\x04workbook").Batch
	w.run()
	rejection, _ := w.objects.Object("videos", "rejected/a.csv.json")
	if view := w.get(id); view.State != record.Unusable || !strings.Contains(view.Reason, "workbook") || !strings.Contains(string(rejection.Body), "workbook") {
		t.Errorf("%+v, %s", view.Batch, rejection.Body)
	}
	if _, err := w.service.Start(t.Context(), id, true); !errors.As(err, new(*batches.NotStarted)) {
		t.Errorf("%v", err)
	}
	w.put("a.csv", "prompt\na boat\n")
	if w.run(); w.get(id).State != record.Ended {
		t.Errorf("the corrected file: %+v", w.get(id).Batch)
	}
}
