package generate

import (
	"context"
	"slices"
	"testing"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/apitest"
	"github.com/takeup/takeup/internal/cli/clitest"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// The local stack is polled more often, and shows that a video is being stored.
func TestGenerateOnTheLocalStack(t *testing.T) {
	w, f := clitest.WithAPI(t)
	access := target.NewAPI(w.Env, f.URL, apitest.Token)
	access.Simulated, access.Bucket = true, "videos"
	f.Script = func(id string, r video.Request) []api.Video {
		return append(slices.Repeat([]api.Video{f.Video(id, r, video.StateGenerating)}, 3), f.Done(id, r, "a video"))
	}
	looks := 0
	m := Creator{
		Env: w.Env, API: access, Output: OutputOptions{Path: "out/"}, Resume: func(id string) string { return id },
		Storing: func(context.Context, string) bool { looks++; return looks > 2 },
	}
	if id, err := m.Generate(t.Context(), clitest.Request(t, "a boat"), "a-key"); err != nil || id != "api-1" {
		t.Fatalf("got %q, %v", id, err)
	}
	const want = `job api-1: kling-video/v1/pro/text-to-video 5s, 0.98 USD
   0.0 s  generating
   1.0 s  storing
   1.5 s  downloading
   1.5 s  done
video  out/api-1.mp4, 7 bytes
S3     s3://videos/videos/api-1/video.mp4
time   1.5 s
cost   0.56 USD, simulated: nobody paid
`
	if w.Out.String() != want {
		t.Errorf("it printed\n%s\nwant\n%s", &w.Out, want)
	}
}

// The display shows what holds a job up, other than its turn and its generation.
func TestWaitReasons(t *testing.T) {
	kinds := map[report.WaitKind]string{
		report.WaitStart: "", report.WaitSubmission: "", report.WaitResume: "waiting until the stack is resumed",
		report.WaitCap: "waiting for the stack's cap", report.WaitRoom: "waiting for capacity at the provider",
		report.WaitAnswer: "looking up a submission without an answer", report.WaitGeneration: "", report.WaitVideo: "waiting to retry the copy",
	}
	why := "503"
	for _, kind := range report.WaitKinds() {
		if got := waitText(&api.Waiting{For: kind, LastError: &why}); got != kinds[kind] {
			t.Errorf("%s: %q", kind, got)
		}
	}
	if got := waitText(&api.Waiting{For: report.WaitVideo}) + waitText(nil); got != "" {
		t.Errorf("a copy and an end: %q", got)
	}
}
