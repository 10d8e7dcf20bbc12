package cli

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/api/apitest"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/cli/clitest"
)

// addResults adds a batch of five videos to the fake, of which four are stored.
func addResults(t *testing.T, f *apitest.Server) {
	t.Helper()
	f.AddBatch(f.Batch("ended", "spring", record.Ended))
	boat := clitest.Request(t, "a boat")
	var lines strings.Builder
	for _, line := range []struct {
		line             int
		label, id, state string
	}{
		{2, "Boat", "batch-a", "completed"}, {3, "../Boat, longer", "batch-b", "completed"}, {3, "../Boat, longer", "batch-c", "error"},
		{3, "../Boat, longer", "batch-d", "completed"}, {1200, "", "batch-e", "completed"},
	} {
		fmt.Fprintf(&lines, `{"line":%d,"label":%q,"id":%q,"status":%q,"reason":"","to_do":"","seconds":null,"bytes":7,"usd":null,"s3":""}`+"\n", line.line, line.label, line.id, line.state)
		if line.state == "completed" {
			f.Add(line.id, boat, f.Done(line.id, boat, "a video"))
		}
	}
	f.AddResults("ended", lines.String())
}

func TestBatchResults(t *testing.T) {
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	w, f := withAPI(t)
	addResults(t, f)
	printed := runLines(t, w, "batch results ended --format jsonl", "batch results ended --output r.csv", "batch results ended --output r.csv", "batch results ended --output r.csv --force",
		"batch results ended --format xlsx", "batch results ended --output .", "batch results nobody", "batch results")
	content, err := os.ReadFile("r.csv")
	if err != nil || strings.Count(string(content), "\n") != 5 {
		t.Errorf("it wrote %q, %v", content, err)
	}
	if left, err := filepath.Glob(".takeup-*"); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
	t.Chdir(here)
	clitest.Golden(t, "batch-results", printed)
}

func TestBatchDownload(t *testing.T) {
	w, f := withAPI(t)
	addResults(t, f)
	// The order of the lines is that of the downloads, which run in parallel.
	if status := w.run(t.Context(), "batch", "download", "ended", "--to", "there", "--at-once", "1"); status != exitNoVideo {
		t.Errorf("got %d, %s", status, &w.Err)
	}
	const want = `   0.0 s  1 of 4, 7 bytes
   0.0 s  2 of 4, 14 bytes
   0.0 s  3 of 4, 21 bytes
   0.0 s  4 of 4, 28 bytes
4 videos are in there, 28 bytes; 0 of them existed already
`
	if w.Out.String() != want || w.Err.String() != "takeup: 1 of 5 videos are not stored; see why with\n  takeup batch show ended\n" {
		t.Errorf("it printed\n%s%s", &w.Out, &w.Err)
	}
	names := func() (names []string) {
		t.Helper()
		found, err := os.ReadDir("there")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			names = append(names, f.Name())
		}
		return names
	}
	files := []string{"000002-Boat.mp4", "000003.1-Boat,-longer.mp4", "000003.3-Boat,-longer.mp4", "001200.mp4"}
	if got := names(); !slices.Equal(got, files) {
		t.Errorf("it made %q", got)
	}

	// The same command again fetches what is missing, and nothing else.
	if err := os.Remove(filepath.Join("there", files[1])); err != nil {
		t.Fatal(err)
	}
	w.Out.Reset()
	if w.run(t.Context(), "batch", "download", "ended", "--to", "there", "--json"); !strings.Contains(w.Out.String(), `"fetched": 1`) || !strings.Contains(w.Out.String(), `"kept": 3`) || !strings.Contains(w.Out.String(), `"missing": 1`) {
		t.Errorf("again: %s", &w.Out)
	}

	// A file with other content stays, and the others are downloaded all the same.
	for _, name := range files[:2] {
		if err := os.WriteFile(filepath.Join("there", name), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join("there", files[3])); err != nil {
		t.Fatal(err)
	}
	w.Err.Reset()
	if status := w.run(t.Context(), "batch", "download", "ended", "--to", "there"); status == 0 || strings.Count(w.Err.String(), "already exists with other content") != 2 || !slices.Equal(names(), files) {
		t.Errorf("got %d, %s, %q", status, &w.Err, names())
	}
	if content, err := os.ReadFile(filepath.Join("there", files[0])); err != nil || string(content) != "mine" {
		t.Errorf("it is %q, %v", content, err)
	}
	if status := w.run(t.Context(), "batch", "download", "ended", "--to", "there", "--force"); status != exitNoVideo {
		t.Errorf("got %d, %s", status, &w.Err)
	}
	if content, err := os.ReadFile(filepath.Join("there", files[0])); err != nil || string(content) != "a video" {
		t.Errorf("it is %q, %v", content, err)
	}
}

// A download that broke off is resumed, and never complete with another checksum.
func TestBatchDownloadResumes(t *testing.T) {
	w, f := withAPI(t)
	addResults(t, f)
	f.Serve("batch-a", apitest.Broken("a video", 3), apitest.File("a video"))
	f.Serve("batch-e", slices.Repeat([]http.HandlerFunc{apitest.File("a vudeo")}, 5)...)
	status := w.run(t.Context(), "batch", "download", "ended", "--to", "there", "--at-once", "1")
	if status == 0 || !strings.Contains(w.Err.String(), "001200.mp4: downloading the video of job batch-e: its CRC-32 is") {
		t.Errorf("got %d, %s", status, &w.Err)
	}
	if content, err := os.ReadFile("there/000002-Boat.mp4"); err != nil || string(content) != "a video" {
		t.Errorf("it is %q, %v", content, err)
	}
	if _, err := os.Stat("there/001200.mp4"); err == nil {
		t.Error("a file with another checksum is there")
	}
	for _, line := range []string{"batch download ended", "batch download ended --to there --at-once 0", "batch download nobody --to there"} {
		if status := w.run(t.Context(), strings.Fields(line)...); status != exitUsage && status != exitState {
			t.Errorf("%s: %d", line, status)
		}
	}
}
