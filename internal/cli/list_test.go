package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/api/apitest"
	"github.com/takeup/takeup/internal/cli/clitest"
)

// The request for a list has its filters, and pages that are no larger than what is shown.
func TestListFiltersAndPages(t *testing.T) {
	w, f := withAPI(t)
	boat := clitest.Request(t, "a boat")
	for _, id := range []string{"oldest", "middle", "newest"} {
		f.Add(id, boat, f.Done(id, boat, "a video"))
	}
	w.Now = func() time.Time { return apitest.Created.Add(time.Hour) }
	for args, want := range map[string]string{
		"list": "newest middle oldest", "list -n 1": "newest", "list --all": "newest middle oldest", "list --status running": "", "list --status completed -n 2": "newest middle",
		"list --search BOAT": "newest middle oldest", "list --search tree": "",
		"list --since 1h": "newest middle oldest", "list --since 59m": "", "list --since 1d": "newest middle oldest",
		"list --since 2026-08-21": "newest middle oldest", "list --since 2026-08-22": "", "list --since 2026-08-21T12:00:01Z": "", "list --model " + boat.Model(): "newest middle oldest",
		"list --model klingai/video-v3-pro-text-to-video": "",
	} {
		w.Out.Reset()
		if status := w.run(t.Context(), strings.Fields(args)...); status != 0 {
			t.Fatalf("%s: %d, %s", args, status, &w.Err)
		}
		var got []string
		for line := range strings.Lines(w.Out.String()) {
			if id := strings.Fields(line)[0]; id != "ID" {
				got = append(got, id)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s shows %v, want %s", args, got, want)
		}
	}
}
