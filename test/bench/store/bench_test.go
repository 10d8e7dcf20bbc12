package store

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/test/bench/store/source"
)

func TestOptionsAreChecked(t *testing.T) {
	if err := (Options{Runs: 5, Sizes: []int{64, 1024}, Rows: []Rows{Uncapped, Capped, Faults}}).Check(); err != nil {
		t.Error(err)
	}
	for _, bad := range []Options{{}, {Runs: 1}, {Runs: 1, Sizes: []int{0}}, {Runs: 0, Sizes: []int{1}}, {Runs: 1, Sizes: []int{1, 4096}}, {Runs: 1, Sizes: []int{1}, Rows: []Rows{"all"}}} {
		if bad.Check() == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}

// Every tool gets the URL, the bucket and the key, and no two have the same name.
func TestTools(t *testing.T) {
	all := tools(Programs{Rclone: "rclone", S5cmd: "s5cmd", AWS: "aws", Python: "python"}, "root", "bin", 900*time.Second)
	j := job{url: "http://127.0.0.1:1/0/video.mp4", bucket: "b-1", key: "k/v.mp4"}
	found := names(all)
	if found[0] != ours || len(slices.Compact(slices.Sorted(slices.Values(found)))) != len(found) {
		t.Errorf("tools %v", found)
	}
	for _, tool := range all {
		var line string
		for _, stage := range tool.stages(j) {
			if stage[0] == "" {
				t.Errorf("%s: a stage has no program", tool.name)
			}
			line += strings.Join(stage, " ") + " | "
		}
		wanted := []string{j.url, j.bucket, j.key}
		if tool.name == ours {
			wanted = []string{j.url, j.key, "15m0s"} // the bucket is in its environment
		}
		for _, want := range wanted {
			if !strings.Contains(line, want) {
				t.Errorf("%s: %s is not in %s", tool.name, want, line)
			}
		}
	}
}

// The possible outcomes of a fault row fit the source's behavior.
func TestFaultRows(t *testing.T) {
	rows, err := faults()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range rows {
		can := !f.offer.Fault.Plain && f.offer.Fault.Short == 0
		if (f.want == right) != can || f.offer.Fault == (source.Fault{}) || f.offer.Video.Size() != faultMiB*mib {
			t.Errorf("%s: %+v", f.title, f)
		}
	}
}

func TestSideBySide(t *testing.T) {
	all := []tool{{name: "a"}, {name: "b"}, {name: "c"}}
	got, err := sideBySide(t.Context(), all, time.Nanosecond, func(_ context.Context, t tool) (string, error) { return t.name, nil })
	if err != nil || !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("%v, %v", got, err)
	}
	// One that fails stops the others, also those that haven't begun.
	broken := errors.New("broken")
	_, err = sideBySide(t.Context(), all, time.Hour, func(context.Context, tool) (string, error) { return "", broken })
	if !errors.Is(err, broken) || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// The tools get nothing of the caller's environment but where programs are.
func TestEnvironment(t *testing.T) {
	t.Setenv("AWS_PROFILE", "somebody")
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	for _, variable := range environment("https://127.0.0.1:1", "ca.pem", t.TempDir()) {
		name, value, _ := strings.Cut(variable, "=")
		if name == "AWS_PROFILE" || name == "HTTPS_PROXY" || value == "" || name == "HOME" && !filepath.IsAbs(value) {
			t.Errorf("their environment is %s", variable)
		}
	}
}
