package verdict

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/dev/template/metricuse"
	"github.com/takeup/takeup/internal/metrics"
)

// What the code writes serves the uses of it, and no others.
func TestMetered(t *testing.T) {
	var out strings.Builder
	meter := metrics.Meter{Out: &out, Stack: stack.StackName, Now: time.Now}
	if err := meter.Emit(metrics.Value{Name: metrics.Polls, N: 3}, metrics.Value{Name: metrics.CapUsed, Of: metrics.CapDay, N: 0}); err != nil {
		t.Fatal(err)
	}
	seen := emittedBy(out.String())
	const own = "${AWS::StackName}"
	for _, test := range []struct {
		name       string
		dimensions map[string]string
		want       bool
	}{
		{"Polls", map[string]string{"Stack": own}, true},
		{"Polls", map[string]string{"Stack": "another"}, false},
		{"Polls", map[string]string{"Stack": own, "Cap": "day"}, false},
		{"CapUsed", map[string]string{"Stack": own, "Cap": "day"}, true},
		{"CapUsed", map[string]string{"Stack": own, "Cap": metricuse.Any}, true},
		{"CapUsed", map[string]string{"Stack": own, "Cap": "month"}, false},
		{"CapUsed", map[string]string{"Stack": own}, false},
		{"Failed", map[string]string{"Stack": own}, false},
	} {
		use := metricuse.Use{Name: test.name, Dimensions: test.dimensions}
		if got := slices.ContainsFunc(seen, func(e emitted) bool { return serves(e, use) }); got != test.want {
			t.Errorf("%s by %v was emitted: %v", test.name, test.dimensions, got)
		}
	}
	if got := emittedBy(`{"msg":"outbox","Polls":3}`); len(got) > 0 {
		t.Errorf("a plain line emits %v", got)
	}
}
