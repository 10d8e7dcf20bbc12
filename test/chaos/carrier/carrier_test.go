package carrier

import (
	"fmt"
	"testing"

	"github.com/takeup/takeup/test/chaos/faults"
)

// Events meet every fault of events.
func TestPlanOfEvents(t *testing.T) {
	p := faults.New(1, 0.2)
	met := map[string]int{}
	for i := range 3000 {
		if f := eventFault(p, "status event", fmt.Sprint("job-", i), 1); f != nil {
			met[f.Name]++
		}
	}
	for _, f := range deliveries {
		if met[f.Name] == 0 {
			t.Errorf("no event is %s", f.Name)
		}
	}
	if eventFault(faults.New(1, 0), "status event", "job", 1) != nil {
		t.Error("something happens without faults")
	}
}
