package page_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/video"
)

// asset returns the source of one of the page's scripts.
func asset(t *testing.T, name string) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("assets", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// The page knows every status.
func TestStatuses(t *testing.T) {
	object := regexp.MustCompile(`const kinds = \{(.*)\}`).FindStringSubmatch(asset(t, "library.js"))
	if object == nil {
		t.Fatal("library.js has no kinds")
	}
	var known []video.State
	for _, match := range regexp.MustCompile(`(\w+): "(\w+)"`).FindAllStringSubmatch(object[1], -1) {
		state := video.State(match[1])
		known = append(known, state)
		if running := match[2] == "running"; running == state.Ended() {
			t.Errorf("a job that is %s has a card that is %s", state, match[2])
		}
	}
	if want := video.States(); !slices.Equal(known, want) {
		t.Errorf("the page knows %v, and there are %v", known, want)
	}
}

// The page has words for every status of a batch, and for every cap on money that one waits for.
func TestBatchWords(t *testing.T) {
	var states []string
	for _, state := range record.States() {
		states = append(states, string(state))
	}
	for name, want := range map[string][]string{
		"batchStatuses": states,
		"capNames":      {budget.LimitDay, budget.LimitMonth, budget.LimitOwner},
	} {
		object := regexp.MustCompile(`const ` + name + ` = \{([^}]*)\}`).FindStringSubmatch(asset(t, "words.js"))
		if object == nil {
			t.Fatalf("words.js has no %s", name)
		}
		var known []string
		for _, match := range regexp.MustCompile(`(\w+): "`).FindAllStringSubmatch(object[1], -1) {
			known = append(known, match[1])
		}
		if !slices.Equal(known, want) {
			t.Errorf("%s has %q, want %q", name, known, want)
		}
	}
}

// The page finds in the messages of outcomes what the provider said, and in the advice whether the
// message is to be read.
func TestCauses(t *testing.T) {
	source := asset(t, "words.js")
	for _, phrase := range []string{`the provider said: `, `read its message`} {
		if !strings.Contains(source, phrase) {
			t.Errorf("words.js has no %q", phrase)
		}
	}
	if said := (&video.GenerationFailed{Said: "no"}).Error(); !strings.HasSuffix(said, " (the provider said: no)") {
		t.Errorf("what the provider said is at the end of no message such as %q", said)
	}
	if !slices.ContainsFunc(video.Outcomes(), func(kind video.OutcomeKind) bool { return strings.HasPrefix(kind.Advice, "read its message; ") }) {
		t.Error("no outcome advises to read its message")
	}
}

// The page takes the files that the prompts bucket takes as batches.
func TestBatchFiles(t *testing.T) {
	object := regexp.MustCompile(`const formats = \{(.*)\}`).FindStringSubmatch(asset(t, "batches.js"))
	if object == nil {
		t.Fatal("batches.js has no formats")
	}
	known := regexp.MustCompile(`(\w+): "(\w+)"`).FindAllStringSubmatch(object[1], -1)
	for _, match := range known {
		if format, err := batchfile.FormatOf("prompts." + match[1]); err != nil || string(format) != match[2] {
			t.Errorf("a .%s file is %s for the page, and %q in the bucket", match[1], match[2], format)
		}
	}
	if len(known) != 4 {
		t.Errorf("it knows %q", known)
	}
}

// The page calls paths that the API has.
func TestPaths(t *testing.T) {
	source := asset(t, "api.js")
	generations := regexp.MustCompile(`const generations = "(.*)"`).FindStringSubmatch(source)
	if generations == nil || "/"+generations[1] != api.GenerationsPath {
		t.Errorf("generations are at %q, and not at %s", generations, api.GenerationsPath)
	}
	paths := []string{
		api.VideosPath, api.VideoPath, api.ContentPath, api.RedrivePath, api.RetryPath, api.ForgetPath,
		api.PosterPath, api.StatusesPath, api.CheckPath, api.ModelsPath, api.ModelPath, api.ControlPath, api.UsagePath,
		api.BatchesPath, api.BatchPath, api.BatchStartPath, api.BatchResultsPath,
	}
	calls := regexp.MustCompile("#call\\(\"[A-Z]+\", [`\"]([^`\"?]+?)(?:\\$\\{discard|[`\"?])").FindAllStringSubmatch(source, -1)
	if len(calls) < 18 {
		t.Errorf("found %d calls", len(calls))
	}
	for _, call := range calls {
		path := "/" + strings.NewReplacer("${encodeURIComponent(id)}", "{id}", "${segments(name)}", "{name}").Replace(call[1])
		if !slices.Contains(paths, path) {
			t.Errorf("%s is called, and the API has no such path", path)
		}
	}
}
