package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/intake"
	"github.com/takeup/takeup/internal/reconcile"
	"github.com/takeup/takeup/internal/video"
)

type redriveCommand struct {
	Jobs []string `arg:"" optional:"" name:"job" help:"The jobs' ids."`
	All  bool     `help:"Redrive every job that ended without a video and can go on."`
	Wait bool     `help:"Wait, and say how each ended."`

	Stack stackFlags `embed:""`
}

// Help is shown below the command's usage.
func (c *redriveCommand) Help() string {
	return "Goes on with a job that ended without a video, in a new execution JOB-r1, JOB-r2 and so on: " +
		"a paid video is fetched and stored, an unanswered submission is looked up, and one that the provider " +
		"refused, for credits, key or room, is submitted. Nothing is paid twice."
}

// Run redrives the jobs, each of which may be refused.
func (c *redriveCommand) Run(ctx context.Context, w *world) error {
	if c.All == (len(c.Jobs) > 0) {
		return &usageError{errors.New("give the ids of jobs, or --all")}
	}
	stack, err := c.Stack.open(ctx)
	if err != nil {
		return err
	}
	shelf := stack.shelf()
	r := redriver{world: w, executions: stack.executions(), ledger: stack.ledger(), manifests: shelf, address: shelf.Address}
	if c.All {
		objects := reconcile.Objects{Client: stack.s3(), Videos: stack.outputs["VideosBucket"]}
		listing, err := objects.Listing(ctx)
		if err != nil {
			return err
		}
		return r.all(ctx, listing, c.Wait)
	}
	return r.each(ctx, c.Jobs, c.Wait)
}

// redriver starts redrives.
type redriver struct {
	*world
	executions executions
	ledger     reconcile.Ledger
	manifests  reconcile.Manifests
	address    func(id string) string
}

// notRedriven is a job that there is nothing to redrive of, or that can't be.
type notRedriven struct{ ID, Reason string }

func (e *notRedriven) Error() string { return "job " + e.ID + " was not redriven: " + e.Reason }

// each redrives the jobs that are given. One that can't be keeps none of the
// others from it.
func (r *redriver) each(ctx context.Context, ids []string, wait bool) error {
	started := map[string]string{}
	var order []string
	var errs []error
	for _, id := range ids {
		name, err := r.redrive(ctx, id)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		fmt.Fprintln(r.out, name)
		order, started[name] = append(order, name), id
	}
	for _, name := range order {
		if wait {
			errs = append(errs, r.await(ctx, name, started[name]))
		}
	}
	return errors.Join(errs...)
}

// all redrives the jobs of the ledger that ended without a video and can go on.
func (r *redriver) all(ctx context.Context, listing reconcile.Listing, wait bool) error {
	var ids []string
	for _, id := range listing.Entries {
		if listing.Manifests[id] {
			continue
		}
		latest, _, err := r.executions.latest(ctx, id)
		if err != nil {
			return err
		}
		entry, _, err := r.ledger.Get(ctx, id)
		if err != nil {
			return reconcile.Plain(err)
		}
		// A video that was stored, and taken out of the bucket since, is
		// fetched again only where it is asked for by name.
		removed := latest.Status == string(types.ExecutionStatusSucceeded) && !listing.Videos[id]
		if latest.Running() || removed || entry.Ending != nil && entry.Ending.Final() {
			continue
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		fmt.Fprintln(r.out, "no job can be redriven")
	}
	return r.each(ctx, ids, wait)
}

// redrive starts the job's next redrive and gives the execution's name, or a
// *notRedriven. The executions are read first: what ends one is written before.
func (r *redriver) redrive(ctx context.Context, id string) (string, error) {
	if err := video.CheckID(id); err != nil {
		return "", err
	}
	latest, next, err := r.executions.latest(ctx, id)
	if err != nil {
		return "", err
	}
	if latest.Running() {
		return "", &notRedriven{id, "its execution " + latest.Name + " is still running"}
	}
	_, stored, err := r.manifests.Manifest(ctx, id)
	if err != nil {
		return "", reconcile.Plain(err)
	}
	if stored {
		return "", &notRedriven{id, "its video is stored already, at " + r.address(id)}
	}
	entry, _, err := r.ledger.Get(ctx, id)
	var unknown *video.NoEntry
	switch {
	case errors.As(err, &unknown):
		return "", &notRedriven{id, r.unknown(id, latest)}
	case err != nil:
		return "", reconcile.Plain(err)
	case entry.Ending != nil && entry.Ending.Final():
		return "", &notRedriven{id, "it ended with " + entry.Ending.Error + ", which stays; a new request is the way: " + entry.Ending.Message}
	}
	return r.executions.redrive(ctx, id, next)
}

// unknown says what to do about a job that is not in the ledger.
func (r *redriver) unknown(id string, latest reconcile.Execution) string {
	if latest.Name != "" {
		with := ""
		if latest.Error != "" {
			with = " with " + latest.Error
		}
		return "its execution ended" + with + " before anything was submitted or paid; send the request anew (a prompt file: upload it again)"
	}
	if i := strings.LastIndex(id, "-r"); i > 0 && i+2 < len(id) && strings.Trim(id[i+2:], "0123456789") == "" {
		return "the ledger has no such job; if that is the name of a redrive's execution, give the job's id, " + id[:i]
	}
	return "the ledger has no such job; look for its id with `takeup reconcile`, or see whether this is the right stack"
}

// await says how a redrive ended. One that ended without a video is an error.
func (r *redriver) await(ctx context.Context, name, id string) error {
	out, err := r.executions.wait(ctx, r.world, name)
	if err != nil {
		return err
	}
	if out.Status == types.ExecutionStatusSucceeded {
		fmt.Fprintf(r.out, "%s  stored at %s\n", name, r.address(id))
		return nil
	}
	ended := strings.TrimSpace(string(out.Status) + " " + aws.ToString(out.Error))
	fmt.Fprintf(r.out, "%s  %s\n", name, ended)
	return fmt.Errorf("%s ended without a video: %s: %s", name, ended, intake.Cause(out))
}
