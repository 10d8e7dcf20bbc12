package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/bucket/objectkey"
)

// handled waits for the log line about a version of a prompt file and returns its outcome.
func (w *world) handled(t *testing.T, key, version string) (outcome, job string) {
	t.Helper()
	var said struct{ Key, Version, Outcome, Job string }
	looks := 0
	await(t, "the event of "+key, func() bool {
		if looks++; looks%100 == 0 {
			w.flush(t)
		}
		return slices.ContainsFunc(w.lines(t, "PromptsFunction"), func(line string) bool {
			return json.Unmarshal([]byte(line), &said) == nil && said.Key == key && said.Version == version
		})
	})
	return said.Outcome, said.Job
}

// copyFile copies a file within the prompts bucket, as a move or a change of its metadata does,
// and returns the copy's version. If from names a version, that one is copied instead of the
// newest.
func (w *world) copyFile(t *testing.T, from, version, to string) string {
	t.Helper()
	bucket := w.stack.Outputs["PromptsBucket"]
	source := url.PathEscape(bucket + "/" + from)
	if version != "" {
		source += "?versionId=" + version
	}
	reply, err := w.s3.CopyObject(t.Context(), &s3.CopyObjectInput{
		Bucket: &bucket, Key: &to, CopySource: &source,
		MetadataDirective: s3types.MetadataDirectiveReplace, Metadata: map[string]string{"copied": "again"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return value(reply.VersionId)
}

// charges fails the test unless the provider's ledger has want charged generations of a prompt.
func (w *world) charges(t *testing.T, prompt string, want int) {
	t.Helper()
	charged := 0
	for _, g := range w.provider.Ledger().Generations {
		var request struct{ Prompt string }
		if json.Unmarshal(g.Request, &request) == nil && request.Prompt == prompt && g.ChargedCredits > 0 {
			charged++
		}
	}
	if charged != want {
		t.Errorf("%q was charged %d times, not %d", prompt, charged, want)
	}
}

// finish waits for the video of a job.
func (w *world) finish(t *testing.T, job string) {
	t.Helper()
	w.succeeded(t, job)
	w.stored(t, job)
}

// testSameFile uploads, copies and restores files that already have a job.
func (w *world) testSameFile(t *testing.T) {
	const key = "same/boat.txt"
	known := func(t *testing.T, key, version, job string) {
		t.Helper()
		if outcome, of := w.handled(t, key, version); outcome != "known" || of != job {
			t.Errorf("%s is %s, job %s; it should be the known job %s", key, outcome, of, job)
		}
	}
	for _, test := range []struct {
		name string
		// again does something with the file at key, whose text is prompt and which already has
		// the job. It returns how many charges that text should have then.
		again func(t *testing.T, key, prompt, job string) int
	}{
		{"uploaded again", func(t *testing.T, key, prompt, job string) int {
			known(t, key, w.put(t, key, []byte(prompt)), job)
			return 1
		}},
		{"copied onto itself", func(t *testing.T, key, prompt, job string) int {
			known(t, key, w.copyFile(t, key, "", key), job)
			return 1
		}},
		{"moved", func(t *testing.T, key, prompt, job string) int {
			done, bucket := "done/"+key, w.stack.Outputs["PromptsBucket"]
			version := w.copyFile(t, key, "", done)
			if _, err := w.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
				t.Fatal(err)
			}
			known(t, done, version, job)
			known(t, done+".old", w.copyFile(t, done, "", done+".old"), job)
			if _, rejected := w.find(t, objectkey.Rejection(done+".old")); rejected {
				t.Error("a moved file was rejected")
			}
			return 1
		}},
		{"an event again", func(t *testing.T, key, prompt, job string) int {
			w.deliver(t, w.event(t, key, w.version(t, key)))
			return 1
		}},
		{"A, B, A", func(t *testing.T, key, prompt, job string) int {
			b := w.prompt(prompt + ", and a second one")
			w.finish(t, w.upload(t, key, []byte(b)))
			known(t, key, w.put(t, key, []byte(prompt)), job)
			w.charges(t, b, 1)
			return 1
		}},
		{"a version restored", func(t *testing.T, key, prompt, job string) int {
			first := w.version(t, key)
			b := w.prompt(prompt + ", and one that was a mistake")
			w.finish(t, w.upload(t, key, []byte(b)))
			known(t, key, w.copyFile(t, key, first, key), job)
			w.charges(t, b, 1)
			return 1
		}},
		{"uploaded at another key", func(t *testing.T, key, prompt, job string) int {
			other := w.upload(t, "other/"+key, []byte(prompt))
			if other == job {
				t.Fatal("two keys are one job")
			}
			w.finish(t, other)
			return 2
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			key := strings.ReplaceAll(test.name, ",", "") + "/" + key
			prompt := w.prompt("a text that is the same: " + test.name)
			job := w.upload(t, key, []byte(prompt))
			w.finish(t, job)
			want := test.again(t, key, prompt, job)
			w.charges(t, prompt, want)
			if n := len(w.creates(job)); n != 1 {
				t.Errorf("the provider was asked %d times for the first job", n)
			}
		})
	}
}

// testFormAgain sends one form three times.
func (w *world) testFormAgain(t *testing.T) {
	first, second := w.prompt("the first text of a form"), w.prompt("the second text of that form")
	form := w.form(t)
	send := func(text string) string {
		t.Helper()
		if status, answer := sendForm(t, form, text); status != http.StatusNoContent {
			t.Fatalf("the form: %d %s", status, answer)
		}
		return w.version(t, form.Key)
	}
	job := w.fileJob(form.Key, nil)
	if outcome, of := w.handled(t, form.Key, send(first)); outcome != "started" || of != job {
		t.Fatalf("the first is %s, job %s", outcome, of)
	}
	if outcome, of := w.handled(t, form.Key, send(first)); outcome != "known" && outcome != "started" || of != job {
		t.Errorf("sent again it is %s, job %s", outcome, of) // Step Functions doesn't say while the job runs
	}
	if outcome, of := w.handled(t, form.Key, send(second)); outcome != "rejected" || of != job {
		t.Errorf("the second is %s, job %s", outcome, of)
	}
	said := decode[bucket.Rejection](t, w.object(t, objectkey.Rejection(form.Key)))
	if said.Key != form.Key || !strings.Contains(said.Reason, "a form makes at most one video") {
		t.Errorf("the rejection is %+v", said)
	}
	// A move is no way around it: what was refused still buys nothing.
	if outcome, of := w.handled(t, "done/second.txt", w.copyFile(t, form.Key, "", "done/second.txt")); outcome != "rejected" || of != "" {
		t.Errorf("the second, moved, is %s, job %s", outcome, of)
	}
	w.finish(t, job)
	w.charges(t, first, 1)
	w.charges(t, second, 0)
}

// testSystemFiles uploads the files that operating systems leave in folders. Each causes only a
// line in the log.
func (w *world) testSystemFiles(t *testing.T) {
	double := "\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        \x00\x02 a resource fork that reads like a prompt"
	before := len(w.provider.Ledger().Creates)
	versions := map[string]string{}
	for _, name := range []string{
		"._boat.txt", ".DS_Store", "Thumbs.db", "desktop.ini", "Desktop.ini", "~$boat.txt", "a folder/", "hadoop_$folder$", "__MACOSX/boat.txt", ".~lock.boat.txt#",
	} {
		key := "system/" + name
		content := []byte(double)
		if strings.HasSuffix(key, "/") {
			content = nil
		}
		versions[key] = w.put(t, key, content)
	}
	for key, version := range versions {
		if outcome, job := w.handled(t, key, version); outcome != "ignored" || job != "" {
			t.Errorf("%s is %s, job %s", key, outcome, job)
		}
	}
	if keys := w.keys(t, "rejected/system/"); len(keys) > 0 {
		t.Errorf("rejected: %v", keys)
	}
	for _, c := range w.provider.Ledger().Creates[before:] {
		if strings.Contains(c.Body, "resource fork") {
			t.Errorf("the provider was sent %.60q", c.Body)
		}
	}
}
