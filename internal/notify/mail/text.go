package mail

import (
	"fmt"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/notify"
	"github.com/takeup/takeup/internal/table/digest"
	"github.com/takeup/takeup/internal/video"
)

// The kinds of mails, besides the names of outcomes.
const (
	completed = "Video Completed"
	finished  = "Batch Finished"
	failed    = "Batch Finished with failures"
	capped    = "Cap Reached"
	attention = "Needs Attention" // what it is about follows
)

// note returns the kind of the mail that an event belongs into, and what the mail says of it. The
// kind is empty for an event that isn't mailed. The videos of a batch are in the mail about the
// batch, except for those whose outcome halts everything.
func (m *Mail) note(e notify.Event) (kind string, n digest.Note) {
	if m.On == None || m.On != All && !e.NeedsAttention() {
		return "", digest.Note{}
	}
	switch about := e.About.(type) {
	case *notify.Video:
		return ofVideo(e.ID, about)
	case *notify.Batch:
		kind = finished
		if about.Videos.Failed > 0 {
			kind = failed
		}
		v := about.Videos
		return kind, digest.Note{ID: e.ID, About: about.BatchID, Text: fmt.Sprintf("%s: %d stored, %d failed, %d cancelled", short(about.Name), v.Stored, v.Failed, v.Cancelled)}
	case *notify.Cap:
		of := fmt.Sprintf("of %.2f USD a %s", about.Cap.USD, about.Limit)
		if about.Limit == budget.LimitOwner && about.Owner != nil {
			of = fmt.Sprintf("of %s, %.2f USD a day,", short(*about.Owner), about.Cap.USD)
		}
		return capped, digest.Note{ID: e.ID, Text: fmt.Sprintf("The cap %s leaves no room: %.2f USD are spent, reserved or uncertain. It resets at %s. %s",
			of, about.Held.USD, about.ResetsAt.UTC().Format(time.RFC3339), about.ToDo)}
	case *notify.Attention:
		text := about.Message + "\n  What to do: " + about.ToDo
		if len(about.Videos) > 0 {
			text += fmt.Sprintf("\n  %d videos: %s", about.Count, strings.Join(about.Videos, " "))
		}
		return attention + ": " + about.About, digest.Note{ID: e.ID, Text: text}
	}
	return "", digest.Note{}
}

func ofVideo(id string, about *notify.Video) (kind string, n digest.Note) {
	kind = completed
	var said []string
	if about.Label != nil {
		said = append(said, short(*about.Label))
	}
	if about.Owner != nil {
		said = append(said, "requested by "+short(*about.Owner))
	}
	if about.Outcome != nil {
		kind = about.Outcome.Name
		if about.Outcome.Paid != video.PaidNo {
			said = append(said, map[video.Paid]string{video.PaidYes: "paid", video.PaidPerhaps: "perhaps paid"}[about.Outcome.Paid])
		}
	}
	if about.Batch != nil && !(video.Outcome{Name: kind}).Kind().Halts {
		return "", digest.Note{}
	}
	return kind, digest.Note{ID: id, About: about.VideoID, Text: strings.Join(said, ", ")}
}

// most is how long a name may be in a mail, in characters.
const most = 60

// short returns a name of somebody's own without what could break a line, and not too long.
func short(name string) string {
	runes := []rune(strings.Join(strings.Fields(name), " "))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}

// many returns how many of a thing a mail is about.
func many(d digest.Digest, thing, things string) string {
	switch {
	case d.More > 0:
		return fmt.Sprintf("more than %d %s", len(d.Waiting), things)
	case len(d.Waiting) == 1:
		return "1 " + thing
	}
	return fmt.Sprintf("%d %s", len(d.Waiting), things)
}

// stackLetters is how much of the stack's name is in a subject, which SNS limits to 100 characters.
const stackLetters = 30

