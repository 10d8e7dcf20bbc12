package cold

import (
	"context"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/test/harness/lambdas"
)

// TestMain also serves as the function of TestStart, which starts the test binary as a process.
func TestMain(m *testing.M) {
	switch os.Getenv("START_AS") {
	case "asking":
		response, err := http.Get("http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/next")
		if err == nil {
			err = response.Body.Close()
		}
		panic(err) // unreachable: it is killed before
	case "failing":
		_, _ = os.Stdout.WriteString("no settings")
		os.Exit(3)
	case "waiting":
		select {}
	}
	os.Exit(m.Run())
}

func self(t *testing.T, as string) program {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return program{name: as, path: path, env: map[string]string{"START_AS": as}}
}

func TestStart(t *testing.T) {
	s, err := self(t, "asking").start(t.Context())
	if err != nil || s.took <= 0 || s.peak < 1<<20 {
		t.Errorf("it took %s and %d bytes, %v", s.took, s.peak, err)
	}
	_, err = self(t, "failing").start(t.Context())
	var early *EndedEarly
	if !errors.As(err, &early) || early.Said != "no settings" {
		t.Errorf("one that ends at once: %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := self(t, "waiting").start(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("one that never asks: %v", err)
	}
	if _, err := (program{path: "/nowhere"}).start(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("one that isn't there: %v", err)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []int64
		want   int64
	}{
		{[]int64{7}, 7},
		{[]int64{9, 1, 5}, 5},
		{[]int64{10, 2, 4, 1000}, 7},
	} {
		if got := median(c.values); got != c.want {
			t.Errorf("the median of %v is %d, want %d", c.values, got, c.want)
		}
	}
}

func TestWrite(t *testing.T) {
	starts := []start{{3 * time.Millisecond, 9e6}, {9 * time.Millisecond, 8e6}, {4 * time.Millisecond, 10e6}}
	var b strings.Builder
	err := Write(&b, 3, []Measure{
		{Function: "bare", Size: 5e6, Start: 2 * time.Millisecond, Memory: 6e6},
		measure("api", 6e6, starts),
		measure("check", 8e6, starts[:1]),
	})
	const want = `medians of 3 starts each, in turn

   function   size, MB   start, ms   memory, MB
       bare       5.00        2.00         6.00
        api       6.00        4.00         9.00
      check       8.00        3.00         9.00

api size_ratio=1.200 start_ratio=2.000 memory_ratio=1.500
check size_ratio=1.600 start_ratio=1.500 memory_ratio=1.500
`
	if err != nil || b.String() != want {
		t.Errorf("%v, it writes\n%s", err, b.String())
	}
}

func TestNames(t *testing.T) {
	got := names(map[string]lambdas.Function{"submit": {}, "check": {}, "api": {}})
	if want := []string{"bare", "api", "submit", "check"}; !slices.Equal(got, want) {
		t.Errorf("the order is %v", got)
	}
}

// most returns the largest allowed size of each function, relative to the bare one. The times
// are only for the bench, on an otherwise idle machine.
func most() map[string]float64 {
	return map[string]float64{"check": 1.45, "submit": 1.485, "store": 1.7}
}

// The bench itself, as short as possible.
func TestRun(t *testing.T) {
	measures, err := Run(t.Context(), Options{Root: "../../..", StateDir: t.TempDir(), Starts: 1})
	if err != nil {
		t.Fatal(err)
	}
	if first, last := measures[0].Function, measures[len(measures)-1].Function; first != "bare" || last != "check" {
		t.Errorf("%s is first, and %s last", first, last)
	}
	for _, m := range measures {
		if m.Start <= 0 || m.Memory <= 0 || m.Size < measures[0].Size {
			t.Errorf("%+v", m)
		}
		if bound, ok := most()[m.Function]; ok && ratio(m.Size, measures[0].Size) > bound {
			t.Errorf("%s has %d bytes, more than %g times the bare one's %d", m.Function, m.Size, bound, measures[0].Size)
		}
	}
	if _, err := Run(t.Context(), Options{Root: "../../..", StateDir: t.TempDir()}); err == nil {
		t.Error("no start at all is no error")
	}
}
