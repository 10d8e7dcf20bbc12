package repair

import (
	"strconv"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/jobs/runs"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video"
)

// attempt is a submission in the provider's logs.
type attempt struct {
	number int
	row    provider.LoggedRequest
}

// readAttempt parses a submission's reference, "<id>.<attempt>".
func readAttempt(row provider.LoggedRequest) (id string, a attempt, ok bool) {
	id, number, found := strings.Cut(row.Reference, ".")
	n, err := strconv.Atoi(number)
	return id, attempt{n, row}, found && err == nil && n > 0 && video.ValidID(id)
}

// evidence is what is known of a job outside the table.
type evidence struct {
	id       string
	runs     []runs.Run
	attempts []attempt
	manifest *video.Manifest
	origin   video.Origin // its prompt file; zero if unknown
}

// grace bounds the duration of a submission that is in the logs but whose answer is
// unknown.
const grace = time.Minute

// create returns the entry of a job that the table lacks, and false if nothing says what
// its request was.
func (e evidence) create() (video.Entry, bool) {
	entry := video.Entry{ID: e.id, Execution: e.id, Started: true, Origin: e.origin}
	for _, run := range e.runs {
		if run.Redrive == 0 && run.Request != nil {
			entry.Request, entry.RequestHash, entry.CreatedAt = *run.Request, run.Request.Hash(), run.Started
		}
	}
	m := e.manifest
	switch {
	case m == nil:
	case !m.ForgottenAt.IsZero():
		entry.Request, entry.RequestHash, entry.CreatedAt, entry.ForgottenAt = m.Request, m.RequestHash, m.CreatedAt, m.ForgottenAt
	case entry.RequestHash == "":
		entry.Request, entry.RequestHash, entry.CreatedAt = m.Request, m.Request.Hash(), m.CreatedAt
	default:
		entry.CreatedAt = m.CreatedAt
	}
	if m != nil && m.Origin.Trigger != "" {
		entry.Origin = m.Origin
	}
	if entry.Origin.Trigger == "" && strings.HasPrefix(e.id, "api-") {
		entry.Origin.Trigger = video.TriggerAPI
	}
	return entry, entry.RequestHash != ""
}

// amend adds what the entry lacks, and reports whether it changed anything.
func (r Repair) amend(e evidence, entry *video.Entry) bool {
	changed := e.execution(entry)
	if r.generation(e, entry) {
		changed = true
	}
	if m := e.manifest; m != nil && entry.Manifest == nil && m.GenerationID == entry.GenerationID {
		stored := *m
		entry.Manifest, entry.Outcome, entry.DiscardedAt, changed = &stored, nil, time.Time{}, true
	}
	return changed
}

// execution makes the entry name the last of the job's executions.
func (e evidence) execution(entry *video.Entry) bool {
	changed := false
	for _, run := range e.runs {
		switch {
		case run.Redrive > entry.Redrives:
			entry.Execution, entry.Redrives, entry.Started, changed = run.Name, run.Redrive, true, true
		case run.Name == entry.Execution && !entry.Started:
			entry.Started, changed = true, true
		}
	}
	return changed
}

// generation records a submission's generation, or at least that the submission was made.
func (r Repair) generation(e evidence, entry *video.Entry) bool {
	if entry.GenerationID != "" {
		return false
	}
	var last attempt
	id, at, made := "", time.Time{}, video.Job{}
	for _, a := range e.attempts {
		if a.number >= last.number {
			last = a
		}
		if a.row.ID != "" && !a.row.Failed {
			id, at = a.row.ID, a.row.Created
		}
	}
	for _, run := range e.runs {
		if run.State.GenerationID != "" {
			id, at, made = run.State.GenerationID, run.State.SubmittedAt, run.State
		}
	}
	if m := e.manifest; m != nil {
		id, at = m.GenerationID, m.SubmittedAt
	}
	if id == "" && last.number <= entry.Attempt && (last.number < entry.Attempt || entry.Phase != video.PhaseRefused || last.row.Failed && last.row.ID == "") {
		return false
	}
	entry.Attempt = max(entry.Attempt, last.number, 1)
	entry.Refusal, entry.RetryAt = nil, time.Time{}
	if entry.KeyVersion == "" || last.number > 0 {
		entry.KeyVersion = r.KeyVersion
	}
	if id == "" {
		// As after every lost answer, a lookup decides whether it was accepted.
		entry.Phase, entry.Candidate = video.PhaseUnanswered, ""
		r.made(entry, &entry.Candidate, last.row.ID)
		entry.ClaimedAt, entry.ClaimedUntil = last.row.Created, last.row.Created.Add(grace)
		return true
	}
	entry.Phase, entry.GenerationID, entry.Candidate = video.PhaseAccepted, id, ""
	if made.GenerationID == id && made.Handle != "" {
		entry.Provider, entry.Handle = made.Provider, made.Handle
	} else {
		r.made(entry, &entry.Handle, id)
	}
	entry.SubmittedAt, entry.ClaimedAt, entry.ClaimedUntil = at, at, at.Add(grace)
	if entry.Outcome != nil && !entry.Outcome.Chosen() {
		entry.Outcome = nil // it predates the generation
	}
	return true
}

// made sets the entry's provider, and the handle that the provider derives from a
// generation ID. If the provider or its records are missing, the entry stays without
// them, and the step that needs them reports it.
func (r Repair) made(entry *video.Entry, handle *string, id string) {
	account, err := r.Accounts.Making(entry.Request.Model())
	if err != nil {
		return
	}
	entry.Provider = account.Provider.Name()
	if records, ok := account.Provider.(provider.Records); ok {
		*handle = string(records.Handle(id, entry.Request))
	}
}
