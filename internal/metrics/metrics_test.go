package metrics_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/metrics"
	"github.com/takeup/takeup/internal/video/report"
)

func TestTable(t *testing.T) {
	seen, dimensions, size := map[metrics.Name]bool{}, map[string]bool{"Stack": true}, 0
	for _, m := range metrics.Table() {
		// A line has one value of a dimension.
		if dimensions[m.Dimension] {
			t.Errorf("%s has the dimension of another metric", m.Name)
		}
		dimensions[m.Dimension] = m.Dimension != ""
		if seen[m.Name] || m.Unit == "" || m.By == "" || m.Meaning == "" || (m.Dimension == "") != (len(m.Values) == 0) {
			t.Errorf("%+v", m)
		}
		seen[m.Name] = true
		size += m.Size()
	}
	if size > metrics.Most {
		t.Errorf("a stack has %d metrics, want at most %d", size, metrics.Most)
	}
	for _, kind := range metrics.HeldKinds() {
		if !slices.Contains(report.WaitKinds(), report.WaitKind(kind)) {
			t.Errorf("%s is no kind of wait", kind)
		}
	}
}

func TestEmit(t *testing.T) {
	emit := func(values ...metrics.Value) (string, error) {
		var out strings.Builder
		err := metrics.Meter{Out: &out, Stack: "takeup", Now: func() time.Time { return time.UnixMilli(7) }}.Emit(values...)
		return out.String(), err
	}
	got, err := emit(
		metrics.Value{Name: metrics.Endings, Of: metrics.Stored, N: 1}, metrics.Value{Name: metrics.TimeToStored, N: 80.5},
		metrics.Value{Name: metrics.Endings, Of: "OutOfCredits", N: 1}, metrics.Value{Name: metrics.CapUsed, Of: metrics.CapDay, N: 90},
	)
	want := `{"Cap":"day","CapUsed":90,"Endings":1,"Outcome":"stored","Stack":"takeup","TimeToStored":80.5,"_aws":{"CloudWatchMetrics":[` +
		`{"Namespace":"Takeup","Dimensions":[["Stack","Outcome"]],"Metrics":[{"Name":"Endings","Unit":"Count"}]},` +
		`{"Namespace":"Takeup","Dimensions":[["Stack"]],"Metrics":[{"Name":"TimeToStored","Unit":"Seconds"}]},` +
		`{"Namespace":"Takeup","Dimensions":[["Stack","Cap"]],"Metrics":[{"Name":"CapUsed","Unit":"Percent"}]}],"Timestamp":7},"msg":"metrics"}` + "\n" +
		`{"Endings":1,"Outcome":"OutOfCredits","Stack":"takeup","_aws":{"CloudWatchMetrics":[` +
		`{"Namespace":"Takeup","Dimensions":[["Stack","Outcome"]],"Metrics":[{"Name":"Endings","Unit":"Count"}]}],"Timestamp":7},"msg":"metrics"}` + "\n"
	if err != nil || got != want {
		t.Errorf("%v, wrote\n%s\nwant\n%s", err, got, want)
	}
	for _, v := range []metrics.Value{
		{Name: "Ending"}, {Name: metrics.Endings}, {Name: metrics.Endings, Of: "Lambda.Unknown"}, {Name: metrics.Polls, Of: "stored"},
	} {
		got, err := emit(v, metrics.Value{Name: metrics.Polls, N: 1})
		if unknown := (*metrics.Unknown)(nil); !errors.As(err, &unknown) || strings.Count(got, "\n") != 1 {
			t.Errorf("%+v: %v, wrote %q", v, err, got)
		}
	}
}
