package reconcile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/promptfile"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/reconcile/gather"
	"github.com/takeup/takeup/internal/video"
)

// settling is how long an upload may take to become a job. S3 usually delivers the
// event within seconds; Lambda retries a failed event after minutes.
const settling = 10 * time.Minute

// comparison is the state of one Compare call.
type comparison struct {
	gather.Facts
	report Report
}

// Compare reports every discrepancy in the facts, in a stable order.
func Compare(facts gather.Facts) Report {
	c := comparison{Facts: facts, report: Report{
		From: facts.From, To: facts.To, Jobs: len(facts.Entries), Videos: len(facts.Manifests), Prompts: len(facts.Prompts),
		Findings: []Finding{}, Money: []Move{}, Drifts: []Drift{}, Notes: []Note{}, Unknown: append([]gather.Unknown{}, facts.Unknown...),
	}}
	for _, execution := range facts.Executions {
		if execution.Running() {
			c.report.Running++
		}
	}
	c.charges()
	c.unfinished()
	c.videos()
	c.prompts()
	c.money()
	c.counters()
	slices.SortStableFunc(c.report.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), a.At.Compare(b.At), cmp.Compare(a.What, b.What))
	})
	slices.SortStableFunc(c.report.Notes, func(a, b Note) int { return cmp.Compare(a.What, b.What) })
	return c.report
}

func (c *comparison) find(f Finding) { c.report.Findings = append(c.report.Findings, f) }
func (c *comparison) note(what, job, detail string) {
	c.report.Notes = append(c.report.Notes, Note{what, job, detail})
}
func (c *comparison) unknown(source, reason string) {
	c.report.Unknown = append(c.report.Unknown, gather.Unknown{Source: source, Reason: reason})
}
func (c *comparison) running(id string) bool { return c.Executions[id].Running() }

// removed reports whether a job's video was stored, and both the video and its
// manifest were deleted since.
func (c *comparison) removed(id string) bool {
	return c.Executions[id].Status == "SUCCEEDED" && !c.Stored(id) && !c.Videos[id]
}

func redrive(id string) string { return "takeup redrive " + id }

// charges reports each charge without a stored video, and notes generations
// without a charge.
func (c *comparison) charges() {
	payments, anonymous := c.Payments()
	jobs := c.JobsByGeneration()
	for key, p := range payments {
		job := cmp.Or(jobs[key], p.Client)
		if job == "" && !ours(p.Model) {
			c.note(p.ID, "", "charged for "+p.Model+", which no job here requested; it belongs to another user of the account")
			continue
		}
		c.report.Paid++
		c.report.Micros += p.Micros
		if p.Entries > 1 {
			c.note(p.ID, job, fmt.Sprintf("the provider's transactions have %d charges of this generation", p.Entries))
		}
		finding := Finding{Kind: Charge, What: p.ID, Job: job, At: p.At, Micros: p.Micros}
		switch {
		case jobs[key] != "" && (c.Stored(job) || c.running(job)):
			continue
		case jobs[key] != "" && c.removed(job):
			c.note(p.ID, job, "paid and stored, but its video was deleted from the bucket since")
			continue
		case jobs[key] != "" && c.discarded(job):
			c.note(p.ID, job, "paid, and its video was discarded by its owner")
			continue
		case jobs[key] != "":
			finding.Detail, finding.ToDo = c.withoutVideo(job)
		default:
			finding.Detail, finding.ToDo = c.stranger(*p)
			if finding.Detail == "" {
				continue
			}
		}
		if p.Entries == 0 {
			finding.Detail += " (the logs show it as succeeded; the transactions show no charge of it yet)"
		}
		c.find(finding)
	}
	for _, charge := range anonymous {
		if !ours(charge.Model) {
			continue
		}
		c.report.Micros += charge.Micros
		c.find(Finding{
			Kind: Charge, What: "-", At: charge.Created, Micros: charge.Micros, Detail: "a charge without a generation id",
			ToDo: "ask the provider's support which request it is for",
		})
	}
	c.uncharged(payments)
	c.prices(payments, jobs)
}

// withoutVideo explains why a job whose own generation was charged has no video,
// and what to do.
func (c *comparison) withoutVideo(job string) (detail, toDo string) {
	entry := c.Entries[job]
	outcome := c.outcome(job)
	detail = "paid, and the video is not stored"
	if outcome != "" {
		detail += "; the job ended with " + outcome
	}
	switch advice := c.kind(job).Charged; {
	case advice != "":
		return detail, strings.ReplaceAll(advice, "JOB", job)
	case entry.ID == "":
		return detail, "its item is no longer in the jobs table; ask the provider for the generation by its id"
	}
	return detail, redrive(job) + " fetches it without paying again"
}

// stranger suggests whose a charged generation may be that no job has as its own.
// It returns nothing if the job that sent it is running, and so may still find it.
func (c *comparison) stranger(p gather.Payment) (detail, toDo string) {
	entry, known := c.Entries[p.Client]
	switch {
	case p.Client == "" && c.LogsUnread:
		return "paid, but no job here owns this generation",
			"its owner is unknown while the logs can't be read; reconcile again, then ask the provider for it by its id"
	case p.Client == "":
		return "paid, but no job here has this generation",
			"another user of the account, or another stack with the same key; ask the provider for it by its id"
	case known && entry.GenerationID != "":
		return "paid in addition to generation " + entry.GenerationID + ", which is the job's own",
			"ask the provider's support for a refund; the provider has the video under the generation's id"
	case known && c.running(p.Client):
		return "", ""
	case known:
		return "paid, but not recorded in the job" + prefixed("; it ended with ", c.outcome(p.Client)),
			redrive(p.Client) + " finds it without paying again"
	}
	return "paid for a job that is not in the table",
		"another stack with the same key, or the item of job " + p.Client + " was deleted; ask the provider for the generation by its id"
}

