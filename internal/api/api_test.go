package api_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/video"
)

func TestPathOf(t *testing.T) {
	for want, got := range map[string]string{
		"/videos/api-1":           api.PathOf(api.VideoPath, "api-1"),
		"/videos/api-1/redrive":   api.PathOf(api.RedrivePath, "api-1"),
		"/videos/a%2Fb%3F/forget": api.PathOf(api.ForgetPath, "a/b?"), // no job's id, and still no other path
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// A message is read as it was written, whether it is a text or a list.
func TestMessage(t *testing.T) {
	for text, want := range map[string]string{
		`"a <b> & c"`:      "a <b> & c",
		`["a","b \u003c"]`: "a\nb <",
		`["a"]`:            "a",
		`null`:             "",
		`""`:               "",
	} {
		var m api.Message
		if err := json.Unmarshal([]byte(text), &m); err != nil || m.String() != want {
			t.Errorf("%s is read as %q, %v", text, m, err)
		}
		encoded, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var again api.Message
		if err := json.Unmarshal(encoded, &again); err != nil || again.String() != want || len(again.List) != len(m.List) {
			t.Errorf("%s is written as %s, and read as %q, %v", text, encoded, again, err)
		}
	}
	var m api.Message
	if err := json.Unmarshal([]byte(`{"said":"no"}`), &m); err == nil {
		t.Errorf("an object is read as %q", m)
	}
}

func TestQueries(t *testing.T) {
	from := time.Date(2026, 8, 21, 14, 0, 0, 500, time.FixedZone("CEST", 7200))
	list := api.ListQuery{Status: api.Running, Model: "m", Owner: "alice", Words: "a boat", From: from, Limit: 7, Cursor: "c"}
	for want, got := range map[string]string{
		"":                      api.ListQuery{}.Values().Encode(),
		"status=error":          api.ListQuery{Status: video.StateFailed}.Values().Encode(),
		"model=m&month=2026-08": api.UsageQuery{Month: "2026-08", Model: "m"}.Values().Encode(),
		"owner=alice":           api.UsageQuery{Owner: "alice"}.Values().Encode(),
		"cursor=c&from=2026-08-21T12%3A00%3A00.0000005Z&limit=7&model=m&owner=alice&q=a+boat&status=running": list.Values().Encode(),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// A status that this version doesn't know is not an end: whoever waits goes on.
func TestEnded(t *testing.T) {
	for _, state := range append(video.States(), "", "paused") {
		want := state == video.StateCompleted || state == video.StateFailed || state == video.StateCancelled || state == video.StateDiscarded
		if got := (api.Video{Status: state}).Ended(); got != want {
			t.Errorf("a job that is %q has ended: %v", state, got)
		}
	}
}
