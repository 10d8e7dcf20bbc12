package drive

import (
	"fmt"
	"testing"

	"github.com/takeup/takeup/test/chaos/faults"
	"github.com/takeup/takeup/test/chaos/world"
)

// Executions are stopped at every stage, the same ones for the same seed.
func TestPlanOfStops(t *testing.T) {
	p, same := faults.New(1, 0.2), faults.New(1, 0.2)
	at := map[string]int{}
	for i := range 3000 {
		job := fmt.Sprint("job-", i)
		got, ok := stopOf(p, job, 0)
		if again, also := stopOf(same, job, 0); got != again || ok != also {
			t.Fatalf("%s is stopped at %+v, and then at %+v", job, got, again)
		}
		if ok {
			at[got.kind]++
		}
	}
	for _, stage := range stages {
		if at[stage.kind] == 0 {
			t.Errorf("none is stopped at %s", stage.kind)
		}
	}
	if _, ok := stopOf(faults.New(1, 0), "job", 0); ok {
		t.Error("something is stopped without faults")
	}
}

// The runs of batches are stopped at every stage, unless one of their jobs can't be.
func TestPlanOfBatchStops(t *testing.T) {
	p := faults.New(1, 0.2)
	at := map[string]int{}
	for i := range 3000 {
		b := &world.Batch{Name: fmt.Sprint("film-", i), Jobs: []*world.Job{{Name: "plain"}}}
		if s, ok := batchStopOf(p, b, 0); ok {
			at[s.kind]++
		}
	}
	for _, stage := range batchStages {
		if at[stage.kind] == 0 {
			t.Errorf("none is stopped at %s", stage.kind)
		}
	}
	calm := ""
	for i := 0; calm == ""; i++ {
		if name := fmt.Sprint("job-", i); p.Calm(name) {
			calm = name
		}
	}
	for i := range 100 {
		if _, ok := batchStopOf(p, &world.Batch{Name: fmt.Sprint("film-", i), Jobs: []*world.Job{{Name: calm}}}, 0); ok {
			t.Fatal("a batch is stopped with a job whose submission can't be looked up")
		}
	}
}
