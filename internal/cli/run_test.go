package cli

import (
	"strings"
	"testing"
)

func TestLocalStackIsNeeded(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, test := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"list"}, exitUsage, "no stack is running in .takeup; `make up` starts one; for another stack give --stack or --url"},
		{[]string{"generate", "a boat"}, exitUsage, "no stack is running in .takeup"},
		{[]string{"reconcile"}, exitUsage, "no stack is running in .takeup"},
		{[]string{"down"}, 0, ""},
		{[]string{"up", "--port", "70000"}, exitUsage, "not a number from 0 to 65535"},
		{[]string{"up"}, exitFailed, "run this in Takeup's repository"},
		{[]string{"build", "--architecture", "mips"}, exitUsage, "arm64 or x86_64"},
	} {
		w := newShell(t)
		if status := w.run(t.Context(), test.args...); status != test.status || !strings.Contains(w.Err.String(), test.want) {
			t.Errorf("%q: got %d, %s", test.args, status, &w.Err)
		}
	}
}

// An invalid request is refused before a stack is started or the price is requested.
func TestRunRefusesAWrongRequest(t *testing.T) {
	t.Chdir(t.TempDir())
	w := newShell(t)
	w.Vars["PROMPT"], w.Vars["DURATION"], w.Vars["CFG_SCALE"], w.Vars["AIMLAPI_KEY"] = "a prompt", "7", "2", "k"
	if status := w.run(t.Context(), "run"); status != exitUsage || !strings.Contains(w.Err.String(), "\n  duration is") || !strings.Contains(w.Err.String(), "\n  cfg_scale is") {
		t.Errorf("got %d, %s", status, &w.Err)
	}
}
