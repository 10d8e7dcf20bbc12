package faults

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNames()
		began := time.Now()
		go func() {
			time.Sleep(time.Second)
			n.Add("late", "api-1")
		}()
		if name := n.Await(t.Context(), "late"); name != "api-1" || time.Since(began) > 2*time.Second {
			t.Errorf("it is named %q after %s", name, time.Since(began))
		}
		began = time.Now()
		for range 3 {
			if name := n.Await(t.Context(), "nobody"); name != "" {
				t.Errorf("nobody is named %q", name)
			}
		}
		if took := time.Since(began); took != patience {
			t.Errorf("three calls wait for %s, want %s together", took, patience)
		}
		n.Add("nobody", "api-2")
		if name := n.Await(t.Context(), "nobody"); name != "api-2" {
			t.Errorf("it is named %q", name)
		}
	})
}
