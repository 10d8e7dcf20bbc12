package library

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/generate"
	"github.com/takeup/takeup/internal/cli/progress"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/video"
)

// NewRedrive returns the command redrive.
func NewRedrive(env *command.Env) *cobra.Command {
	var (
		t                 target.Target
		all, wait, asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "redrive (ID... | --all)",
		Short: "Resume jobs that ended without a video",
		Long: `Resumes a job that ended without a video, in a new execution ID-r1, ID-r2 and so
on: a paid video is fetched and stored, a submission without an answer is looked
up, and one that the provider refused for lack of credits or capacity, or for its
key, is submitted again. Nothing is paid twice.`,
		ValidArgsFunction: ids(env, &t, video.StateFailed),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if all == (len(args) > 0) {
				return command.Usagef("give the ids of jobs, or --all")
			}
			access, err := t.API(ctx, env)
			if err != nil {
				return err
			}
			if all {
				if args, err = redrivable(ctx, access); err != nil {
					return err
				}
			}
			r := redriver{env: env, access: access, arguments: t.Arguments(), json: asJSON}
			return r.each(ctx, args, wait)
		},
	}
	set := cmd.Flags()
	set.BoolVar(&all, "all", false, "redrive every job that ended without a video and can be resumed")
	set.BoolVar(&wait, "wait", false, "wait, and print how each job ended")
	flags.JSON(cmd, &asJSON)
	t.APIFlags(cmd)
	return cmd
}

// redrivable returns the jobs that a redrive can resume, oldest first.
func redrivable(ctx context.Context, access target.API) ([]string, error) {
	got, err := list(ctx, access, api.ListQuery{Status: video.StateFailed, Limit: pageSize}, 0)
	var ids []string
	for _, v := range slices.Backward(got.Videos) {
		if v.Error != nil && v.Error.Redrivable {
			ids = append(ids, v.ID)
		}
	}
	return ids, err
}

// redriver redrives jobs.
type redriver struct {
	env       *command.Env
	access    target.API
	arguments []string // flags that select the same stack
	json      bool
}

// redriven is a job that was resumed.
type redriven struct {
	Execution string `json:"execution"`
	api.Video
}

// each redrives jobs. A failure doesn't stop the others.
func (r *redriver) each(ctx context.Context, ids []string, wait bool) error {
	done := []redriven{}
	var errs []error
	for _, id := range ids {
		got, execution, err := r.access.Redrive(ctx, id)
		if err != nil {
			errs = append(errs, r.explain(id, err))
			continue
		}
		done = append(done, redriven{execution, got})
		if !r.json {
			fmt.Fprintln(r.env.Out, execution)
		}
	}
	if len(ids) == 0 && !r.json {
		fmt.Fprintln(r.env.Out, "no job can be redriven")
	}
	for i := range done {
		if wait && ctx.Err() == nil {
			errs = append(errs, r.await(ctx, &done[i]))
		}
	}
	if r.json {
		errs = append(errs, term.JSON(r.env.Out, struct {
			Redriven []redriven `json:"redriven"`
		}{done}))
	}
	return errors.Join(errs...)
}

// explain adds to an error what to do. The name of a redrive's execution is easily mistaken for
// a job's id.
func (r *redriver) explain(id string, err error) error {
	err = fmt.Errorf("job %s was not redriven: %w", id, err)
	var refused *client.Refused
	if !errors.As(err, &refused) || refused.Status != http.StatusNotFound {
		return err
	}
	if i := strings.LastIndex(id, "-r"); i > 0 && i+2 < len(id) && strings.Trim(id[i+2:], "0123456789") == "" {
		return fmt.Errorf("%w\n  if that is the name of a redrive's execution, give the job's id, %s", err, id[:i])
	}
	return fmt.Errorf("%w\n  look for its id with `takeup list` or `takeup reconcile`, or check that this is the right stack", err)
}

// await waits for a redriven job and prints how it ended. A job that ended without a video
// is an error.
func (r *redriver) await(ctx context.Context, job *redriven) error {
	w := generate.Watcher{Env: r.env, API: r.access, Display: progress.NewLines(r.env, r.env.Err, job.Execution+" "), Resume: func(id string) string {
		return r.env.CommandLine(append(append([]string{"get", "--wait"}, r.arguments...), id)...)
	}}
	got, err := w.Watch(ctx, job.ID, true)
	var without *generate.NoVideo
	if err != nil && !errors.As(err, &without) {
		return err
	}
	job.Video = got
	if !r.json {
		fmt.Fprintf(r.env.Out, "%s  %s\n", job.Execution, got.Status)
	}
	return err
}
