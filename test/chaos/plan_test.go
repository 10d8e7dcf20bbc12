package chaos

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"
)

// What a job meets depends on its own calls only, in whichever order the jobs'
// calls come.
func TestPlanKnowsNoTime(t *testing.T) {
	const jobs, calls = 300, 10
	one, other := newPlan(7, 0.3), newPlan(7, 0.3)
	name := func(i int) string { return fmt.Sprint("api-", i) }
	for i := range jobs {
		for range calls {
			next(one, "s3 get entry", name(i), mostFaults, s3Reads)
		}
	}
	for range calls {
		for i := range jobs {
			next(other, "s3 get entry", name(jobs-1-i), mostFaults, s3Reads)
		}
	}
	met, same := 0, 0
	third := newPlan(8, 0.3)
	for i := range jobs {
		a, b := one.met(name(i)), other.met(name(i))
		if !slices.Equal(a, b) {
			t.Fatalf("%s met %v, and then %v", name(i), a, b)
		}
		if len(a) > mostFaults {
			t.Errorf("%s met %d faults", name(i), len(a))
		}
		met += len(a)
		for range calls {
			next(third, "s3 get entry", name(i), mostFaults, s3Reads)
		}
		if slices.Equal(a, third.met(name(i))) {
			same++
		}
	}
	if met == 0 || same > jobs/2 {
		t.Errorf("%d faults, and %d jobs meet the same with another seed", met, same)
	}
}

func TestPlanFailsTheShareOfCalls(t *testing.T) {
	p := newPlan(1, 0.2)
	n, failed := 20000, 0
	for i := range n {
		if pick(p, "create", fmt.Sprint("job-", i), 1, createFaults) != nil {
			failed++
		}
	}
	if got := float64(failed) / float64(n); math.Abs(got-0.2) > 0.01 {
		t.Errorf("a share of %v fails", got)
	}
	if newPlan(1, 0).trait("job") == never || pick(newPlan(1, 0), "create", "job", 1, createFaults) != nil {
		t.Error("something fails without faults")
	}
}

func TestPlanOfTheFirstCall(t *testing.T) {
	const certain = "cut, without a length"
	p := newPlan(1, 0)
	p.first["download"] = certain
	for i := range 100 {
		job := fmt.Sprint("job-", i)
		if f := next(p, "download", job, mostDownloads, downloadFaults); f == nil || f.name != certain {
			t.Fatalf("the first download of %s meets %v", job, f)
		}
		if f := next(p, "download", job, mostDownloads, downloadFaults); f != nil {
			t.Fatalf("the second download of %s meets %v", job, f)
		}
		if f := next(p, "create", job, mostCreates, createFaults); f != nil {
			t.Fatalf("the first submission of %s meets %v", job, f)
		}
	}
}

func TestSpoilLeavesAJobOut(t *testing.T) {
	page := []byte(`{"data":[{"client_request_id":"a.1","status":"succeeded"},{"client_request_id":"b.1"},{"client_request_id":null}],"pagination":{"total":3,"has_more":false}}`)
	for _, test := range []struct {
		do     records
		rows   int
		naming int
	}{{records{short: true}, 2, 1}, {records{nameless: true}, 3, 1}} {
		var got struct {
			Data []struct {
				ID *string `json:"client_request_id"`
			}
			Pagination struct{ Total int }
		}
		if err := json.Unmarshal(spoil(page, "a", test.do), &got); err != nil {
			t.Fatal(err)
		}
		naming := 0
		for _, row := range got.Data {
			if row.ID != nil {
				naming++
			}
		}
		if len(got.Data) != test.rows || naming != test.naming || got.Pagination.Total != 3 {
			t.Errorf("%+v: %d rows, %d with a name, of %d", test.do, len(got.Data), naming, got.Pagination.Total)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	good := Options{Jobs: 1, UnderWay: 1, Faults: 0.5}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for _, bad := range []Options{{}, {Jobs: 1, UnderWay: 1, Faults: 1}, {Jobs: 1, UnderWay: 1000}, {Jobs: 1, UnderWay: 1, Faults: math.NaN()}, {Jobs: 1, UnderWay: 1, FirstDownload: "no such fault"}} {
		if bad.Check() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

// Executions are stopped at every stage, and the same ones with the same seed; their
// events meet everything that events meet.
func TestPlanOfStopsAndEvents(t *testing.T) {
	p, same := newPlan(1, 0.2), newPlan(1, 0.2)
	at, met := map[string]int{}, map[string]int{}
	n := 3000
	for i := range n {
		job := fmt.Sprint("job-", i)
		got, ok := stopOf(p, job, 0)
		if again, also := stopOf(same, job, 0); got != again || ok != also {
			t.Fatalf("%s is stopped at %+v, and then at %+v", job, got, again)
		}
		if ok {
			at[got.kind]++
		}
		if f := eventFault(p, job, 1); f != nil {
			met[f.name]++
		}
	}
	for _, stage := range stages {
		if at[stage.kind] == 0 {
			t.Errorf("none is stopped at %s", stage.kind)
		}
	}
	for _, f := range deliveries {
		if met[f.name] == 0 {
			t.Errorf("no event is %s", f.name)
		}
	}
	calm := newPlan(1, 0)
	if _, ok := stopOf(calm, "job", 0); ok || eventFault(calm, "job", 1) != nil {
		t.Error("something happens without faults")
	}
}
