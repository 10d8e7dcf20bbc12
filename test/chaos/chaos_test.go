package chaos

import (
	"testing"

	"github.com/takeup/takeup/test/chaos/verdict"
	"github.com/takeup/takeup/test/chaos/world"
)

func TestChaos(t *testing.T) {
	result, err := Run(t.Context(), world.Options{
		Root: "../..", StateDir: "../../.takeup/chaos-test",
		Jobs: 40, Seed: 1, Faults: 0.2, InFlight: 40, Times: world.ShortTimes(), Output: t.Output(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := result.Write(t.Output()); err != nil {
		t.Fatal(err)
	}
	if !result.Kept() || result.Count(verdict.Unresolved) > 0 {
		t.Error(result.Last())
	}
	if result.Faults() < 40 {
		t.Errorf("only %d faults were injected", result.Faults())
	}
}
