package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/takeup/takeup/internal/client"
	"github.com/takeup/takeup/internal/fakeapi"
)

// TestListFits holds the list in terminals of several widths.
func TestListFits(t *testing.T) {
	f := fakeapi.New(t, "../../docs/openapi.yaml")
	id := "api-" + strings.Repeat("5gxvgb4wj3rsi", 4)
	boat := request(t, "a paper boat crosses a flooded street, slowly, while the rain falls on it and on everybody else")
	octopus := request(t, "タコが海で踊る "+strings.Repeat("🐙", 30))
	same := []client.Video{
		f.Done(id, boat, "a video"), f.Video("prompts-"+id[4:], octopus, client.Generating),
		f.Without("by-hand", boat, client.Failed, "OutOfCredits", "the provider's account is out of credits and nothing was paid; top it up or raise the key's limit, then redrive the job", true),
		{ID: "unreadable", Status: client.Failed, CreatedAt: fakeapi.Created, Error: &client.Ending{Name: "InvalidRequest", Message: "it has no request"}},
	}
	var told strings.Builder
	for _, width := range []int{40, 80, 100, 160, 0} {
		for name, videos := range map[string][]client.Video{"": same, "one": same[:1]} {
			var out, beside strings.Builder
			if err := printVideos(&out, &beside, width, videos, false); err != nil {
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

// The API has the jobs by their ends; the list has them by what it shows.
func TestListIsByCreation(t *testing.T) {
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	w, f := withAPI(t)
	boat := request(t, "a boat")
	for id, age := range map[string]time.Duration{"oldest": 3, "newest": 1, "middle": 2} {
		v := f.Done(id, boat, "a video")
		v.CreatedAt = v.CreatedAt.Add(-age * time.Minute)
		f.Add(id, boat, v)
	}
	for args, want := range map[string]string{"list": "newest middle oldest", "list -n 1": "newest", "list -n 2": "newest middle"} {
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
	t.Chdir(here)
}
