package cli

import (
	"context"
	"encoding/json"
	"errors"
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
	"github.com/takeup/takeup/internal/cli/generate"
	"github.com/takeup/takeup/internal/cli/operate"
	devstack "github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/video"
)

// Piped output has one line for each event, and no line twice.
func TestGenerate(t *testing.T) {
	w, f := withAPI(t)
	f.Script = func(id string, r video.Request) []api.Video {
		states := []api.Video{}
		for _, status := range []video.State{video.StateQueued, video.StateQueued, video.StateGenerating, video.StateGenerating} {
			states = append(states, f.Video(id, r, status))
		}
		return append(states, f.Done(id, r, "a video"))
	}
	if status := w.run(t.Context(), "generate", `costs $5, "quoted"`); status != 0 || w.Err.Len() > 0 {
		t.Fatalf("got %d, %s", status, &w.Err)
	}
	if w.Out.String() != printed {
		t.Errorf("it printed\n%s\nwant\n%s", &w.Out, printed)
	}
	if got, err := os.ReadFile("api-1.mp4"); err != nil || string(got) != "a video" {
		t.Errorf("the file has %q, %v", got, err)
	}
	first := f.Calls()[0]
	if first.Body["prompt"] != `costs $5, "quoted"` || len(first.Key) != 32 {
		t.Errorf("it sent %+v", first)
	}
}

func TestGenerateJSON(t *testing.T) {
	w, f := withAPI(t)
	if status := w.run(t.Context(), "generate", "--json", "-o", "there/", "a boat"); status != 0 {
		t.Fatalf("got %d, %s", status, &w.Err)
	}
	var got generate.Saved
	if err := json.Unmarshal(w.Out.Bytes(), &got); err != nil || got.ID != "api-1" || got.File != filepath.Join("there", "api-1.mp4") || got.Manifest.Bytes != 7 {
		t.Errorf("it printed %s, %v", &w.Out, err)
	}
	if !strings.Contains(w.Err.String(), "  generating\n") {
		t.Errorf("standard error: %s", &w.Err)
	}
	w.Out.Reset()
	if status := w.run(t.Context(), "generate", "--json", "--no-wait", "--idempotency-key", "mine", "a boat"); status != 0 || w.Out.String() != "{\n  \"id\": \"api-2\",\n  \"status\": \"queued\"\n}\n" {
		t.Errorf("without waiting: %d, %s", status, &w.Out)
	}
	calls := f.Calls()
	if last := calls[len(calls)-1]; last.Key != "mine" {
		t.Errorf("it sent %+v", last)
	}
}

func TestGenerateNoWait(t *testing.T) {
	w, _ := withAPI(t)
	status := w.run(t.Context(), "generate", "--no-wait", "--output", "my videos/", "a boat")
	const back = "started; wait for the video and download it with\n  takeup download --output 'my videos/' api-1\n"
	if status != 0 || w.Out.String() != "api-1\n" || w.Err.String() != back {
		t.Errorf("got %d, %q, %q", status, &w.Out, &w.Err)
	}
	if status := w.run(t.Context(), "download", "--output", "my videos/", "api-1"); status != 0 {
		t.Errorf("printed as a command: %d, %s", status, &w.Err)
	}
	if _, err := os.Stat("my videos/api-1.mp4"); err != nil {
		t.Error(err)
	}
}

