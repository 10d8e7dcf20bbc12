package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/api/apitest"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/cli/clitest"
	"github.com/takeup/takeup/internal/provider/all"
)

// The request for a list has its filters, and pages that are no larger than what is shown.
func TestListFiltersAndPages(t *testing.T) {
	w, f := withAPI(t)
	boat := clitest.Request(t, "a boat")
	for _, id := range []string{"oldest", "middle", "newest"} {
		f.Add(id, boat, f.Done(id, boat, "a video"))
	}
	pairs, err := catalogue.Parse(all.Models(), []byte(`{"prompt":"a dog","metadata":{"project":"dogs","scene":"7"}}`))
	if err != nil {
		t.Fatal(err)
	}
	f.Add("dog", pairs, f.Done("dog", pairs, "a video"))
	w.Now = func() time.Time { return apitest.Created.Add(time.Hour) }
	for args, want := range map[string]string{
		"list": "dog newest middle oldest", "list -n 1": "dog", "list --all": "dog newest middle oldest", "list --status running": "", "list --status completed -n 2": "dog newest",
		"list --search BOAT": "newest middle oldest", "list --search tree": "",
		"list --since 1h": "dog newest middle oldest", "list --since 59m": "", "list --since 1d": "dog newest middle oldest",
		"list --since 2026-08-21": "dog newest middle oldest", "list --since 2026-08-22": "", "list --since 2026-08-21T12:00:01Z": "", "list --model " + boat.Model(): "dog newest middle oldest",
		"list --model klingai/video-v3-pro-text-to-video": "",
		"list --metadata project=dogs":                    "dog", "list --metadata project=dogs --metadata scene=7": "dog", "list --metadata scene=8": "",
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
