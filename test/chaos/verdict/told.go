package verdict

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/notify"
	"github.com/takeup/takeup/internal/notify/webhook"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/test/chaos/listen"
	"github.com/takeup/takeup/test/chaos/world"
)

// The kinds of findings about what was told.
const (
	untold    = "untold"
	toldWrong = "told_wrong"
)

// checkTold: each ending of a job and of a batch's run was told, or is kept for somebody to look
// at; what was told is what the table said then; and what can't be told holds up nothing.
func checkTold(ctx context.Context, w *world.World, r *Result, heard *listen.Listener) error {
	if err := heard.Rest(ctx); err != nil {
		return err
	}
	events, kept, given := heard.All()
	hooks, unexpected := heard.Hooks.All()
	jobs, batches, odd := w.Endings.All()
	byID := map[string]*world.Job{}
	for _, j := range w.Jobs {
		byID[j.ID] = j
	}
	for _, what := range append(odd, unexpected...) {
		r.add(toldWrong, nil, "%s", what)
	}
	hooked := func(to webhook.Target, id string, j *world.Job) {
		if delivery := listen.Delivery(to, id); len(hooks[delivery]) == 0 && !given[delivery] {
			r.add(untold, j, "the webhook of the %s was not told of %s", to, id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(jobs)) {
		if len(events[id]) == 0 && !kept["job#"+id] {
			r.add(untold, byID[jobs[id].ID], "its ending %s as %s was not told", id, how(jobs[id]))
		}
		j := byID[jobs[id].ID]
		hooked(webhook.ToStack, id, j)
		if j != nil && j.HasHook() {
			hooked(webhook.ToVideo, id, j)
		}
	}
	for id := range batches {
		if len(events[id]) == 0 && !kept["batch#"+id] {
			r.add(untold, nil, "the end of the run %s was not told", id)
		}
		hooked(webhook.ToStack, id, nil)
	}
	for _, key := range w.Poisoned {
		if !kept[key] {
			r.add(untold, nil, "the item %s can't be told, and isn't kept", key)
		}
	}
	for delivery, all := range hooks {
		_, id, _ := strings.Cut(delivery, " ")
		events[id] = append(events[id], all...)
	}
	for id, all := range events {
		for _, e := range all {
			entry, ended := jobs[id]
			if wrong := mistold(w, id, e, entry, ended, batches[id]); wrong != "" {
				r.add(toldWrong, byID[entry.ID], "%s: %s", wrong, e.Detail)
			}
			hides(w, "the event "+id, e.Text, append(secrets(w), world.CanaryPrompt)...)
		}
	}
	if w.Account != nil && len(w.Account.Waited[budget.LimitDay]) > 0 && !slices.ContainsFunc(slices.Collect(maps.Values(events)), func(all []listen.Event) bool { return all[0].Type == notify.CapReached }) {
		r.add(untold, nil, "%d jobs waited for the day's money, and no cap was told", len(w.Account.Waited[budget.LimitDay]))
	}
	return nil
}

// how describes how a job has ended.
func how(entry video.Entry) string {
	if e := entry.Outcome; entry.State() == video.StateFailed && e != nil {
		return e.Name
	}
	return string(entry.State())
}

// mistold returns how an event contradicts the job's entry as it was written with that ending, or
// "".
func mistold(w *world.World, id string, e listen.Event, entry video.Entry, ended, batch bool) string {
	switch e.Type {
	case notify.VideoCompleted, notify.VideoEnded:
		var told notify.Video
		switch err := json.Unmarshal(e.Detail, &told); {
		case err != nil:
			return "it can't be read: " + err.Error()
		case !ended:
			return "no job has had this ending"
		default:
			return contradiction(id, e.Type, told, entry)
		}
	case notify.BatchFinished:
		if !batch {
			return "no batch has had this end"
		}
	case notify.CapReached:
		var told notify.Cap
		if err := json.Unmarshal(e.Detail, &told); err != nil || w.Caps == nil || w.Caps.Step == 0 || told.Limit != budget.LimitDay ||
			int64(told.Cap.USD)%w.Caps.Step != 0 || told.Held.USD < told.Cap.USD/2 {
			return "no cap was reached in this way"
		}
	case notify.NeedsAttention:
	default:
		return "it is of no type"
	}
	return ""
}

// contradiction compares an event about a job with the job's entry.
func contradiction(id string, kind notify.Type, told notify.Video, entry video.Entry) string {
	state := entry.State()
	told.Outcome, told.Cost, told.File = given(told.Outcome), given(told.Cost), given(told.File)
	outcome, usd, bytes := "", 0.0, int64(0)
	switch state {
	case video.StateCompleted:
		usd, bytes = float64(entry.Manifest.ChargedMicros)/1e6, entry.Manifest.Bytes
	case video.StateDiscarded:
		outcome, usd = video.OutcomeName(&video.Discarded{}), told.Cost.USD // what it cost may be known by its attempt alone
	default:
		outcome = entry.Outcome.Name
	}
	batch := ""
	if told.Batch != nil {
		batch = *told.Batch
	}
	got := fmt.Sprintf("%s %d %s %s %q %g %d %q", told.VideoID, told.N, kind, told.Status, told.Outcome.Name, told.Cost.USD, told.File.Bytes, batch)
	as := notify.VideoEnded
	if state == video.StateCompleted {
		as = notify.VideoCompleted
	}
	want := fmt.Sprintf("%s %d %s %s %q %g %d %q", entry.ID, entry.Endings, as, state, outcome, usd, bytes, entry.Origin.Batch)
	switch {
	case got != want:
		return fmt.Sprintf("it tells %s, and the table said %s", got, want)
	case told.ID != id || !strings.HasPrefix(id, entry.ID+"."):
		return "it has another id"
	}
	return ""
}

// given returns what a pointer is at, or a new value if it is nil.
func given[T any](value *T) *T {
	if value == nil {
		return new(T)
	}
	return value
}
