package batch_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

// table is a fake of Jobs that records the size of each lookup.
type table struct {
	known map[string]batch.Known
	asked []int
	err   error
}

func (k *table) Known(_ context.Context, ids []string) (map[string]batch.Known, error) {
	k.asked = append(k.asked, len(ids))
	found := map[string]batch.Known{}
	for _, id := range ids {
		if known, ok := k.known[id]; ok {
			found[id] = known
		}
	}
	return found, k.err
}

// buy plans a file, adds a job with a video for each new one, and returns how many it
// added.
func (k *table) buy(t *testing.T, name, content string) (bought int) {
	t.Helper()
	format, err := batchfile.FormatOf(name)
	if err != nil {
		t.Fatal(err)
	}
	planner := batch.Planner{Jobs: k, Each: func(p batch.Planned) {
		for i, id := range p.IDs {
			if p.What[i] == batch.New {
				bought++
				k.known[id] = batch.Known{State: video.StateCompleted, Paid: video.PaidYes}
			}
		}
	}}
	plan, err := planner.Make(t.Context(), batchfile.Lines(strings.NewReader(content), batchfile.Options{Format: format}), batch.NewIDs(batch.NameOf(name), ""), prices{}, times{})
	if err != nil || plan.Videos[batch.New] != bought || plan.Total.Videos != bought {
		t.Errorf("%s: plan %+v, %v, with %d new", name, plan, err, bought)
	}
	return bought
}

