package e2e

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/batches"
	"github.com/takeup/takeup/internal/batches/runfiles"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/test/harness/charges"
)

// batchIs waits for a batch to be in a state, in that run or a later one.
func (w *world) batchIs(t *testing.T, id string, state record.State, run int) api.Batch {
	t.Helper()
	var got api.Batch
	await(t, fmt.Sprintf("batch %s to be %s in run %d", id, state, run), func() bool {
		status, _, reply := call(t, http.MethodGet, w.stack.API+api.PathOf(api.BatchPath, id), w.stack.Token, "")
		if status == http.StatusNotFound {
			return false // its file has not arrived
		}
		got = read[api.Batch](t, http.StatusOK, status, reply)
		return got.Status == string(state) && got.Run >= run
	})
	return got
}

// batchItems returns the videos of a batch's run.
func (w *world) batchItems(t *testing.T, id string, run int) (items []runfiles.Item) {
	t.Helper()
	for line := range strings.Lines(string(w.object(t, objectkey.BatchRun(id, run, objectkey.BatchLines)))) {
		items = append(items, decode[runfiles.Item](t, []byte(line)))
	}
	return items
}

// sheet returns the rows of a batch's results as the API gives them, without the header.
func (w *world) sheet(t *testing.T, id string) [][]string {
	t.Helper()
	status, _, text := call(t, http.MethodGet, w.stack.API+api.PathOf(api.BatchResultsPath, id), w.stack.Token, "")
	if status != http.StatusOK {
		t.Fatalf("the results: %d, %s", status, text)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(text), "\ufeff"))).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatalf("the results: %v, %s", err, text)
	}
	return rows[1:]
}

// sendBatch creates a batch by the API, and uploads its file.
func (w *world) sendBatch(t *testing.T, name string, atOnce int, content string) string {
	t.Helper()
	body, err := json.Marshal(api.BatchRequest{Name: name, Format: api.BatchCSV, AtOnce: atOnce, MaxLines: 1000, Defaults: map[string]any{"duration": 5}})
	if err != nil {
		t.Fatal(err)
	}
	status, _, reply := call(t, http.MethodPost, w.stack.API+api.BatchesPath, w.stack.Token, string(body))
	made := read[api.BatchUpload](t, http.StatusAccepted, status, reply)
	if status, answer := sendForm(t, made.Upload, content); status != http.StatusNoContent {
		t.Fatalf("the upload: %d, %s", status, answer)
	}
	return made.Batch.ID
}

// startBatch begins a run of a batch by the API.
func (w *world) startBatch(t *testing.T, id, body string) {
	t.Helper()
	status, _, reply := call(t, http.MethodPost, w.stack.API+api.PathOf(api.BatchStartPath, id), w.stack.Token, body)
	read[api.Batch](t, http.StatusAccepted, status, reply)
}

// testBatchFile puts a file of three lines into the bucket. It becomes three videos and results
// by itself, and nothing more when it comes again.
func (w *world) testBatchFile(t *testing.T) {
	const key = "films/three boats.csv"
	rows := []string{"prompt,label"}
	for _, name := range []string{"red", "green", "=blue"} {
		rows = append(rows, w.prompt("a "+name+" paper boat from a file of three")+","+name)
	}
	content := strings.Join(rows, "\n") + "\n"
	w.put(t, key, []byte(content))
	id := batches.IDOf(batches.NameOfKey(key), "")
	got := w.batchIs(t, id, record.Ended, 1)
	if got.Counts != (api.BatchCounts{Videos: 3, Stored: 3}) || got.Name != "films/three boats" || got.Owner != nil || got.Source == nil || got.Source.Key != key {
		t.Errorf("got %+v", got)
	}
	sheet := w.sheet(t, id)
	if len(sheet) != 3 {
		t.Fatalf("the results have %d rows: %q", len(sheet), sheet)
	}
	for i, item := range w.batchItems(t, id, 1) {
		w.stored(t, item.ID)
		if row := strings.Join(sheet[i], " "); !strings.Contains(row, item.ID) || !strings.Contains(row, string(video.StateCompleted)) {
			t.Errorf("row %d is %q", i, row)
		}
	}
	if listed := ask[api.VideoList](w, t, http.StatusOK, http.MethodGet, api.VideosPath+"?"+api.ParamBatch+"="+id); len(listed.Videos) != 3 || listed.Next != nil {
		t.Errorf("%d videos are listed", len(listed.Videos))
	}
	// The stored results say what has become of a video since.
	discarded := w.batchItems(t, id, 1)[1].ID
	ask[api.Video](w, t, http.StatusOK, http.MethodDelete, api.PathOf(api.VideoPath, discarded)+"?discard=true")
	if row := strings.Join(w.sheet(t, id)[1], " "); !strings.Contains(row, discarded+" "+string(video.StateDiscarded)) {
		t.Errorf("after it was discarded, row 1 is %q", row)
	}
	// Another version with the same lines is another run, which buys nothing.
	w.put(t, key, []byte(content))
	if again := w.batchIs(t, id, record.Ended, 2); again.Counts != (api.BatchCounts{Videos: 3, Stored: 2, Cancelled: 1}) {
		t.Errorf("again: %+v", again.Counts)
	}
	for _, item := range w.batchItems(t, id, 2) {
		w.boughtOnce(t, item.ID)
	}

	const workbook = "films/workbook.csv"
	w.put(t, workbook, []byte("PK\x03\x04"))
	if got := w.batchIs(t, batches.IDOf(batches.NameOfKey(workbook), ""), record.Unusable, 1); got.Reason == nil || !strings.Contains(*got.Reason, "workbook") {
		t.Errorf("a workbook: %+v", got)
	}
	if said, rejected := w.find(t, objectkey.Rejection(workbook)); !rejected || !strings.Contains(string(said), "workbook") {
		t.Errorf("its rejection is %s", said)
	}

	gone := w.newBatch(t, "prompt\na boat\n", true)
	source := gone.Source()
	if _, err := w.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &source.Bucket, Key: &source.Key, VersionId: &source.Version}); err != nil {
		t.Fatal(err)
	}
	w.startBatch(t, gone.ID, "{}")
	if got := w.batchIs(t, gone.ID, record.Unusable, 2); got.Reason == nil || !strings.Contains(*got.Reason, "is gone") {
		t.Errorf("without its file: %+v", got)
	}
}

