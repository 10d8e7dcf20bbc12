package world

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/test/chaos/faults"
)

// A run of the tests has batches of each kind, the same ones for the same seed, whose jobs all
// have an id of their own.
func TestBatchesOfARun(t *testing.T) {
	for _, n := range []int{1, 40, 1000} {
		var said [2]string
		for i := range said {
			jobs := NewJobs(n, Triggers)
			batches, err := NewBatches(faults.New(1, 0.2), jobs)
			if err != nil {
				t.Fatal(err)
			}
			ids, cancelled, forms, sheets := map[string]bool{}, 0, 0, 0
			for _, b := range batches {
				said[i] += fmt.Sprint(b.Name, b.ID, b.Form, b.Format, b.AtOnce, b.Cancelled, b.Resumed, len(b.Jobs), "\n")
				for _, j := range b.Jobs {
					if ids[j.ID] = true; j.Batch != b || j.ID == "" {
						t.Errorf("%s of %s has the id %q", j.Name, b.Name, j.ID)
					}
				}
				if len(b.Jobs) > mostBatch || b.AtOnce < 1 {
					t.Errorf("%s has %d jobs, %d at once", b.Name, len(b.Jobs), b.AtOnce)
				}
				if b.Cancelled {
					cancelled++
				}
				if b.Form {
					forms++
				}
				if b.Format == batchfile.CSV {
					sheets++
				}
			}
			of := 0
			for _, j := range jobs {
				if j.Trigger == ByBatch {
					of++
				}
			}
			if len(ids) != of {
				t.Errorf("%d of %d jobs have ids of their own", len(ids), of)
			}
			if n > 1 && (cancelled == 0 || cancelled == len(batches) || forms == 0 || forms == len(batches) || sheets == 0 || sheets == len(batches)) {
				t.Errorf("of %d batches of %d jobs, %d are cancelled, %d come by forms, %d are sheets", len(batches), n, cancelled, forms, sheets)
			}
		}
		if said[0] != said[1] {
			t.Errorf("the same seed has\n%s, and then\n%s", said[0], said[1])
		}
	}
}

// A file has a line for each prompt, and its first one makes two videos.
func TestFileOfABatch(t *testing.T) {
	b := &Batch{Name: "film-0", Format: batchfile.CSV, Jobs: NewJobs(3, Triggers)}
	file, err := b.File()
	if want := "prompt,duration,n\n\"" + CanaryPrompt + "api-0\",5,2\n\"" + CanaryPrompt + "batch-2\",5,1\n"; err != nil || string(file) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, file, want)
	}
	b.Format = batchfile.JSONL
	if file, err := b.File(); err != nil || bytes.Count(file, []byte("\n")) != 2 {
		t.Errorf("%v\n%s", err, file)
	}
}
