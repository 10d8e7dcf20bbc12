package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/takeup/takeup/internal/aimlapi"
	"github.com/takeup/takeup/internal/reconcile"
	"github.com/takeup/takeup/internal/secret"
)

type reconcileCommand struct {
	Since time.Duration `help:"How far back charges and prompt files are looked at." default:"24h"`
	JSON  bool          `help:"Print JSON." name:"json"`

	Stack stackFlags `embed:""`
}

// Help is shown below the command's usage.
func (c *reconcileCommand) Help() string {
	return "Holds what the provider charged against the ledger, the bucket and the prompt files, and names what " +
		"does not add up, each with what to do. It changes nothing and pays nothing. The exit status is 0 when all is " +
		"accounted for, 3 when something is named or could not be read, 1 when it failed."
}

// unsettled says that not all is accounted for.
type unsettled struct{ findings, unknown int }

func (e *unsettled) Error() string {
	return fmt.Sprintf("not all is accounted for: %d named, %d unknown", e.findings, e.unknown)
}

// longestLogs is the longest window that the provider's logs take: 92 days
// (openapi, logs-v2), with room for the time around it.
const longestLogs = 90 * 24 * time.Hour

// Run reconciles.
func (c *reconcileCommand) Run(ctx context.Context, w *world) error {
	if c.Since <= 0 || c.Since > longestLogs {
		return &usageError{errors.New("--since takes more than 0 and at most 2160h, which is what the provider's logs give")}
	}
	stack, err := c.Stack.open(ctx)
	if err != nil {
		return err
	}
	now := w.now()
	facts, err := stack.sources(w).Gather(ctx, now.Add(-c.Since), now)
	if err != nil {
		return reconcile.Plain(err)
	}
	report := reconcile.Compare(facts)
	if err := c.show(w.out, report); err != nil {
		return err
	}
	if !report.Settled() {
		return &unsettled{findings: len(report.Findings), unknown: len(report.Unknown)}
	}
	return nil
}

func (a stackAccess) sources(w *world) reconcile.Sources {
	return reconcile.Sources{
		Ledger: a.ledger(), Manifests: a.shelf(), Executions: a.executions(),
		Provider: aimlapi.New(aimlapi.Config{BaseURL: a.provider, Now: w.now}),
		Keys:     secret.New(secretsmanager.NewFromConfig(a.config), a.outputs["ProviderKeySecret"]),
		Objects:  reconcile.Objects{Client: a.s3(), Videos: a.outputs["VideosBucket"], PromptFiles: a.outputs["PromptsBucket"]},
	}
}

func (c *reconcileCommand) show(out io.Writer, report reconcile.Report) error {
	if c.JSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	}
	return table(out, report)
}

// table prints a report for people: what is named, then what is not known, what
// is only for information, and the sums.
func table(out io.Writer, report reconcile.Report) error {
	columns := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(report.Findings) > 0 {
		fmt.Fprintln(columns, "KIND\tWHAT\tJOB\tWHEN\tCREDITS\tWHY\tWHAT TO DO")
	}
	for _, f := range report.Findings {
		at, credits := "-", "-"
		if !f.At.IsZero() {
			at = f.At.UTC().Format(time.RFC3339)
		}
		if f.Credits > 0 {
			credits = fmt.Sprint(f.Credits)
		}
		fmt.Fprintf(columns, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.Kind, f.What, dash(f.Job), at, credits, f.Detail, f.ToDo)
	}
	if err := columns.Flush(); err != nil {
		return err
	}
	for _, u := range report.Unknown {
		fmt.Fprintf(out, "unknown: %s: %s\n", u.Source, u.Reason)
	}
	for _, n := range report.Notes {
		fmt.Fprintf(out, "note: %s (job %s): %s\n", n.What, dash(n.Job), n.Detail)
	}
	_, err := fmt.Fprintf(out, "%s to %s: %d generations charged, %d credits, %d prompt files; in the ledger %d jobs, %d videos stored, %d in work; %d named, %d unknown\n",
		report.From.UTC().Format(time.RFC3339), report.To.UTC().Format(time.RFC3339),
		report.Paid, report.Credits, report.Prompts, report.Jobs, report.Videos, report.Running, len(report.Findings), len(report.Unknown))
	return err
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
