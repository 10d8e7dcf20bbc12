package operate

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/target"
	"github.com/takeup/takeup/internal/cli/term"
	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/reconcile"
	"github.com/takeup/takeup/internal/reconcile/gather"
	"github.com/takeup/takeup/internal/reconcile/repair"
)

// longestLogs is the longest window that can be reconciled: the provider's logs allow 92 days
// (openapi, logs-v2), and some time around the window is read too.
const longestLogs = 90 * 24 * time.Hour

// NewReconcile returns the command reconcile.
func NewReconcile(env *command.Env) *cobra.Command {
	var (
		t       target.Target
		since   time.Duration
		restore bool
		move    bool
		asJSON  bool
	)
	cmd := &cobra.Command{
		Use: "reconcile", Args: command.Args(0, 0),
		Short: "Find what was paid without a video, and what was lost",
		Long: `Compares the provider's charges with the table of jobs, the bucket and the prompt
files, and reports what does not match, and each charge of more than three times
the price, with what to do. It also reports which attempts with uncertain money were
charged and which certainly were not, and counters of money that differ from the
sums of the jobs. It changes nothing and pays nothing.

With --money it writes these corrections, so that the caps and the usage count what
was charged. With --repair it writes back what the table lacks after it was restored
to a point in time, while it is paused. It needs the stack's AWS account. The exit
status is 0 if everything is accounted for, and 3 if something was reported or could
not be read.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if since <= 0 || since > longestLogs {
				return command.Usagef("--since must be more than 0 and at most 2160h, which is what the provider's logs cover")
			}
			if move && restore {
				return command.Usagef("give --money or --repair, not both; repair first, and correct the money once the jobs have ended")
			}
			stack, err := t.AWS(cmd.Context(), env)
			switch {
			case err != nil:
				return err
			case restore && !cmd.Flags().Changed("since"):
				since = restorable
			}
			if restore {
				return repairTable(cmd.Context(), env, stack, since, asJSON)
			}
			return reconciled(cmd.Context(), env, stack, since, move, asJSON)
		},
	}
	cmd.Flags().DurationVar(&since, "since", 24*time.Hour, "how far back charges and prompt files are compared; with --repair the default is 864h")
	cmd.Flags().BoolVar(&move, "money", false, "write which attempts with uncertain money were charged or not, and correct wrong counters")
	cmd.Flags().BoolVar(&restore, "repair", false, "write back what the table lacks after it was restored")
	flags.JSON(cmd, &asJSON)
	t.Flags(cmd)
	return cmd
}

// Unsettled is the error for a report that requires action.
type Unsettled struct{ What string }

func (e *Unsettled) Error() string { return e.What }

func reconciled(ctx context.Context, env *command.Env, stack target.Stack, since time.Duration, move, asJSON bool) error {
	sources, err := sourcesOf(env, stack)
	if err != nil {
		return err
	}
	now := env.Now()
	facts, err := sources.Gather(ctx, now.Add(-since), now)
	if err != nil {
		return gather.Plain(err)
	}
	report := reconcile.Compare(facts)
	if move {
		// Moves change the counters, which can be corrected only as they were read.
		corrector := repair.Repair{Table: stack.Jobs()}
		drifts, err := corrector.Correct(ctx, report.Drifts)
		if err != nil {
			return gather.Plain(err)
		}
		report = report.Mended(drifts)
		if report.Money, err = corrector.Move(ctx, report.Money); err != nil {
			return gather.Plain(err)
		}
		report.Moved = true
	}
	if err := showReport(env.Out, report, asJSON); err != nil {
		return err
	}
	if !report.Settled() {
		return &Unsettled{fmt.Sprintf("not everything is accounted for: %d found, %d unknown", len(report.Findings), len(report.Unknown))}
	}
	return nil
}

func sourcesOf(env *command.Env, stack target.Stack) (gather.Sources, error) {
	executions, err := executionsOf(stack)
	if err != nil {
		return gather.Sources{}, err
	}
	return gather.Sources{
		Jobs: stack.Jobs(), IDs: stack.Scan(), Manifests: stack.Manifests(), Contents: stack.Jobs(), Prices: stack.Jobs(), Counters: stack.Jobs(), Batches: stack.Jobs(), Executions: executions,
		Accounts: stack.Accounts(env),
		Objects:  gather.Objects{Client: stack.S3(), Videos: stack.Outputs["VideosBucket"], PromptFiles: stack.Outputs["PromptsBucket"]},
	}, nil
}

func executionsOf(stack target.Stack) (gather.Latest, error) {
	machine, err := target.StateMachine(stack.Outputs)
	if err != nil {
		return gather.Latest{}, err
	}
	return gather.Latest{Executions: runs.New(sfn.NewFromConfig(stack.Config), machine), Jobs: stack.Jobs()}, nil
}

func showReport(out io.Writer, report reconcile.Report, asJSON bool) error {
	if asJSON {
		return term.JSON(out, report)
	}
	return printReport(out, report)
}

// printReport prints a report for people: the findings, what is unknown, the notes, and
// the totals.
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
		fmt.Fprintf(columns, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.Kind, f.What, term.Dash(f.Job), at, usd, f.Detail, f.ToDo)
	}
	if err := columns.Flush(); err != nil {
		return err
	}
	for _, d := range report.Drifts {
		if !d.Mended {
			continue // reported as a finding
		}
		for _, name := range slices.Sorted(maps.Keys(d.Jobs)) {
			fmt.Fprintf(out, "counters: %s: %s was %d, and is now %d, the sum of the jobs\n", d.Counter, name, d.Counted[name], d.Jobs[name])
		}
	}
	for _, m := range report.Money {
		fmt.Fprintf(out, "money: %s\n", moveText(m, report.Moved))
	}
	for _, u := range report.Unknown {
		fmt.Fprintf(out, "unknown: %s: %s\n", u.Source, u.Reason)
	}
	for _, n := range report.Notes {
		fmt.Fprintf(out, "note: %s (job %s): %s\n", n.What, term.Dash(n.Job), n.Detail)
	}
	_, err := fmt.Fprintf(out, "%s to %s: %d generations charged, %s, %d prompt files; in the table %d jobs, %d videos stored, %d running; %d found, %d unknown\n",
		report.From.UTC().Format(time.RFC3339), report.To.UTC().Format(time.RFC3339),
		report.Paid, price.Micros(report.Micros), report.Prompts, report.Jobs, report.Videos, report.Running, len(report.Findings), len(report.Unknown))
	return err
}

// moveText says what the uncertain money of an attempt will become, or has become.
func moveText(m reconcile.Move, moved bool) string {
	usd := func(micros int64) string { return fmt.Sprintf("%.2f USD", float64(micros)/1e6) }
	becomes := "would be"
	if moved {
		becomes = "is now"
	}
	text := fmt.Sprintf("attempt %d of job %s, of %s: %s uncertain, which %s ", m.Attempt, m.Job, m.Day, usd(m.Micros), becomes)
	if m.State == budget.Spent {
		text += usd(m.Charged) + " spent"
	} else {
		text += "released"
	}
	text += " (" + m.Why + ")"
	if !moved {
		text += "; write it with takeup reconcile --money"
	}
	return text
}
