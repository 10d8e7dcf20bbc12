package store

import (
	"bytes"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/takeup/takeup/test/bench/store/gateway"
	"github.com/takeup/takeup/test/bench/store/gauge"
)

var update = flag.Bool("update", false, "write the golden files")

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		numbers []float64
		want    float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1}, 5},
		{[]float64{5, 100, 1}, 5},
		{[]float64{4, 1, 3, 2}, 2.5},
		{[]float64{5, 4, 3, 2, 1}, 3},
	} {
		if got := median(c.numbers); got != c.want {
			t.Errorf("%v: %v", c.numbers, got)
		}
	}
}

func TestMeasured(t *testing.T) {
	got := measured(gauge.Usage{Wall: 1500 * time.Millisecond, CPU: 250 * time.Millisecond, PeakKiB: 2560}, 7)
	if want := (figures{wall: 1.5, cpu: 0.25, peak: 2.5, requests: 7}); got != want {
		t.Errorf("%v", got)
	}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		usage gauge.Usage
		found gateway.Content
		want  outcome
	}{
		{gauge.Usage{}, gateway.Whole, right},
		{gauge.Usage{}, gateway.Other, wrong},
		{gauge.Usage{}, gateway.Absent, wrong},
		{gauge.Usage{Exit: 1}, gateway.Whole, denied},
		{gauge.Usage{Exit: 1}, gateway.Other, left},
		{gauge.Usage{Exit: 1}, gateway.Absent, refused},
		{gauge.Usage{Exit: 1, Hung: true}, gateway.Absent, hung},
		{gauge.Usage{Exit: 1, Hung: true}, gateway.Whole, hung},
		{gauge.Usage{Exit: 1, Hung: true}, gateway.Other, left},
	} {
		if got := judge(c.usage, c.found); got != c.want {
			t.Errorf("%+v with %d stored: %s", c.usage, c.found, got)
		}
	}
}

// run returns the figures of a run.
func run(seconds, used, held, asked float64) figures {
	return figures{wall: seconds, cpu: used, peak: held, requests: asked}
}

// example is a report in which ours is ahead in some metrics and behind in others.
func example() *report {
	return &report{
		tools: []string{ours, "curl | tool", "other"},
		rows: []row{
			{mib: 64, runs: map[string][]figures{
				ours:          {run(1, 0.5, 20, 1), run(3, 0.7, 23.4, 1), run(2, 0.6, 21, 1)},
				"curl | tool": {run(4, 0.5, 30, 1), run(4, 0.5, 30, 1), run(4, 0.5, 30, 1)},
				"other":       {run(5, 1, 60, 1), run(5, 1, 60, 1), run(5, 1, 60, 1)},
			}},
			{mib: 1024, runs: map[string][]figures{
				ours: {run(10, 4, 22, 1)}, "curl | tool": {run(20, 5, 32, 1)}, "other": {run(8, 8, 60, 1)},
			}},
			{mib: 64, capped: true, runs: map[string][]figures{
				ours: {run(1, 9, 21, 8)}, "curl | tool": {run(8, 1, 30, 1)}, "other": {run(8.1, 1, 60, 1)},
			}},
			{mib: 1024, capped: true, runs: map[string][]figures{
				ours: {run(20, 9, 24, 128)}, "curl | tool": {run(128, 5, 32, 1)}, "other": {run(160, 8, 60, 1)},
			}},
		},
		faults: []faulty{
			{faultRow{title: "cut", want: refused}, map[string]outcome{ours: refused, "curl | tool": wrong, "other": left}},
			{faultRow{title: "stalls", want: right}, map[string]outcome{ours: refused, "curl | tool": hung, "other": right}},
		},
	}
}

// The worst of each metric: the peak of any run, and the others over the medians of all videos.
func TestLast(t *testing.T) {
	want := "peak_mib=24.0 peak_ratio=0.750 capped_ratio=0.156 uncapped_ratio=1.250 cpu_ratio=1.200 faults_right=1/2"
	if got := example().last(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// What wasn't measured is NaN.
func TestLastOfNothing(t *testing.T) {
	want := "peak_mib=0.0 peak_ratio=NaN capped_ratio=NaN uncapped_ratio=NaN cpu_ratio=NaN faults_right=0/0"
	if got := (&report{}).last(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestWrite(t *testing.T) {
	var out bytes.Buffer
	if err := example().write(&out); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/report.md"
	if *update {
		if err := os.WriteFile(golden, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("got\n%s\nwant\n%s\nrun the test with -update if that is right", out.Bytes(), want)
	}
}
