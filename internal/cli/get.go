package cli

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/video"
)

func newGet(w *world) *cobra.Command {
	var (
		t      target
		wait   bool
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "get ID", GroupID: groupVideos, Args: arguments(1, 1),
		Short: "Show all that is known of a video",
		Long: `Shows all that is known of one video: its request, how far it is, what it cost,
and where it has none, why and what to do. With --wait it is shown once it has
ended; one that ended without a video then makes the exit status 4.`,
		ValidArgsFunction: w.ids(&t, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			access, err := t.api(ctx, w)
			if err != nil {
				return err
			}
			if !wait {
				got, err := access.Video(ctx, args[0])
				if err != nil {
					return err
				}
				return showVideo(w.out, access, got, asJSON)
			}
			m := maker{world: w, api: access, delivery: delivery{json: asJSON}, back: func(id string) string {
				return w.typed(append(append([]string{"get", "--wait"}, t.words()...), id)...)
			}}
			watcher := m.watcher()
			got, err := watcher.watch(ctx, args[0], false)
			watcher.show.close()
			var without *noVideo
			if err != nil && !errors.As(err, &without) {
				return err
			}
			return errors.Join(showVideo(w.out, access, got, asJSON), err)
		},
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until it has ended")
	jsonFlag(cmd, &asJSON)
	t.apiFlags(cmd)
	return cmd
}

func showVideo(out io.Writer, access apiAccess, v api.Video, asJSON bool) error {
	if asJSON {
		return printJSON(out, v)
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
		status += ", about " + secondsText(time.Duration(*e.LeftSeconds)*time.Second) + " left"
	}
	if v.Discard && !v.Ended() {
		status += ", to be discarded"
	}
	row("status", status)
	if w := v.Waiting; w != nil {
		row("waiting", plain(w.Message))
		row("since", w.Since.UTC().Format(time.RFC3339))
		row("last error", plain(deref(w.LastError)))
		row("next try", timeText(w.NextAt))
		row("until", timeText(w.Until))
	}
	if v.Request != nil {
		row("model", v.Request.Model())
		row("seconds", fmt.Sprint(v.Request.Duration()))
		row("prompt", plain(v.Request.Prompt()))
	}
	row("owner", plain(deref(v.Owner)))
	row("forgotten", timeText(v.ForgottenAt))
	row("from", originText(v.Origin))
	row("created", v.CreatedAt.UTC().Format(time.RFC3339))
	row("submitted", timeText(v.SubmittedAt))
	row("ended", timeText(v.EndedAt))
	if v.Cost != nil {
		row("cost", costText(v.Cost))
	}
	if v.Manifest != nil {
		row("file", fileText(*v.Manifest))
		row("generation", v.Manifest.GenerationID)
		if access.bucket != "" {
			row("S3", "s3://"+access.bucket+"/"+objectkey.Video(v.ID))
		}
	}
	if v.Error != nil {
		row("error", plain(v.Error.Name+": "+v.Error.Message))
		row("paid", string(v.Error.Paid))
		row("to do", plain(v.Error.Advice))
	}
	name := "happened"
	for _, h := range v.History {
		fmt.Fprintf(columns, "%s\t%s  %s\n", name, h.At.UTC().Format(time.RFC3339), plain(h.Message))
		name = ""
	}
	return columns.Flush()
}

// originText says where a job came from.
func originText(o *api.Origin) string {
	switch {
	case o == nil:
		return ""
	case o.Trigger == video.TriggerAPI:
		return "the API"
	case o.Trigger == video.TriggerExecution:
		return "an execution that was started by hand"
	}
	text := "s3://" + deref(o.Bucket) + "/" + deref(o.Key)
	if o.Version != nil {
		text += ", version " + *o.Version
	}
	return plain(text)
}

// fileText says what is known of a stored file.
func fileText(m video.Manifest) string {
	text := bytesText(m.Bytes)
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
