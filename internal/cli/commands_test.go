package cli

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/apitest"
	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/cli/clitest"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// TestCommands runs command lines against a fake API that has a job in each state. It checks
// their output on both streams, and the exit status.
func TestCommands(t *testing.T) {
	for _, test := range []struct {
		name  string
		lines []string
	}{
		{"list", []string{"list", "list --limit 2", "list --all --status error", "list --status cancelled", "list --limit 1 --json"}},
		{"list-filters", []string{
			"list --status running", "list --model kling-video/v1/pro/text-to-video --status completed", "list --model klingai/video-v3-pro-text-to-video",
			"list --since 7d --status error", "list --search BOAT --limit 1", "list --search boat --limit 1 --json --status cancelled", "list --search submarine --all",
		}},
		{"list-refused", []string{"list --since soon", "list --since 0h", "list --since -3d", "list --status bad", "list --limit 0", "list --limit 1 --all", "list x"}},
		{"get-webhook", []string{"generate boat --webhook https://hooks.example.com/s3cret --no-wait", "get api-9"}},
		{"get-metadata", []string{"generate boat --metadata scene=7 --metadata project=boats\u202e --no-wait", "get api-9"}},
		{"get", []string{"get stored", "get poor", "get running", "get waiting", "get stored --json", "get nobody", "get a/b"}},
		{"get-wait", []string{"get poor --wait", "get late --wait --json"}},
		{"download", []string{"download stored", "download stored late -o there.mp4", "download late -o .", "download poor", "download poor --json", "download running --no-wait", "download stored -o -"}},
		{"cancel", []string{"cancel waiting", "cancel running", "cancel running --discard", "cancel stored --discard", "cancel nobody waiting a/b --json"}},
		{"retry", []string{"retry waiting", "retry stored", "retry nobody waiting a/b --json"}},
		{"forget", []string{"forget running", "forget stored nobody", "get stored", "forget stored --json"}},
		{"models", []string{"models", "models kling-video/v1/pro/text-to-video", "models klingai/video-v3-pro-text-to-video", "models kling", "models --json"}},
		{"estimate", []string{"estimate", "estimate --duration 10 a-boat", "estimate --duration 10 --json", "estimate --duration 7", "estimate -m klingai/video-v3-pro-text-to-video --duration 12"}},
		{"redrive", []string{"redrive poor", "redrive", "redrive --all poor", "redrive moderated", "redrive nobody", "redrive poor-r1"}},
		{"redrive-wait", []string{"redrive poor nobody --wait"}},
		{"redrive-all", []string{"redrive --all --json", "redrive --all"}},
		{"doctor", []string{"doctor", "doctor --json"}},
		{"target", []string{"list --url x --token y", "list --stack a --url http://x --token y", "list --url http://x --token y", "list --url x --token y", "list --region eu-west-1 --token x", "reconcile", "pause", "resume", "list --url http://x --token"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var printed strings.Builder
			here, err := filepath.Abs(".")
			if err != nil {
				t.Fatal(err)
			}
			w, f := withAPI(t)
			addJobs(t, f)
			for _, line := range test.lines {
				w.Out.Reset()
				w.Err.Reset()
				status := w.run(t.Context(), strings.Fields(line)...)
				fmt.Fprintf(&printed, "$ takeup %s\n%s", line, &w.Out)
				if w.Err.Len() > 0 {
					fmt.Fprintf(&printed, "(standard error)\n%s", &w.Err)
				}
				fmt.Fprintf(&printed, "(%d)\n\n", status)
			}
			text := strings.ReplaceAll(printed.String(), f.URL, "http://api")
			if strings.Contains(text, apitest.Token) {
				t.Error("the output contains the token")
			}
			t.Chdir(here)
			clitest.Golden(t, test.name, text)
		})
	}
}

// addJobs adds a job in each state to the fake. "stored" is the newest.
func addJobs(t *testing.T, f *apitest.Server) {
	t.Helper()
	boat := clitest.Request(t, "a paper boat\ncrosses a flooded\u202e street, "+strings.Repeat("slowly ", 10))
	f.Add("discarded", boat, f.Without("discarded", boat, video.StateDiscarded, "Discarded", "it was discarded", true))
	f.Add("cancelled", boat, f.Without("cancelled", boat, video.StateCancelled, "Cancelled", "it was cancelled before it was submitted and nothing was paid", false))
	f.Add("moderated", boat, f.Without("moderated", boat, video.StateFailed, "GenerationFailed", "the provider ended it", false))
	f.Add("poor", boat, f.Without("poor", boat, video.StateFailed, "OutOfCredits", "top it up, then redrive the job", true))
	waiting, no, why := f.Video("waiting", boat, video.StateQueued), video.PaidNo, "concurrency limit"
	next, until := apitest.Created.Add(15*time.Second), apitest.Created.Add(24*time.Hour)
	waiting.Waiting = &api.Waiting{For: report.WaitRoom, Since: apitest.Created, NextAt: &next, Until: &until, LastError: &why, Paid: &no, Message: "The provider has no room. Nothing was paid."}
	f.Add("waiting", boat, waiting)
	f.Add("running", boat, f.Video("running", boat, video.StateGenerating), f.Video("running", boat, video.StateGenerating))
	late := f.Done("late", boat, "a late video")
	f.Add("late", boat, f.Video("late", boat, video.StateGenerating), late)
	f.Add("stored", boat, f.Done("stored", boat, "a video"))
}

