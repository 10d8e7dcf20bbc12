package cli

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/apitest"
	"github.com/takeup/takeup/internal/video"
)

// TestListFits holds the list in terminals of several widths.
func TestListFits(t *testing.T) {
	f := apitest.New(t, "../../docs/openapi.yaml")
	id := "api-" + strings.Repeat("5gxvgb4wj3rsi", 4)
	boat := request(t, "a paper boat crosses a flooded street, slowly, while the rain falls on it and on everybody else")
	octopus := request(t, "タコが海で踊る "+strings.Repeat("🐙", 30))
	same := []api.Video{
		f.Done(id, boat, "a video"), f.Video("prompts-"+id[4:], octopus, video.StateGenerating),
		f.Without("by-hand", boat, video.StateFailed, "OutOfCredits", "the provider's account is out of credits and nothing was paid; top it up or raise the key's limit, then redrive the job", true),
		{ID: "unreadable", Status: video.StateFailed, CreatedAt: apitest.Created, Error: &api.Outcome{Name: "InvalidRequest", Message: "it has no request"}},
	}
	var told strings.Builder
	for _, width := range []int{40, 80, 100, 160, 0} {
		for name, videos := range map[string][]api.Video{"": same, "one": same[:1]} {
			var out, beside strings.Builder
			if err := printVideos(&out, &beside, width, listed{Videos: videos}); err != nil {
				t.Fatal(err)
			}
			if name == "" {
				fmt.Fprintf(&told, "%d columns\n%s\n", width, &out)
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
	golden(t, "list-widths", told.String())
}

// The list is asked for by what it is filtered by, in pages that are no larger than
// what is shown.
func TestListAsks(t *testing.T) {
	w, f := withAPI(t)
	boat := request(t, "a boat")
	for _, id := range []string{"oldest", "middle", "newest"} {
		f.Add(id, boat, f.Done(id, boat, "a video"))
	}
	w.now = func() time.Time { return apitest.Created.Add(time.Hour) }
	for args, want := range map[string]string{
		"list": "newest middle oldest", "list -n 1": "newest", "list --all": "newest middle oldest", "list --status running": "", "list --status completed -n 2": "newest middle",
		"list --search BOAT": "newest middle oldest", "list --search tree": "",
		"list --since 1h": "newest middle oldest", "list --since 59m": "", "list --since 1d": "newest middle oldest",
		"list --since 2026-08-21": "newest middle oldest", "list --since 2026-08-22": "", "list --since 2026-08-21T12:00:01Z": "", "list --model " + boat.Model(): "newest middle oldest",
		"list --model klingai/video-v3-pro-text-to-video": "",
	} {
		w.out.Reset()
		if status := w.run(t.Context(), strings.Fields(args)...); status != 0 {
			t.Fatalf("%s: %d, %s", args, status, &w.err)
		}
		var got []string
		for line := range strings.Lines(w.out.String()) {
			if id := strings.Fields(line)[0]; id != "ID" {
				got = append(got, id)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s shows %v, want %s", args, got, want)
		}
	}
}

func TestOriginText(t *testing.T) {
	text := func(s string) *string { return &s }
	for want, o := range map[string]*api.Origin{
		"":                                      nil,
		"the API":                               {Trigger: video.TriggerAPI, Token: text("alice")},
		"an execution that was started by hand": {Trigger: video.TriggerExecution},
		"s3://prompts/a b.txt, version v1":      {Trigger: video.TriggerFile, Bucket: text("prompts"), Key: text("a b.txt"), Version: text("v1")},
		"s3://prompts/a.txt":                    {Trigger: video.TriggerFile, Bucket: text("prompts"), Key: text("a.txt")},
	} {
		if got := originText(o); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