// testBatchCorrected sends a file of five lines with one that is invalid. It waits to be started,
// and is started without that line; another line fails for lack of credits. Sent again with the
// line corrected, only these two are bought.
func (w *world) testBatchCorrected(t *testing.T) {
	lines := []string{"prompt,duration"}
	for i := range 5 {
		lines = append(lines, w.prompt(fmt.Sprintf("paper boat %d of a file that is corrected", i))+",5")
	}
	wrong := append([]string(nil), lines...)
	wrong[3] = strings.TrimSuffix(wrong[3], "5") + "7000"
	id := w.sendBatch(t, "corrected boats", 5, strings.Join(wrong, "\n"))
	planned := w.batchIs(t, id, record.Planned, 1)
	if planned.Plan == nil || planned.Plan.Lines != 4 || planned.Plan.Wrong != 1 || planned.Plan.WrongLines[0].Line != 4 || planned.Plan.WrongLines[0].Fields[0].Field != "duration" {
		t.Fatalf("the plan is %+v", planned.Plan)
	}
	items := w.batchItems(t, id, 1)
	for _, item := range items {
		if len(w.creates(item.ID)) > 0 {
			t.Error("a video was submitted before the batch was started")
		}
	}
	w.fail(items[1].ID, once(script.KindCreate, script.Fault{Status: http.StatusPaymentRequired}))
	w.startBatch(t, id, `{"skip_invalid":true}`)
	if got := w.batchIs(t, id, record.Ended, 2); got.Counts != (api.BatchCounts{Videos: 4, Stored: 3, Failed: 1}) {
		t.Errorf("without the invalid line: %+v", got.Counts)
	}
	if again := w.sendBatch(t, "corrected boats", 5, strings.Join(lines, "\r\n")); again != id {
		t.Errorf("the corrected file is batch %s, not %s", again, id)
	}
	planned = w.batchIs(t, id, record.Planned, 3)
	if planned.Plan == nil || planned.Plan.Videos.New != 1 || planned.Plan.Videos.Resume != 1 || planned.Plan.Videos.Stored != 3 || planned.Plan.Wrong != 0 {
		t.Errorf("corrected, the plan is %+v", planned.Plan)
	}
	w.startBatch(t, id, "")
	if got := w.batchIs(t, id, record.Ended, 4); got.Counts != (api.BatchCounts{Videos: 5, Stored: 5}) {
		t.Errorf("corrected: %+v", got.Counts)
	}
	for _, item := range w.batchItems(t, id, 4) {
		w.stored(t, item.ID)
	}
	if sheet := w.sheet(t, id); len(sheet) != 5 {
		t.Errorf("the results have %d rows", len(sheet))
	}
}

