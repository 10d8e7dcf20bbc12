package video_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/video"
)

func TestControl(t *testing.T) {
	at := time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	if got := (video.Control{}).Paused("jobs"); got != nil {
		t.Errorf("a new table is paused: %v", got)
	}
	paused := video.Control{}.Pause("jobs", "ann", "a bill", at)
	if got := paused.Paused("jobs"); got == nil || got.By != "ann" || got.Reason != "a bill" || !got.Since.Equal(at) || got.CopyOf != "" {
		t.Errorf("got %+v", got)
	}
	if again := paused.Pause("jobs", "bob", "another", at.Add(time.Hour)); !reflect.DeepEqual(again, paused) {
		t.Errorf("paused twice: %+v", again)
	}
	resumed, err := paused.Resume("jobs", false)
	if err != nil || !reflect.DeepEqual(resumed, video.Control{Table: "jobs"}) || resumed.Paused("jobs") != nil {
		t.Errorf("resumed: %+v, %v", resumed, err)
	}
	if again, err := resumed.Resume("jobs", false); err != nil || !reflect.DeepEqual(again, resumed) {
		t.Errorf("resumed twice: %+v, %v", again, err)
	}

	// A copy is paused, whether its original was or not, until it is repaired.
	var copied *video.Paused
	for _, original := range []video.Control{resumed, paused, {Table: "jobs", Repaired: "jobs"}} {
		if got := original.Paused("copy"); got == nil || got.CopyOf == "" && got.By == "" {
			t.Errorf("a copy of %+v is not paused: %+v", original, got)
		}
		if _, err := original.Resume("copy", false); !errors.As(err, &copied) || copied.CopyOf != "jobs" || !strings.Contains(err.Error(), "--repair") {
			t.Errorf("a copy of %+v was resumed: %v", original, err)
		}
		if got := original.Pause("copy", "ann", "", at); got.Table != "jobs" || got.PausedAt.IsZero() {
			t.Errorf("a copy of %+v, paused: %+v", original, got)
		}
		if got, err := original.Resume("copy", true); err != nil || got.Paused("copy") != nil || got.Paused("jobs") == nil {
			t.Errorf("a copy of %+v, resumed without repair: %+v, %v", original, got, err)
		}
		original.Repaired = "copy"
		if got, err := original.Resume("copy", false); err != nil || !reflect.DeepEqual(got, video.Control{Table: "copy", Repaired: "copy"}) {
			t.Errorf("a repaired copy of %+v: %+v, %v", original, got, err)
		}
	}
}
