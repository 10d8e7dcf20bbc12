package server_test

import (
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReplies makes every call, and checks the requests and the replies against the
// description. Every reply in the description must be made here.
func TestReplies(t *testing.T) {
	d := newDescription(t)
	for _, table := range []map[string]reply{aimlapiReplies(), videosReplies(), posterReplies(), batchesReplies(), usageReplies(), aboutReplies(), otherReplies()} {
		for name, test := range table {
			t.Run(name, func(t *testing.T) { test.run(t, name, d) })
		}
	}
	answeredByAPIGateway(t, d)
	for _, missing := range d.missing() {
		t.Errorf("%s is in the description, and no test makes it", missing)
	}
}

func (test reply) run(t *testing.T, name string, d *description) {
	j := newJobs(t)
	j.standing = test.caps
	if test.used != nil {
		j.used = *test.used
	}
	var log bytes.Buffer
	handler := newHandler(j, links{test.urlErr}, &log)
	if test.before != nil {
		handler.ServeHTTP(httptest.NewRecorder(), test.before.request())
		log.Reset()
	}
	j.err, j.used.err, j.batches.err, j.panics = test.err, test.err, test.err, test.panics
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, test.request())
	if test.target != "/openapi.json" {
		golden(t, name, transcript(w))
	}
	d.hold(t, test.request(), test.body, w)
	if said := log.String(); strings.Count(said, "\n") != 1 || strings.Contains(said, "canary") || strings.Contains(said, "boat") {
		t.Errorf("logged %s", said)
	}
	if strings.Contains(w.Body.String(), "secret-arn") || w.Code >= 400 && strings.Contains(w.Body.String(), "canary") {
		t.Errorf("replied %s", w.Body)
	}
	if id := w.Header().Get("X-Inference-Id"); id != "" && !strings.Contains(log.String(), `"job":"`+id+`"`) {
		t.Errorf("logged without the job: %s", &log)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
