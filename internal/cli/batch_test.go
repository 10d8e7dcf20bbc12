package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/apitest"
	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/cli/clitest"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

const sheet = "\ufeffPrompt;Model;Duration;n;Label\r\n" +
	"a paper boat;;5;1;Boat\r\n" +
	"a paper boat;;10;3;Boat, longer\r\n" +
	"a dog runs;klingai/video-v3-pro-text-to-video;8;2;Dog\r\n" +
	"a cat;kling-video/v1/standard/text-to-video;5;1;\r\n" +
	"a bird;klingai/v2-master-text-to-video;5;1;\r\n" +
	"\"a whale\r\nsleeps\";;5;1;\r\n" +
	"a horse;;7;21;Horse\u202e\r\n" +
	"  ;;5;1;Nothing\r\n"

// batchFiles writes files of prompts to the test's directory.
func batchFiles(t *testing.T) {
	t.Helper()
	for name, content := range map[string]string{
		"prompts.csv": sheet,
		"good.csv":    "prompt,label\na paper boat,Boat\na dog,Dog\n",
		"one.jsonl":   `{"prompt":"a paper boat","label":"Boat"}` + "\n",
		"ideas.txt":   "a paper boat\n\na dog, \"Rex\"\n",
		"quotes.csv":  "prompt,duration\na \"paper\" boat,5\na dog,10\n",
		"open.csv":    "prompt,duration\na boat,7\n\"a dog,10\n",
		"columns.csv": "promt,durration\na boat,5\n",
		"sheet.xlsx":  "PK\x03\x04",
		"empty.csv":   "prompt\n",
	} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// addBatch adds the jobs of a batch "prompts" that was begun before to the fake.
func addBatch(t *testing.T, f *apitest.Server) {
	t.Helper()
	ids := batch.NewIDs("prompts", "")
	add := func(prompt string, duration int, states ...func(id string, r video.Request) api.Video) {
		r, err := catalogue.Draft{Fields: map[string]any{"prompt": prompt, "duration": fmt.Sprint(duration)}}.Request(all.Models())
		if err != nil {
			t.Fatal(err)
		}
		for i, id := range ids.Next(r, len(states)) {
			f.Add(id, r, states[i](id, r))
		}
	}
	stored := func(id string, r video.Request) api.Video { return f.Done(id, r, "a video") }
	running := func(id string, r video.Request) api.Video { return f.Video(id, r, video.StateGenerating) }
	poor := func(id string, r video.Request) api.Video {
		return f.Without(id, r, video.StateFailed, "OutOfCredits", "top it up", true)
	}
	moderated := func(id string, r video.Request) api.Video {
		return f.Without(id, r, video.StateFailed, "GenerationFailed", "the provider ended it", false)
	}
	add("a paper boat", 5, stored)
	add("a paper boat", 10, running, poor)
	add("a whale\nsleeps", 5, moderated)
}

func TestBatchPlan(t *testing.T) {
	for _, test := range []struct {
		name  string
		lines []string
	}{
		{"batch-plan", []string{"batch plan prompts.csv", "batch plan prompts.csv --skip-invalid --again", "batch plan prompts.csv --skip-invalid --name other --at-once 1 --duration 10"}},
		{"batch-plan-json", []string{"batch plan prompts.csv --json --skip-invalid", "batch plan good.csv --json --again"}},
		{"batch-plan-files", []string{"batch plan good.csv", "batch plan one.jsonl", "batch plan ideas.txt --lines --duration 10 -m klingai/video-v3-pro-text-to-video", "batch plan prompts.csv --lines"}},
		{"batch-plan-refused", []string{
			"batch plan quotes.csv --skip-invalid", "batch plan open.csv", "batch plan columns.csv", "batch plan sheet.xlsx", "batch plan empty.csv", "batch plan ideas.txt", "batch plan none.csv",
			"batch plan prompts.csv --at-once 0", "batch plan prompts.csv --max-lines 100001", "batch plan good.csv --max-lines 1", "batch plan good.csv --name \u200b", "batch plan", "batch plan good.csv --duration 7", "batch plan good.csv --advanced-camera-control pan",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			here, err := filepath.Abs(".")
			if err != nil {
				t.Fatal(err)
			}
			w, f := withAPI(t)
			batchFiles(t)
			addBatch(t, f)
			var printed strings.Builder
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
			for _, call := range f.Calls() {
				if call.Method != "GET" && call.URI != "/statuses" {
					t.Errorf("unexpected call %s %s", call.Method, call.URI)
				}
			}
			t.Chdir(here)
			clitest.Golden(t, test.name, printed.String())
		})
	}
}

// The plan fits terminals of several widths. Only a single longer word may exceed them.
func TestBatchPlanFits(t *testing.T) {
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	w, f := withAPI(t)
	batchFiles(t)
	addBatch(t, f)
	var printed strings.Builder
	for _, width := range []int{40, 80, 160} {
		w.Out.Reset()
		w.Width = width
		w.run(t.Context(), "batch", "plan", "prompts.csv")
		fmt.Fprintf(&printed, "%d columns\n%s\n", width, &w.Out)
		for line := range strings.Lines(w.Out.String()) {
			line = strings.TrimSuffix(line, "\n")
			if runewidth.StringWidth(line) > width && strings.Contains(strings.TrimSpace(line), " ") {
				t.Errorf("at %d columns a line has %d: %s", width, runewidth.StringWidth(line), line)
			}
		}
	}
	t.Chdir(here)
	clitest.Golden(t, "batch-plan-widths", printed.String())
}

// The plan says how long the batch takes under the caps: it uses what is left of the first day,
// and then whole days.
func TestBatchPlanBelowCaps(t *testing.T) {
	usd := func(amount string) *json.Number { return new(json.Number(amount)) }
	for _, test := range []struct {
		name string
		caps api.Caps
		want string
	}{
		{"no cap", api.Caps{}, "time: about 80 s, 20 at once\n"},
		{"plenty", api.Caps{
			Day:      api.Cap{Limit: usd("100"), Held: api.Held{Spent: "1", Reserved: "2", Uncertain: "3"}},
			InFlight: api.InFlight{Limit: new(int64(100))},
		}, "time: about 80 s, 20 at once\ncap: 100.00 USD a day, 94.00 USD left; it takes 1 day\n"},
		{"little", api.Caps{
			Day:      api.Cap{Limit: usd("0.5"), Held: api.Held{Spent: "0.1", Reserved: "0.1", Uncertain: "0"}},
			Month:    api.Cap{Limit: usd("1.5"), Held: api.Held{Spent: "2", Reserved: "0", Uncertain: "0"}},
			InFlight: api.InFlight{Limit: new(int64(1))},
		}, "time: about 2 min 40 s, 1 at once\ncap: 0.50 USD a day, 0.30 USD left; it takes 5 days\ncap: 1.50 USD a month, 0.00 USD left; it takes 3 months\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, f := withAPI(t)
			batchFiles(t)
			for _, held := range []*api.Held{&test.caps.Day.Held, &test.caps.Month.Held} {
				if held.Spent == "" {
					held.Spent, held.Reserved, held.Uncertain = "0", "0", "0"
				}
			}
			test.caps.Owners = []api.OwnerCap{}
			f.Control.Caps = test.caps
			if status := w.run(t.Context(), "batch", "plan", "good.csv"); status != 0 {
				t.Fatalf("got %d, %s", status, &w.Err)
			}
			if !strings.HasSuffix(w.Out.String(), test.want) {
				t.Errorf("got\n%s\nwant at its end\n%s", &w.Out, test.want)
			}
		})
	}
}

// Requests that differ only in their texts are priced once, and 100 jobs are looked up at a
// time.
func TestBatchPlanMakesFewCalls(t *testing.T) {
	w, f := withAPI(t)
	var b strings.Builder
	b.WriteString("prompt,n\n")
	for i := range 250 {
		fmt.Fprintf(&b, "boat %d,1\n", i)
	}
	if err := os.WriteFile("prompts.csv", []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if status := w.run(t.Context(), "batch", "plan", "prompts.csv"); status != 0 {
		t.Fatalf("got %d, %s", status, &w.Err)
	}
	if calls := f.Calls(); len(calls) != 5 || f.Checks() != 1 {
		t.Errorf("it makes %d calls, and requests %d prices", len(calls), f.Checks())
	}
}