func TestCompletion(t *testing.T) {
	w, f := withAPI(t)
	addJobs(t, f)
	for _, test := range []struct {
		line []string
		want string
	}{
		{[]string{"get", ""}, "stored\ta paper boat crosses a flooded street, …\nlate\t"},
		{[]string{"download", ""}, "stored\t"},
		{[]string{"generate", "--model", ""}, "kling-video/v1/pro/text-to-video\n"},
		{[]string{"generate", "--aspect-ratio", ""}, "16:9\n9:16\n1:1\n"},
		{[]string{"list", "--status", ""}, "cancelled\n"},
		{[]string{"re"}, "reconcile\t"},
	} {
		w.Out.Reset()
		if status := w.run(t.Context(), append([]string{"__complete"}, test.line...)...); status != 0 || !strings.Contains(w.Out.String(), test.want) {
			t.Errorf("%q offers %q, %d", test.line, w.Out.String(), status)
		}
	}
	addBatches(t, f)
	for line, want := range map[string]string{
		"show": "ended\tdone\nmixed\tdear\npaused\tpatient\n", "start": "wrong\ttypos\nplanned\tdear\n:4\n", "resume": "ended\tdone\nmixed\tdear\n:4\n",
		"watch": "paused\tpatient\nrunning\ta name that", "download": "ended\tdone\n",
	} {
		w.Out.Reset()
		if status := w.run(t.Context(), "__complete", "batch", line, ""); status != 0 || !strings.HasPrefix(w.Out.String(), want) {
			t.Errorf("batch %s offers %q, %d", line, w.Out.String(), status)
		}
	}
	f.Close()
	w.Out.Reset()
	if status := w.run(t.Context(), "__complete", "batch", "show", ""); status != 0 || w.Out.String() != ":4\n" {
		t.Errorf("without an API it offers %q, %d", w.Out.String(), status)
	}
	w.Out.Reset()
	if status := w.run(t.Context(), "__complete", "get", ""); status != 0 || w.Out.String() != ":4\n" {
		t.Errorf("without an API it offers %q, %d", w.Out.String(), status)
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		w.Out.Reset()
		if status := w.run(t.Context(), "completion", shell); status != 0 || !strings.Contains(w.Out.String(), "takeup") {
			t.Errorf("%s: %d", shell, status)
		}
	}
}

func TestCalledBy(t *testing.T) {
	for path, want := range map[string]string{
		"takeup": "takeup", ".takeup/bin/takeup": ".takeup/bin/takeup",
		filepath.Join(os.TempDir(), "go-build123", "b001", "exe", "takeup"): "go run ./cmd/takeup",
	} {
		if got := calledBy(path); got != want {
			t.Errorf("%s: the command name is %s", path, got)
		}
	}
	if got := (&command.Env{Name: "takeup"}).CommandLine("a", "it's", "", "x y"); got != `takeup a 'it'\''s' '' 'x y'` {
		t.Error(got)
	}
}

// While a job is being submitted, it isn't known whether it will be paid.
func TestCancelWaitsForTheSubmission(t *testing.T) {
	w, f := withAPI(t)
	addJobs(t, f)
	unknown := apitest.Answer(409, `{"message":"it is being submitted"}`, "Retry-After: 3")
	f.Fail(unknown, unknown)
	if status := w.run(t.Context(), "cancel", "waiting"); status != 0 || !slices.Equal(w.Slept, []time.Duration{3 * time.Second, 3 * time.Second}) {
		t.Errorf("got %d, slept %v, %s", status, w.Slept, &w.Err)
	}
	f.Fail(slices.Repeat([]http.HandlerFunc{unknown}, client.Attempts)...)
	if status := w.run(t.Context(), "cancel", "running"); status != exitFailed || !strings.Contains(w.Err.String(), "it is being submitted") {
		t.Errorf("got %d, %s", status, &w.Err)
	}
}
