package faults

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// most is how many of a job's calls of a kind may fail in these tests.
const most = 6

func menu() []Fault[int] {
	return []Fault[int]{{Name: "503", Weight: 3, Do: 503}, {Name: "503, for long", Weight: 1, Burst: LongestBurst, Do: 503}, {Name: "reset", Weight: 2}}
}

// The faults of a job depend only on its own calls, whatever the order of the jobs' calls.
func TestPlanKnowsNoTime(t *testing.T) {
	const jobs, calls = 300, 10
	one, other := New(7, 0.3), New(7, 0.3)
	name := func(i int) string { return fmt.Sprint("api-", i) }
	for i := range jobs {
		for range calls {
			Next(one, "read", name(i), most, menu())
		}
	}
	for range calls {
		for i := range jobs {
			Next(other, "read", name(jobs-1-i), most, menu())
		}
	}
	met, same := 0, 0
	third := New(8, 0.3)
	for i := range jobs {
		a, b := one.Met(name(i)), other.Met(name(i))
		if !slices.Equal(a, b) {
			t.Fatalf("%s met %v, and then %v", name(i), a, b)
		}
		if len(a) > most {
			t.Errorf("%s met %d faults", name(i), len(a))
		}
		met += len(a)
		for range calls {
			Next(third, "read", name(i), most, menu())
		}
		if slices.Equal(a, third.Met(name(i))) {
			same++
		}
	}
	if met == 0 || same > jobs/2 {
		t.Errorf("%d faults, and %d jobs meet the same with another seed", met, same)
	}
}

func TestPlanFailsTheShareOfCalls(t *testing.T) {
	p := New(1, 0.2)
	n, failed := 20000, 0
	for i := range n {
		if pick(p, "create", fmt.Sprint("job-", i), 1, menu()) != nil {
			failed++
		}
	}
	if got := float64(failed) / float64(n); math.Abs(got-0.2) > 0.01 {
		t.Errorf("a share of %v fails", got)
	}
	if New(1, 0).Trait("job") == Never || pick(New(1, 0), "create", "job", 1, menu()) != nil {
		t.Error("something fails without faults")
	}
}

func TestPlanOfTheFirstCall(t *testing.T) {
	const certain = "reset"
	p := New(1, 0)
	p.First["download"] = certain
	for i := range 100 {
		job := fmt.Sprint("job-", i)
		if f := Next(p, "download", job, most, menu()); f == nil || f.Name != certain {
			t.Fatalf("the first download of %s meets %v", job, f)
		}
		if f := Next(p, "download", job, most, menu()); f != nil {
			t.Fatalf("the second download of %s meets %v", job, f)
		}
		if f := Next(p, "create", job, most, menu()); f != nil {
			t.Fatalf("the first submission of %s meets %v", job, f)
		}
	}
}

// Calls of no job count in turns of their owner, which meets their faults.
func TestTurns(t *testing.T) {
	p := New(1, 0)
	p.First["read"] = "reset"
	for i, want := range []string{"film-1/0", "film-1/0", "film-1/1", "film-1/1"} {
		if got := p.Turn("read", "film-1", 2); got != want || Owner(got) != "film-1" {
			t.Errorf("call %d is of %s, want %s", i, got, want)
		}
		Next(p, "read", want, most, menu())
	}
	if got := p.Turn("read", "film-2", 2); got != "film-2/0" || Owner("job-1") != "job-1" {
		t.Errorf("another's call is of %s", got)
	}
	if met := p.Met("film-1"); len(met) != 2 {
		t.Errorf("it met %v", met)
	}
}
