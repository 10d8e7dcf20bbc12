package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/arn"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/reconcile"
	"github.com/takeup/takeup/internal/reconcile/repair"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/video"
)

// longestLogs is the longest window that the provider's logs take: 92 days
// (openapi, logs-v2), with room for the time around it.
const longestLogs = 90 * 24 * time.Hour

func newReconcile(w *world) *cobra.Command {
	var (
		t      target
		since  time.Duration
		mend   bool
		move   bool
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "reconcile", GroupID: groupOperate, Args: arguments(0, 0),
		Short: "Name what was paid without a video, and what was lost on the way",
		Long: `Holds what the provider charged against the table of jobs, the bucket and the
prompt files, and names what does not add up, and each charge of more than three
times the price, each with what to do. It also says which attempts whose money is
uncertain were charged, and which certainly were not, and which counters of the money
aren't the sums of the jobs'. It changes nothing and pays nothing. With --money it
writes that, so that the caps and the usage count what was charged. With --repair it writes what the table lacks of all that back instead, after
it was restored to a point in time and while it is paused. It needs the stack's AWS.
The exit status is 0 when all is accounted for, and 3 when something is named or could
not be read.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if since <= 0 || since > longestLogs {
				return &usageError{errors.New("--since takes more than 0 and at most 2160h, which is what the provider's logs give")}
			}
			if move && mend {
				return &usageError{errors.New("--money and --repair can't be given together; repair first, and move money once the jobs have ended")}
			}
			stack, err := t.aws(cmd.Context(), w)
			switch {
			case err != nil:
				return err
			case mend && !cmd.Flags().Changed("since"):
				since = restorable
			}
			if mend {
				return w.repair(cmd.Context(), stack, since, asJSON)
			}
			return reconciled(cmd.Context(), w, stack, since, move, asJSON)
		},
	}
	cmd.Flags().DurationVar(&since, "since", 24*time.Hour, "how far back charges and prompt files are looked at; with --repair, 864h unless it is given")
	cmd.Flags().BoolVar(&move, "money", false, "write which attempts whose money is uncertain were charged or not, and count anew what is counted wrong")
	cmd.Flags().BoolVar(&mend, "repair", false, "write back what the table lacks, as after it was restored")
	jsonFlag(cmd, &asJSON)
	t.flags(cmd)
	return cmd
}

// unsettled says that something is named that is to be done.
type unsettled struct{ what string }

func (e *unsettled) Error() string { return e.what }

func reconciled(ctx context.Context, w *world, stack stackAccess, since time.Duration, move, asJSON bool) error {
	sources, err := stack.sources(w)
	if err != nil {
		return err
	}
	now := w.now()
	facts, err := sources.Gather(ctx, now.Add(-since), now)
	if err != nil {
		return reconcile.Plain(err)
	}
	report := reconcile.Compare(facts)
	if move {
		// A move changes the counters, which are mended only as they were read.
		mender := repair.Repair{Table: stack.jobs()}
		drifts, err := mender.Mend(ctx, report.Drifts)
		if err != nil {
			return reconcile.Plain(err)
		}
		report = report.Mended(drifts)
		if report.Money, err = mender.Move(ctx, report.Money); err != nil {
			return reconcile.Plain(err)
		}
		report.Moved = true
	}
	if err := showReport(w.out, report, asJSON); err != nil {
		return err
	}
	if !report.Settled() {
		return &unsettled{fmt.Sprintf("not all is accounted for: %d named, %d unknown", len(report.Findings), len(report.Unknown))}
	}
	return nil
}

func (a stackAccess) sources(w *world) (reconcile.Sources, error) {
	executions, err := a.executions()
	if err != nil {
		return reconcile.Sources{}, err
	}
	return reconcile.Sources{
		Jobs: a.jobs(), IDs: a.ids(), Manifests: a.manifests(), Contents: a.jobs(), Prices: a.jobs(), Counters: a.jobs(), Executions: executions,
		Accounts: a.accounts(w),
		Objects:  reconcile.Objects{Client: a.s3(), Videos: a.outputs["VideosBucket"], PromptFiles: a.outputs["PromptsBucket"]},
	}, nil
}

// latest gives reconcile the last execution of a job.
type latest struct {
	jobs.Executions
	table *table.Table
}

// Latest gives the job's execution, or the last of its redrives. A job that the table
// doesn't have can only have its own.
func (l latest) Latest(ctx context.Context, id string) (reconcile.Execution, error) {
	entry, _, err := l.table.Get(ctx, id)
	var absent *video.NoEntry
	if errors.As(err, &absent) {
		entry, err = video.Entry{Execution: id}, nil
	}
	if err != nil {
		return reconcile.Execution{}, err
	}
	out, err := l.Executions.Latest(ctx, entry)
	if err != nil || out == nil {
		return reconcile.Execution{}, err
	}
	return reconcile.Execution{Name: deref(out.Name), Status: string(out.Status), Error: deref(out.Error)}, nil
}

func (a stackAccess) executions() (latest, error) {
	machine, err := stateMachine(a.outputs)
	if err != nil {
		return latest{}, err
	}
	return latest{jobs.NewExecutions(sfn.NewFromConfig(a.config), machine), a.jobs()}, nil
}

// stateMachine is the ARN that a stack's outputs have.
func stateMachine(outputs map[string]string) (machine arn.ARN, err error) {
	err = machine.UnmarshalText([]byte(outputs["StateMachineArn"]))
	return machine, err
}

func showReport(out io.Writer, report reconcile.Report, asJSON bool) error {
	if asJSON {
		return printJSON(out, report)
	}
	return printReport(out, report)
}

// printReport prints a report for people: what is named, then what is not known, what
// is only for information, and the sums.
func printReport(out io.Writer, report reconcile.Report) error {
	columns := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(report.Findings) > 0 {
		fmt.Fprintln(columns, "KIND\tWHAT\tJOB\tWHEN\tUSD\tWHY\tWHAT TO DO")
	}
	for _, f := range report.Findings {
		at, usd := "-", "-"
		if !f.At.IsZero() {
			at = f.At.UTC().Format(time.RFC3339)
		}
		if f.Micros > 0 {
			usd = string(price.Micros(f.Micros).USD())
		}
		fmt.Fprintf(columns, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.Kind, f.What, dash(f.Job), at, usd, f.Detail, f.ToDo)
	}
	if err := columns.Flush(); err != nil {
		return err
	}
	for _, d := range report.Drifts {
		if !d.Mended {
			continue // it is a finding
		}
		for _, name := range slices.Sorted(maps.Keys(d.Jobs)) {
			fmt.Fprintf(out, "counters: %s: %s was %d, and is %d as the jobs make it\n", d.Counter, name, d.Counted[name], d.Jobs[name])
		}
	}
	for _, m := range report.Money {
		fmt.Fprintf(out, "money: %s\n", moveText(m, report.Moved))
	}
	for _, u := range report.Unknown {
		fmt.Fprintf(out, "unknown: %s: %s\n", u.Source, u.Reason)
	}
	for _, n := range report.Notes {
		fmt.Fprintf(out, "note: %s (job %s): %s\n", n.What, dash(n.Job), n.Detail)
	}
	_, err := fmt.Fprintf(out, "%s to %s: %d generations charged, %s, %d prompt files; in the table %d jobs, %d videos stored, %d in work; %d named, %d unknown\n",
		report.From.UTC().Format(time.RFC3339), report.To.UTC().Format(time.RFC3339),
		report.Paid, price.Micros(report.Micros), report.Prompts, report.Jobs, report.Videos, report.Running, len(report.Findings), len(report.Unknown))
	return err
}

// moveText says what becomes of the uncertain money of an attempt, or became of it.
func moveText(m reconcile.Move, moved bool) string {
	usd := func(micros int64) string { return fmt.Sprintf("%.2f USD", float64(micros)/1e6) }
	becomes := "would be"
	if moved {
		becomes = "is now"
	}
	text := fmt.Sprintf("attempt %d of job %s, of %s: %s uncertain, which %s ", m.Attempt, m.Job, m.Day, usd(m.Micros), becomes)
	if m.State == video.MoneySpent {
		text += usd(m.Charged) + " spent"
	} else {
		text += "released"
	}
	text += " (" + m.Why + ")"
	if !moved {
		text += "; takeup reconcile --money writes it"
	}
	return text
}
