package page_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/api"
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

// The page calls paths that the API has.
func TestPaths(t *testing.T) {
	source := asset(t, "api.js")
	generations := regexp.MustCompile(`const generations = "(.*)"`).FindStringSubmatch(source)
	if generations == nil || "/"+generations[1] != api.GenerationsPath {
		t.Errorf("generations are at %q, and not at %s", generations, api.GenerationsPath)
	}
	paths := []string{
		api.VideosPath, api.VideoPath, api.ContentPath, api.RedrivePath, api.RetryPath, api.ForgetPath,
		api.StatusesPath, api.CheckPath, api.ModelsPath, api.ModelPath, api.ControlPath, api.UsagePath,
	}
	calls := regexp.MustCompile("#call\\(\"[A-Z]+\", [`\"]([^`\"?]+?)(?:\\$\\{discard|[`\"?])").FindAllStringSubmatch(source, -1)
	if len(calls) < 9 {
		t.Errorf("found %d calls", len(calls))
	}
	for _, call := range calls {
		path := "/" + strings.NewReplacer("${encodeURIComponent(id)}", "{id}", "${segments(name)}", "{name}").Replace(call[1])
		if !slices.Contains(paths, path) {
			t.Errorf("%s is called, and the API has no such path", path)
		}
	}
}
