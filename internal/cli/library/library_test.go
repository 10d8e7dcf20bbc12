package library

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/apitest"
	"github.com/takeup/takeup/internal/cli/clitest"
	"github.com/takeup/takeup/internal/video"
)

// TestListFits checks the list in terminals of several widths.
func TestListFits(t *testing.T) {
	f := apitest.New(t, filepath.Join(clitest.Root(t), "docs", "openapi.yaml"))
	id := "api-" + strings.Repeat("5gxvgb4wj3rsi", 4)
	boat := clitest.Request(t, "a paper boat crosses a flooded street, slowly, while the rain falls on it and on everybody else")
	octopus := clitest.Request(t, "タコが海で踊る "+strings.Repeat("🐙", 30))
	same := []api.Video{
		f.Done(id, boat, "a video"), f.Video("prompts-"+id[4:], octopus, video.StateGenerating),
		f.Without("by-hand", boat, video.StateFailed, "OutOfCredits", "the provider's account is out of credits and nothing was paid; top it up or raise the key's limit, then redrive the job", true),
		{ID: "unreadable", Status: video.StateFailed, CreatedAt: apitest.Created, Error: &api.Outcome{Name: "InvalidRequest", Message: "it has no request"}},
	}
	var printed strings.Builder
	for _, width := range []int{40, 80, 100, 160, 0} {
		for name, videos := range map[string][]api.Video{"": same, "one": same[:1]} {
			var out, beside strings.Builder
			if err := printVideos(&out, &beside, width, listed{Videos: videos}); err != nil {
				t.Fatal(err)
			}
			if name == "" {
				fmt.Fprintf(&printed, "%d columns\n%s\n", width, &out)
			}
			for line := range strings.Lines(out.String()) {
				line = strings.TrimSuffix(line, "\n")
				if cut := runewidth.StringWidth(line); width > 0 && cut > width && strings.TrimSpace(line) != videos[0].ID && !strings.HasPrefix(strings.TrimSpace(line), "prompts-") {
					t.Errorf("at %d columns a line has %d: %s", width, cut, line)
				}
			}
			for _, v := range videos {
				if !strings.Contains(out.String(), v.ID) {
					t.Errorf("at %d columns the id %s is cut", width, v.ID)
				}
			}
		}
	}
	clitest.Golden(t, "list-widths", printed.String())
}

func TestOriginText(t *testing.T) {
	text := func(s string) *string { return &s }
	for want, o := range map[string]*api.Origin{
		"":                                 nil,
		"the API":                          {Trigger: video.TriggerAPI, Token: text("alice")},
		"an execution started by hand":     {Trigger: video.TriggerExecution},
		"s3://prompts/a b.txt, version v1": {Trigger: video.TriggerFile, Bucket: text("prompts"), Key: text("a b.txt"), Version: text("v1")},
		"s3://prompts/a.txt":               {Trigger: video.TriggerFile, Bucket: text("prompts"), Key: text("a.txt")},
	} {
		if got := originText(o); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
