package library

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/generate"
	"github.com/takeup/takeup/internal/cli/money"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/hookurl"
)

// NewGet returns the command get.
func NewGet(env *command.Env) *cobra.Command {
	var (
		t      target.Target
		wait   bool
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "get ID", Args: command.Args(1, 1),
		Short: "Show everything about a video",
		Long: `Shows everything about one video: its request, its progress, its cost, and for a
failed one the reason and what to do. With --wait it is shown once it has ended;
the exit status is 4 if it ended without a video.`,
		ValidArgsFunction: ids(env, &t, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			access, err := t.API(ctx, env)
			if err != nil {
				return err
			}
			if !wait {
				got, err := access.Video(ctx, args[0])
				if err != nil {
					return err
				}
				return showVideo(env.Out, access, got, asJSON)
			}
			m := generate.Creator{Env: env, API: access, Output: generate.OutputOptions{JSON: asJSON}, Resume: func(id string) string {
				return env.CommandLine(append(append([]string{"get", "--wait"}, t.Arguments()...), id)...)
			}}
			watcher := m.Watcher()
			got, err := watcher.Watch(ctx, args[0], false)
			watcher.Display.Close()
			var without *generate.NoVideo
			if err != nil && !errors.As(err, &without) {
				return err
			}
			return errors.Join(showVideo(env.Out, access, got, asJSON), err)
		},
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until the job has ended")
	flags.JSON(cmd, &asJSON)
	t.APIFlags(cmd)
	return cmd
}

func showVideo(out io.Writer, access target.API, v api.Video, asJSON bool) error {
	if asJSON {
		return term.JSON(out, v)
	}
	columns := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(columns, "%s\t%s\n", name, value)
		}
	}
	row("id", v.ID)
	status := string(v.Status)
	if e := v.Estimate; e != nil && e.LeftSeconds != nil {
		status += ", about " + term.Seconds(time.Duration(*e.LeftSeconds)*time.Second) + " left"
	}
	if v.Discard && !v.Ended() {
		status += ", to be discarded"
	}
	row("status", status)
	if w := v.Waiting; w != nil {
		row("waiting", term.Plain(w.Message))
		row("since", w.Since.UTC().Format(time.RFC3339))
		row("last error", term.Plain(term.OrEmpty(w.LastError)))
		row("next try", timeText(w.NextAt))
		row("until", timeText(w.Until))
	}
	if v.Request != nil {
		row("model", v.Request.Model())
		row("seconds", fmt.Sprint(v.Request.Duration()))
		row("prompt", term.Plain(v.Request.Prompt()))
		pairs := v.Request.Metadata()
		for _, key := range slices.Sorted(maps.Keys(pairs)) {
			row("metadata", term.Plain(key+"="+pairs[key]))
		}
		if host := hookurl.Host(v.Request.WebhookField()); host != "" {
			row("webhook", "at "+term.Plain(host))
		}
	}
	row("owner", term.Plain(term.OrEmpty(v.Owner)))
	row("forgotten", timeText(v.ForgottenAt))
	row("from", originText(v.Origin))
	row("created", v.CreatedAt.UTC().Format(time.RFC3339))
	row("submitted", timeText(v.SubmittedAt))
	row("ended", timeText(v.EndedAt))
	if v.Cost != nil {
		row("cost", money.Cost(v.Cost))
	}
	if v.Manifest != nil {
		row("file", fileText(*v.Manifest))
		row("generation", v.Manifest.GenerationID)
		if access.Bucket != "" {
			row("S3", objectkey.URI(access.Bucket, objectkey.Video(video.Locator{ID: v.ID, CreatedAt: v.CreatedAt})))
		}
	}
	if v.Error != nil {
		row("error", term.Plain(v.Error.Name+": "+v.Error.Message))
		row("paid", string(v.Error.Paid))
		row("to do", term.Plain(v.Error.Advice))
	}
	name := "happened"
	for _, h := range v.History {
		fmt.Fprintf(columns, "%s\t%s  %s\n", name, h.At.UTC().Format(time.RFC3339), term.Plain(h.Message))
		name = ""
	}
	return columns.Flush()
}

// originText formats where a job came from.
func originText(o *api.Origin) string {
	switch {
	case o == nil:
		return ""
	case o.Trigger == video.TriggerAPI:
		return "the API"
	case o.Trigger == video.TriggerExecution:
		return "an execution started by hand"
	case o.Batch != nil:
		return term.Plain(lineText(o))
	}
	text := objectkey.URI(term.OrEmpty(o.Bucket), term.OrEmpty(o.Key))
	if o.Version != nil {
		text += ", version " + *o.Version
	}
	return term.Plain(text)
}

// lineText formats the line of a batch that a job was made of.
func lineText(o *api.Origin) string {
	text := "batch " + *o.Batch
	if o.Line != nil {
		text = fmt.Sprintf("line %d of %s", *o.Line, text)
	}
	if o.Label != nil {
		text += ", " + *o.Label
	}
	return text
}

// fileText formats the properties of a stored file.
func fileText(m video.Manifest) string {
	text := term.Bytes(m.Bytes)
	if m.Width > 0 && m.Height > 0 {
		text += fmt.Sprintf(", %d×%d", m.Width, m.Height)
	}
	if m.Seconds > 0 {
		text += fmt.Sprintf(", %.2f s", m.Seconds)
	}
	return text
}

func timeText(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}