// uncharged notes the jobs' generations without a transaction. The provider charges
// after a generation ends, so the charge may only be late.
func (c *comparison) uncharged(payments map[string]*gather.Payment) {
	for id, entry := range c.Entries {
		p := payments[entry.GenerationID]
		switch {
		case entry.GenerationID == "", entry.SubmittedAt.Before(c.From), p != nil && p.Entries > 0,
			c.kind(id).Paid == video.PaidNo, c.running(id):
		case !c.Charged[entry.KeyVersion]:
			c.note(entry.GenerationID, id, "it is unknown whether it was charged: the transactions could not be read with the key of its submission")
		default:
			c.note(entry.GenerationID, id, "no charge is recorded for it (yet)")
		}
	}
}

// unfinished reports each job that is neither stored, nor ended, nor running.
func (c *comparison) unfinished() {
	for id, entry := range c.Entries {
		execution := c.Executions[id]
		switch {
		case c.Stored(id), entry.Outcome != nil, execution.Running():
			continue
		case c.removed(id):
			c.note(id, id, "stored, but its video was deleted from the bucket since")
			continue
		}
		detail := "its execution is no longer known"
		if execution.Name != "" {
			detail = "its execution " + execution.Name + " is " + execution.Status + prefixed(" with ", execution.Error)
		}
		c.find(Finding{
			Kind: Job, What: id, Job: id, At: entry.CreatedAt,
			Detail: fmt.Sprintf("neither stored, nor ended, nor running (its submission is %s); %s", entry.Phase, detail), ToDo: redrive(id),
		})
	}
}

// videos reports each video without a manifest and each manifest without a video,
// unless a running job is storing it.
func (c *comparison) videos() {
	ids := maps.Clone(c.Videos)
	for id := range c.Manifests {
		ids[id] = true
	}
	for id := range ids {
		switch {
		case c.Videos[id] && c.Stored(id), c.running(id):
		case c.Videos[id]:
			toDo := redrive(id) + " stores it again, verified"
			if c.discarded(id) {
				toDo = "its owner discarded it; remove it, or " + redrive(id) + " to keep it after all"
			}
			if _, known := c.Entries[id]; !known {
				toDo = "its job is not in the table; keep the file under another name, or remove it"
			}
			c.find(Finding{Kind: Video, What: objectkey.Video(c.Locator(id)), Job: id, Detail: "a video without a manifest, so it was never confirmed as complete", ToDo: toDo})
		default:
			c.find(Finding{
				Kind: Video, What: objectkey.Manifest(c.Locator(id)), Job: id, Detail: "a manifest without its video",
				ToDo: "remove the manifest, then " + redrive(id) + " stores the video again while the provider has it",
			})
		}
	}
}

// uploadAgain is what to do about a prompt file that nothing came of.
const uploadAgain = "upload it again; the queue of the output UnhandledPromptsUrl says what went wrong"

// prompts reports each prompt file with neither a job nor a rejection.
func (c *comparison) prompts() {
	for _, file := range c.Prompts {
		id, what := file.Job(), file.Key
		execution := c.Executions[id]
		finding := Finding{Kind: Prompt, What: what, Job: id, At: file.At}
		switch {
		case promptfile.System(file.Key), c.there(id), file.Rejected:
			continue
		case promptfile.OfMany(file.Key):
			c.batchFile(file)
			continue
		case file.Sum == "":
			c.unknown("prompt file "+what, "version "+file.Version+" is in an archive storage class, so its content can't be read and its job is unknown")
			continue
		case c.To.Sub(file.At) < settling:
			c.note(what, id, "uploaded just now; its job doesn't exist yet")
			continue
		case execution.Name != "":
			finding.Detail = "its execution " + execution.Name + " is " + execution.Status + prefixed(" with ", execution.Error) + ", and nothing was submitted or paid"
			finding.ToDo = "fix the cause that the execution shows, then redrive the job, or upload the file again"
		case c.there(file.First):
			c.note(what, file.First, "version "+file.Version+" has the same text as that job's file, and counts as a copy of it")
			continue
		case file.Replaced:
			c.note(what, id, "version "+file.Version+" has no job; if it was rejected, the rejection of a later version replaced its own")
			continue
		default:
			finding.Detail = "version " + file.Version + " has neither a job nor a rejection"
			finding.ToDo = uploadAgain
		}
		c.find(finding)
	}
}

// there reports whether a job was started: it is in the table, stored or running.
func (c *comparison) there(id string) bool {
	_, known := c.Entries[id]
	return known || c.Stored(id) || c.running(id)
}

// outcome returns the name of a job's outcome, from its entry or else from its last
// execution; it is empty if the job has not ended.
func (c *comparison) outcome(id string) string {
	if entry := c.Entries[id]; entry.Outcome != nil {
		return entry.Outcome.Name
	}
	return c.Executions[id].Error
}

// kind returns the properties of the job's outcome.
func (c *comparison) kind(id string) video.OutcomeKind {
	return video.Outcome{Name: c.outcome(id)}.Kind()
}

// discarded reports whether the owner discarded a video that was paid for.
func (c *comparison) discarded(id string) bool {
	kind := c.kind(id)
	return kind.Chosen() && kind.Paid == video.PaidYes
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// ours reports whether the catalogue has the model, by full name or by alias without
// the vendor's prefix. An empty name counts as ours.
func ours(model string) bool {
	if model == "" {
		return true
	}
	return slices.ContainsFunc(all.Models().Names(), func(name string) bool {
		return name == model || strings.HasSuffix(name, "/"+model) || strings.HasSuffix(model, "/"+name)
	})
}