// testBatchCancelled cancels a batch that makes one video at once, while that is generated. It is
// stored, and no other is ever submitted.
func (w *world) testBatchCancelled(t *testing.T) {
	lines := []string{"prompt"}
	for i := range 4 {
		lines = append(lines, w.prompt(fmt.Sprintf("paper boat %d of a file that is cancelled", i)))
	}
	id := w.sendBatch(t, "cancelled boats", 1, strings.Join(lines, "\n"))
	w.batchIs(t, id, record.Planned, 1)
	items := w.batchItems(t, id, 1)
	for _, item := range items {
		w.doom(item.ID, script.Fate{Outcome: script.OutcomeNever})
	}
	submitted := func() (ids []string) {
		for _, item := range items {
			if len(w.creates(item.ID)) > 0 {
				ids = append(ids, item.ID)
			}
		}
		return ids
	}
	w.startBatch(t, id, "{}")
	await(t, "a generation", func() bool { return w.batchIs(t, id, record.Running, 2).Counts.Running == 1 })
	for _, item := range items {
		if !slices.Contains(submitted(), item.ID) {
			continue
		}
		// Whoever else looks after the line waits for the execution that runs its job.
		var next batches.Next
		err := w.batchStep(t, batches.Task{Step: batches.StepLine, Input: batches.Input{Batch: id, Run: 2}, Item: item}, &next)
		if err != nil || next.Do != batches.DoWait {
			t.Errorf("a line that is running: %+v, %v", next, err)
		}
	}
	if status, _, reply := call(t, http.MethodPost, w.stack.API+api.PathOf(api.BatchStartPath, id), w.stack.Token, "{}"); status != http.StatusConflict {
		t.Errorf("started while it runs: %d, %s", status, reply)
	}
	got := ask[api.BatchCancelled](w, t, http.StatusOK, http.MethodDelete, api.PathOf(api.BatchPath, id))
	if got.Batch.Status != string(record.Cancelled) || got.Submitted != 1 || got.Done != 0 || got.Cancelled+got.Left+got.Batch.Counts.New != 3 {
		t.Errorf("cancelled: %+v", got)
	}
	for _, job := range submitted() {
		w.complete(t, job)
	}
	await(t, "the end of what was submitted", func() bool {
		c := w.batchIs(t, id, record.Cancelled, 2).Counts
		return c.Stored == 1 && c.Waiting+c.Running == 0
	})
	if ids := submitted(); len(ids) != 1 {
		t.Fatalf("submitted are %q", ids)
	}
	w.stored(t, submitted()[0])
	if sheet := w.sheet(t, id); len(sheet) != 4 {
		t.Errorf("the results have %d rows", len(sheet))
	}
	counts := ask[api.Batch](w, t, http.StatusOK, http.MethodGet, api.PathOf(api.BatchPath, id)).Counts
	if counts.Cancelled+counts.New != 3 || counts.Failed != 0 {
		t.Errorf("the counts are %+v", counts)
	}
	if again := ask[api.BatchCancelled](w, t, http.StatusOK, http.MethodDelete, api.PathOf(api.BatchPath, id)); again.Left != 0 || again.Cancelled != counts.Cancelled {
		t.Errorf("cancelled again: %+v", again)
	}
}

// testBatchOfMany sends a file of 300 lines. Each becomes one video, which is charged once, and
// has one line in the results.
func (w *world) testBatchOfMany(t *testing.T) {
	const many = 300
	boat := w.prompt("a paper boat of a file of many")
	lines := []string{"prompt,label"}
	for i := range many {
		lines = append(lines, fmt.Sprintf("%s: boat %d,boat %d", boat, i, i))
	}
	id := w.sendBatch(t, "many boats", 30, strings.Join(lines, "\n"))
	if planned := w.batchIs(t, id, record.Planned, 1); planned.Plan == nil || planned.Plan.Videos.New != many || planned.Plan.Wrong != 0 {
		t.Fatalf("the plan is %+v", planned.Plan)
	}
	w.startBatch(t, id, "{}")
	// Each wait is for some more of them, so that a slow machine only takes longer.
	for stored := int64(10); stored <= many; stored += 10 {
		await(t, fmt.Sprintf("%d videos of %d", stored, many), func() bool {
			got := ask[api.Batch](w, t, http.StatusOK, http.MethodGet, api.PathOf(api.BatchPath, id))
			return got.Counts.Stored >= stored || got.Status == string(record.Ended)
		})
	}
	if got := w.batchIs(t, id, record.Ended, 2); got.Counts != (api.BatchCounts{Videos: many, Stored: many}) || got.Money.Reserved != "0" || got.Money.Uncertain != "0" {
		t.Errorf("%+v, %+v", got.Counts, got.Money)
	}
	results, err := charges.Read(bytes.NewReader(w.object(t, objectkey.BatchResults(id, api.BatchJSONL))))
	if err != nil {
		t.Fatal(err)
	}
	var made []sim.Generation
	for _, g := range w.provider.Ledger().Generations {
		if strings.Contains(string(g.Request), boat) {
			made = append(made, g)
		}
	}
	if got, want := charges.Compare(results, made), (charges.Verdict{Lines: many, Done: many}); got != want {
		t.Errorf("the results and the charges: %+v", got)
	}
	for i, r := range results {
		if r.Line != i+2 || r.Label != fmt.Sprintf("boat %d", i) {
			t.Fatalf("result %d is of line %d, %q", i, r.Line, r.Label)
		}
	}
}
