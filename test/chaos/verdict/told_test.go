package verdict

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/notify"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/test/chaos/listen"
	"github.com/takeup/takeup/test/chaos/world"
)

// An event that contradicts what the table said is found.
func TestMistold(t *testing.T) {
	stored := video.Entry{ID: "a", Endings: 1}
	stored.Store(video.Manifest{ID: "a", Bytes: 7, ChargedMicros: 980_000, StoredAt: time.Now()})
	failed := video.Entry{ID: "a", Endings: 1}
	failed.End(&video.OutOfCredits{}, time.Now())
	const (
		completed = `{"id":"a.1","video_id":"a","n":1,"status":"completed","cost":{"usd":0.98},"file":{"bytes":7}}`
		ended     = `{"id":"a.1","video_id":"a","n":1,"status":"error","outcome":{"name":"OutOfCredits"}}`
		full      = `{"limit":"day","cap":{"usd":8},"held":{"usd":7.5}}`
	)
	w := &world.World{Caps: &world.Caps{Step: 4}}
	for name, test := range map[string]struct {
		kind   notify.Type
		detail string
		entry  video.Entry
		ended  bool // there was such an ending of a job, or of a batch's run
		wrong  bool
	}{
		"stored":                        {notify.VideoCompleted, completed, stored, true, false},
		"stored, as another type":       {notify.VideoEnded, completed, stored, true, true},
		"stored, but it failed":         {notify.VideoCompleted, completed, failed, true, true},
		"of another size":               {notify.VideoCompleted, `{"id":"a.1","video_id":"a","n":1,"status":"completed","cost":{"usd":0.98},"file":{"bytes":8}}`, stored, true, true},
		"at another price":              {notify.VideoCompleted, `{"id":"a.1","video_id":"a","n":1,"status":"completed","cost":{"usd":1},"file":{"bytes":7}}`, stored, true, true},
		"of another id":                 {notify.VideoCompleted, `{"id":"a.2","video_id":"a","n":1,"status":"completed","cost":{"usd":0.98},"file":{"bytes":7}}`, stored, true, true},
		"failed":                        {notify.VideoEnded, ended, failed, true, false},
		"failed, but it is stored":      {notify.VideoEnded, ended, stored, true, true},
		"of a batch that it isn't in":   {notify.VideoEnded, `{"id":"a.1","video_id":"a","n":1,"status":"error","outcome":{"name":"OutOfCredits"},"batch":"b"}`, failed, true, true},
		"an ending that was not":        {notify.VideoEnded, ended, video.Entry{}, false, true},
		"a batch":                       {notify.BatchFinished, `{}`, video.Entry{}, true, false},
		"a batch that goes on":          {notify.BatchFinished, `{}`, video.Entry{}, false, true},
		"a cap":                         {notify.CapReached, full, video.Entry{}, false, false},
		"a cap that was never set":      {notify.CapReached, `{"limit":"day","cap":{"usd":7},"held":{"usd":7}}`, video.Entry{}, false, true},
		"a cap that has room":           {notify.CapReached, `{"limit":"day","cap":{"usd":8},"held":{"usd":1}}`, video.Entry{}, false, true},
		"no type of event":              {"Surprise", `{}`, video.Entry{}, true, true},
		"something that is not decoded": {notify.VideoEnded, `7`, failed, true, true},
	} {
		got := mistold(w, "a.1", listen.Event{Type: test.kind, Detail: json.RawMessage(test.detail)}, test.entry, test.ended, test.ended)
		if (got != "") != test.wrong {
			t.Errorf("%s: %q", name, got)
		}
	}
	w.Caps = nil
	if mistold(w, "day.1", listen.Event{Type: notify.CapReached, Detail: json.RawMessage(full)}, video.Entry{}, false, false) == "" {
		t.Error("a cap is reached where there is none")
	}
}