func TestGenerateFails(t *testing.T) {
	trouble := apitest.Answer(503, `{"message":"try again"}`)
	absent := apitest.Answer(404, `{"message":"there is no video with this id"}`)
	for _, test := range []struct {
		name   string
		args   []string
		set    func(*apitest.Server)
		want   []string
		status int
		calls  int
	}{
		{name: "a wrong field", args: []string{"--duration", "7", "a boat"}, want: []string{"nothing was sent or paid\n  duration is \"7\"; it takes 5 or 10"}, status: exitUsage},
		{
			name: "refused by the API", set: func(f *apitest.Server) { f.Fail(apitest.Answer(422, `{"message":"used for another request"}`)) },
			want: []string{"(422)", "used for another request"}, status: exitUsage, calls: 1,
		},
		{
			name: "not answered", set: func(f *apitest.Server) { f.Fail(slices.Repeat([]http.HandlerFunc{trouble}, 5)...) },
			want: []string{"(503)", "it is unknown whether the job was started", "--idempotency-key 7369787465656e206279746573206f6b", "paid once"}, status: exitFailed, calls: 5,
		},
		{
			name: "an outcome", set: func(f *apitest.Server) {
				f.Script = func(id string, r video.Request) []api.Video {
					return []api.Video{f.Without(id, r, video.StateFailed, "OutOfCredits", "top it up, then redrive the job", true)}
				}
			},
			want: []string{"job api-1 ended with OutOfCredits: top it up, then redrive the job"}, status: exitNoVideo, calls: 2,
		},
		{
			name: "it can't be watched", set: func(f *apitest.Server) {
				f.Fail(append([]http.HandlerFunc{apitest.Answer(200, `{"id":"api-9"}`)}, slices.Repeat([]http.HandlerFunc{trouble}, 5)...)...)
			},
			want: []string{"job api-9 keeps running, but can't be watched", "Wait for its video with\n  takeup download api-9"}, status: exitFailed, calls: 6,
		},
		{
			name: "the job never appears", set: func(f *apitest.Server) {
				f.Fail(append([]http.HandlerFunc{apitest.Answer(200, `{"id":"api-9"}`)}, slices.Repeat([]http.HandlerFunc{absent}, 16)...)...)
			},
			want: []string{"(404)"}, status: exitState, calls: 17,
		},
		{
			name: "a file that is missing", set: func(f *apitest.Server) { f.Serve("api-1", http.NotFound) },
			want: []string{"S3 answered 404"}, status: exitFailed, calls: 13,
		},
		{
			name: "a file that was deleted from the bucket", set: func(f *apitest.Server) { f.TakeOut("api-1") },
			want: []string{"taken out of the bucket"}, status: exitState, calls: 5,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, f := withAPI(t)
			if test.set != nil {
				test.set(f)
			}
			args := test.args
			if args == nil {
				args = []string{"a boat"}
			}
			status := w.run(t.Context(), append([]string{"generate"}, args...)...)
			if status != test.status || len(f.Calls()) != test.calls {
				t.Errorf("got %d with %d calls, want %d with %d", status, len(f.Calls()), test.status, test.calls)
			}
			for _, words := range test.want {
				if !strings.Contains(w.Err.String(), words) {
					t.Errorf("it says %q, without %q", &w.Err, words)
				}
			}
			if strings.Contains(w.Err.String(), apitest.Signature) || strings.Contains(w.Err.String(), apitest.Token) {
				t.Errorf("a secret is in %q", &w.Err)
			}
			if left, err := filepath.Glob("*"); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// A job that was just started may not be known everywhere.
func TestGenerateToleratesNotFoundAtFirst(t *testing.T) {
	w, f := withAPI(t)
	absent := apitest.Answer(404, `{"message":"there is no video with this id"}`)
	f.Add("api-9", clitest.Request(t, "a boat"), f.Done("api-9", clitest.Request(t, "a boat"), "a video"))
	f.Fail(apitest.Answer(200, `{"id":"api-9"}`), absent, absent)
	if status := w.run(t.Context(), "generate", "a boat"); status != 0 || !strings.Contains(w.Out.String(), "queued\n   4.0 s  downloading\n") {
		t.Errorf("got %d, %s%s", status, &w.Out, &w.Err)
	}
}

// Ctrl-C leaves the job running, and the output says how to return to it. It doesn't repeat the
// token that was entered.
func TestGenerateInterrupted(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"by the environment", nil, "interrupted; job api-1 keeps running. Wait for its video with\n  takeup download api-1\n"},
		{"by flags", []string{"--url", "", "--token", apitest.Token, "-o", "x/"}, "  takeup download --url URL --token TOKEN --output x/ api-1\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, f := withAPI(t)
			if len(test.args) > 0 {
				test.args[1] = f.URL
			}
			ctx, cancel := context.WithCancel(t.Context())
			w.Sleep = func(ctx context.Context, _ time.Duration) error {
				cancel()
				return errors.New("interrupt signal received")
			}
			status := w.run(ctx, append([]string{"generate", "a boat"}, test.args...)...)
			if output := strings.ReplaceAll(w.Err.String(), f.URL, "URL"); status != exitInterrupted || !strings.Contains(output, test.want) || strings.Contains(output, apitest.Token) {
				t.Errorf("got %d, %q", status, output)
			}
			for _, made := range f.Calls() {
				if made.Method == http.MethodDelete {
					t.Error("the job was cancelled")
				}
			}
		})
	}
}

func TestStatuses(t *testing.T) {
	for _, test := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("x"), exitFailed},
		{fmt.Errorf("a: %w", command.Usagef("x")), exitUsage},
		{&client.Refused{Status: 413}, exitUsage},
		{&client.Refused{Status: 409}, exitState},
		{&client.Refused{Status: 401}, exitUsage},
		{&client.Refused{Status: 503}, exitFailed},
		{errors.Join(errors.New("x"), &generate.NoVideo{}), exitNoVideo},
		{&operate.Unsettled{}, exitUnsettled},
		{&devstack.NotRunning{}, exitUsage},
	} {
		if got := exitStatus(test.err, false); got != test.want {
			t.Errorf("%v exits with %d, want %d", test.err, got, test.want)
		}
	}
	if got := exitStatus(errors.New("x"), true); got != exitInterrupted {
		t.Errorf("interrupted: %d", got)
	}
}

// printed is the output of generate for a job without problems, with one line for each event.
const printed = `job api-1: kling-video/v1/pro/text-to-video 5s, 0.98 USD
   0.0 s  queued
   4.0 s  generating
   8.0 s  downloading
   8.0 s  done
video  api-1.mp4, 7 bytes
time   8.0 s
cost   0.56 USD
`
