package page

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/video"
)

var update = flag.Bool("update", false, "write the headings of the outcomes")

// TestOutcomesHaveTheirHeadings checks the headings of words.js against the table of outcomes.
func TestOutcomesHaveTheirHeadings(t *testing.T) {
	const path, begin, end = "assets/words.js", "// outcomes: written by go test ./internal/api/page -update\n", "// end of outcomes\n"
	words, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(words), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no headings of outcomes", path)
	}
	var want strings.Builder
	want.WriteString(before + begin + "const titles = {\n")
	for _, kind := range video.Outcomes() {
		fmt.Fprintf(&want, "  %s: %q,\n", kind.Name, kind.Title)
	}
	want.WriteString("};\n" + end + after)
	if *update {
		if err := os.WriteFile(path, []byte(want.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(words) != want.String() {
		t.Errorf("%s has other headings than the table of outcomes; run go test ./internal/api/page -update", path)
	}
}