// subject returns the subject of a mail: a line of at most 99 ASCII characters.
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
func subject(stack string, d digest.Digest) string {
	what := many(d, "job", "jobs") + " ended as " + d.Kind
	switch about, isAttention := strings.CutPrefix(d.Kind, attention+": "); {
	case isAttention:
		what = "needs attention: " + about
	case d.Kind == completed:
		what = many(d, "video", "videos") + " stored"
	case d.Kind == finished:
		what = many(d, "batch", "batches") + " finished"
	case d.Kind == failed:
		what = many(d, "batch", "batches") + " finished with failures"
	case d.Kind == capped:
		what = "a cap on money is reached"
	}
	line := []byte("Takeup " + stack[:min(len(stack), stackLetters)] + ": " + what)
	for i, c := range line {
		if c < ' ' || c > '~' {
			line[i] = '?'
		}
	}
	return string(line[:min(len(line), 99)])
}

// text returns the text of a mail: what happened, what to do, what to type, and to what it happened.
func text(stack string, d digest.Digest) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	command := func(words string) { say("  takeup %s --stack %s", words, stack) }
	_, isAttention := strings.CutPrefix(d.Kind, attention+": ")
	ids := about(d)
	switch {
	case isAttention:
		say("Something about the stack %s needs a person:\n", stack)
	case d.Kind == capped:
		say("The stack %s has no room below a cap on money. Videos wait until it resets.\n", stack)
		say("To see the caps, and what counts against them:\n")
		command("caps")
		say("")
	case d.Kind == completed:
		say("The stack %s has stored %s.\n", stack, many(d, "video", "videos"))
		say("To fetch one:\n")
		command("download " + ids[0])
		say("")
	case d.Kind == finished, d.Kind == failed:
		say("The stack %s has finished %s%s.\n", stack, many(d, "batch", "batches"), map[bool]string{true: " in which videos failed"}[d.Kind == failed])
		if d.Kind == finished {
			say("To fetch the videos of one:\n")
			command("batch download " + ids[0] + " --to videos")
		} else {
			say("To see what became of each video, and to resume those that failed once the cause is gone:\n")
			command("batch results " + ids[0])
			command("batch resume " + ids[0])
		}
		say("")
	default:
		ofOutcome(say, command, stack, d, ids)
	}
	for _, n := range d.Waiting {
		say("- %s", strings.TrimSpace(n.About+"  "+n.Text))
	}
	if d.More > 0 {
		say("- and more; all that failed, newest first: takeup list --status error --stack %s", stack)
	}
	say("\nA mail of this kind comes at most once in %d minutes. The stack's parameter NotifyOn says what is mailed.", int(apart.Minutes()))
	return b.String()
}

// ofOutcome says what an outcome means, and what to do.
func ofOutcome(say func(string, ...any), command func(string), stack string, d digest.Digest, ids []string) {
	kind := video.Outcome{Name: d.Kind}.Kind()
	meaning := kind.Meaning
	if meaning == "" {
		meaning = "Step Functions ended the execution"
	}
	each := "Each"
	if d.More == 0 && len(d.Waiting) == 1 {
		each = "It"
	}
	paid := map[video.Paid]string{
		video.PaidNo: "Nothing was paid.", video.PaidYes: each + " was paid for.", video.PaidPerhaps: each + " may have been paid for.",
	}[kind.Paid]
	say("In the stack %s, %s ended as %s: %s. %s\n", stack, many(d, "job", "jobs"), d.Kind, meaning, paid)
	say("What to do: %s.\n", strings.ReplaceAll(kind.Advice, "`", ""))
	if kind.Final {
		say("To see what happened:\n")
	} else {
		say("To see what happened, and to resume:\n")
	}
	command("get " + ids[0])
	switch {
	case kind.Final:
	case d.More > 0 || len(ids) > few:
		command("redrive --all")
	default:
		command("redrive " + strings.Join(ids, " "))
	}
	say("")
}

// few is how many ids a command in a mail has at most.
const few = 5

// about returns what the events of a digest are about.
func about(d digest.Digest) []string {
	ids := make([]string, 0, len(d.Waiting)+1)
	for _, n := range d.Waiting {
		ids = append(ids, n.About)
	}
	if len(ids) == 0 { // only overflow is left
		ids = append(ids, "ID")
	}
	return ids
}