// A file that was run without its wrong lines, and then was corrected, sorted, extended and
// saved in other formats, only buys what is new each time.
func TestOnlyWhatIsNewIsBought(t *testing.T) {
	var rows []string
	for i := range 500 {
		duration := "5"
		if i < 7 {
			duration = "7" // no model takes it
		}
		rows = append(rows, fmt.Sprintf("a boat %d, and a dog|%s|label %d", i%490, duration, i))
	}
	write := func(separator, end string, rows []string) string {
		out := strings.Join([]string{"prompt", "duration", "label"}, separator) + end
		for _, row := range rows {
			cells := strings.Split(row, "|")
			out += `"` + cells[0] + `"` + separator + strings.Join(cells[1:], separator) + end
		}
		return out
	}
	k := &table{known: map[string]batch.Known{}}
	step := func(name, content string, want int) {
		t.Helper()
		if got := k.buy(t, name, content); got != want {
			t.Errorf("%d are bought, want %d", got, want)
		}
	}
	step("prompts.csv", write(",", "\n", rows), 493)
	step("prompts.csv", write(",", "\n", rows), 0)
	for i := range rows {
		rows[i] = strings.Replace(rows[i], "|7|", "|5|", 1)
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	rows = slices.Insert(rows, 250, "a whale|10|new")
	step("folder/prompts.csv", "\ufeff"+write(";", "\r\n", rows), 8)
	step("prompts.tsv", write("\t", "\r", rows), 0)
	jsonl := ""
	for i, row := range rows {
		cells := strings.Split(row, "|")
		jsonl += fmt.Sprintf(`{"label":"other %d","duration":%s.0,"prompt":%q,"external_task_id":"ours-%d"}`+"\n", i, cells[1], cells[0], i)
	}
	step("prompts.jsonl", jsonl, 0)
	step("prompts.csv", write(",", "\n", append(rows, rows[0])), 1)
	step("prompts.csv", write(",", "\n", rows[:100]), 0)
	step("others.csv", write(",", "\n", rows[:100]), 100)
}

// A higher n buys the difference, and repeated lines count like n.
func TestMoreOfALine(t *testing.T) {
	k := &table{known: map[string]batch.Known{}}
	for _, step := range []struct {
		n    string
		want int
	}{{"prompt,n\na boat,2\n", 2}, {"prompt,n\na boat,5\n", 3}, {"prompt,n\na boat,3\n", 0}, {"prompt,n\na boat,4\na boat,2\n", 1}, {"prompt\na boat\na boat\n\"a boat\"\n", 0}, {"prompt,duration,n\na boat,10,1\n", 1}} {
		if got := k.buy(t, "prompts.csv", step.n); got != step.want {
			t.Errorf("%q buys %d, want %d", step.n, got, step.want)
		}
	}
}

// Line ends within a text are the same in all formats.
func TestLineEndsInTexts(t *testing.T) {
	k := &table{known: map[string]batch.Known{}}
	bought := 0
	for name, content := range map[string]string{
		"a.csv": "prompt\n\"one\ntwo\"\n", "a.tsv": "prompt\r\n\"one\r\ntwo\"\r\n", "a.jsonl": `{"prompt":"one\r\ntwo"}`,
	} {
		bought += k.buy(t, name, content)
	}
	if bought != 1 {
		t.Errorf("%d are bought", bought)
	}
}

func TestIDs(t *testing.T) {
	boat, err := catalogue.OfPrompt(all.Models(), "a boat")
	if err != nil {
		t.Fatal(err)
	}
	first := batch.NewIDs("prompts", "").Next(boat, 20)
	seen := map[string]bool{}
	for _, id := range slices.Concat(first, batch.NewIDs("prompts", "1").Next(boat, 20), batch.NewIDs("prompts1", "").Next(boat, 1), batch.NewIDs("Prompts", "").Next(boat, 1)) {
		if !video.ValidID(id) || seen[id] || !strings.HasPrefix(id, "batch-") {
			t.Errorf("the id %s is wrong, or there twice", id)
		}
		seen[id] = true
	}
	n := batch.NewIDs("prompts", "")
	if got := slices.Concat(n.Next(boat, 3), n.Next(boat, 17)); !slices.Equal(got, first) {
		t.Errorf("got %v, want %v", got, first)
	}
	for file, want := range map[string]string{"a/b.c/prompts.csv": "prompts", `C:\x\prompts.v2.csv`: "prompts.v2", "Köln.JSONL": "Köln", "prompts": "prompts", ".csv": ""} {
		if got := batch.NameOf(file); got != want {
			t.Errorf("%s is named %q, want %q", file, got, want)
		}
	}
	for name, right := range map[string]bool{"prompts": true, "Köln 🚣": true, "": false, " ": false, "a\nb": false, "a\x00": false, strings.Repeat("ü", 200): true, strings.Repeat("ü", 201): false} {
		if err := batch.CheckName(name); (err == nil) != right {
			t.Errorf("%.20q: %v", name, err)
		}
	}
}

// Existing jobs are counted by what is to be done, and only what costs money is priced.
func TestWhatIsThere(t *testing.T) {
	ids := batch.NewIDs("prompts", "")
	boat, err := catalogue.OfPrompt(all.Models(), "a boat")
	if err != nil {
		t.Fatal(err)
	}
	videos := ids.Next(boat, 11)
	k := &table{known: map[string]batch.Known{
		videos[0]: {State: video.StateCompleted, Paid: video.PaidYes},
		videos[1]: {State: video.StateQueued, Paid: video.PaidNo},
		videos[2]: {State: video.StateGenerating, Paid: video.PaidYes},
		videos[3]: {State: video.StateFailed, Paid: video.PaidNo, Redrivable: true},
		videos[4]: {State: video.StateFailed, Paid: video.PaidYes, Redrivable: true},
		videos[5]: {State: video.StateFailed, Paid: video.PaidPerhaps, Redrivable: true},
		videos[6]: {State: video.StateFailed, Paid: video.PaidNo},
		videos[7]: {State: video.StateCancelled, Paid: video.PaidNo},
		videos[8]: {State: video.StateDiscarded, Paid: video.PaidYes, Redrivable: true},
	}}
	_, plan := planned(t, "prompts.csv", strings.NewReader("prompt,n\na boat,11\n"), k)
	want := map[batch.What]int{batch.New: 2, batch.Stored: 1, batch.Running: 2, batch.Resume: 3, batch.Over: 3}
	if !maps.Equal(plan.Videos, want) {
		t.Errorf("got %v, want %v", plan.Videos, want)
	}
	if plan.Total.Videos != 3 || plan.Total.Least != 3*980_000 || !plan.Total.Exact() || len(plan.Models) != 1 || plan.Models[0].Model != catalogue.Default(all.Models()) {
		t.Errorf("it costs %+v, %+v", plan.Total, plan.Models)
	}
	if plan.Takes(1) != 5*80*time.Second || plan.Takes(4) != 100*time.Second || plan.Takes(20) != 80*time.Second || plan.Takes(0) != plan.Takes(1) {
		t.Errorf("it takes %s", plan.Takes(1))
	}
	for _, test := range []struct {
		limit, left price.Micros
		periods     int
	}{{0, 0, 0}, {980_000, 980_000, 3}, {1_000_000, 1_000_000, 3}, {2_940_000, 2_940_000, 1}, {1_470_000, 0, 3}, {1_470_000, -1, 3}, {10_000_000, 2_939_999, 2}, {10_000_000, 2_940_000, 1}} {
		if got := plan.Periods(test.limit, test.left); got != test.periods {
			t.Errorf("at %s, %s left, it takes %d, want %d", test.limit, test.left, got, test.periods)
		}
	}
	if got := (batch.Plan{}).Periods(1, 1); got != 0 {
		t.Errorf("of nothing it takes %d", got)
	}
}

// Jobs are looked up in calls of at most LookupSize, and no line is reported before.
func TestLookups(t *testing.T) {
	k := &table{known: map[string]batch.Known{}}
	k.buy(t, "prompts.csv", "prompt,n\n"+strings.Repeat("a boat,19\n", 12))
	if !slices.Equal(k.asked, []int{95, 95, 38}) {
		t.Errorf("it asks %v", k.asked)
	}
	k = &table{err: errors.New("throttled")}
	planner := batch.Planner{Jobs: k, Each: func(batch.Planned) { t.Error("told of") }}
	lines := batchfile.Lines(strings.NewReader("a\nb\n"), batchfile.Options{Format: batchfile.Text})
	if _, err := planner.Make(t.Context(), lines, batch.NewIDs("a", ""), prices{}, times{}); !errors.Is(err, k.err) {
		t.Errorf("got %v", err)
	}
}

func TestPricesFail(t *testing.T) {
	failed := errors.New("no prices")
	lines := batchfile.Lines(strings.NewReader("a\n"), batchfile.Options{Format: batchfile.Text})
	if _, err := (batch.Planner{}).Make(t.Context(), lines, batch.NewIDs("a", ""), noPrices{failed}, times{}); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
}

type noPrices struct{ err error }

func (n noPrices) Price(context.Context, video.Request) (price.Estimate, error) {
	return price.Estimate{}, n.err
}

// The sum of prices counts the videos whose price is unknown.
func TestShares(t *testing.T) {
	content := "prompt,model,duration\na,,5\nb,klingai/video-v3-pro-text-to-video,5\nc,klingai/video-v3-turbo-pro-text-to-video,5\n"
	_, plan := planned(t, "prompts.csv", strings.NewReader(content), nil)
	want := batch.Share{Videos: 3, Least: 1_960_000, Most: 2_940_000, Unpriced: 1}
	if plan.Total != want || plan.Total.Exact() || plan.TimesUnknown != 1 {
		t.Errorf("got %+v", plan.Total)
	}
}
