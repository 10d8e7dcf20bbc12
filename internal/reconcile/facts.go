package reconcile

import (
	"strings"
	"time"

	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/promptfile"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/video"
)

// Facts are what was read of the provider and of AWS.
type Facts struct {
	From, To time.Time

	Entries map[string]video.Entry // by the job's id
	// Manifests has the generation's id of each job with a manifest; empty
	// where it wasn't read, since the job's entry has it.
	Manifests map[string]string
	Videos    map[string]bool // the jobs that have a video file
	// Executions has the latest execution of each job that was looked up; the
	// zero Execution where there is none.
	Executions map[string]Execution

	Prices price.List // as the stack knows it

	// Months are those whose counters were read, as 2026-08. Counters has those that
	// did not change while the entries were read, and Changing the names of the others.
	Months   []string
	Counters map[string]table.Tally // by the name
	Changing map[string]bool

	Charges []provider.Charge
	Rows    []provider.LoggedRequest // from somewhat before From
	// LogsUnread says that some of the logs could not be read: whose a charge
	// is may be in them.
	LogsUnread bool
	// Charged has the versions of the keys whose transactions were read.
	Charged map[string]bool
	// Candidates has the generation's id of each job that an unusable answer named one for.
	Candidates map[string]string

	Prompts []PromptFile
	Unknown []Unknown
}

// Execution is a job's execution, or one of its redrives.
type Execution struct {
	Name   string
	Status string // in Step Functions' words, such as FAILED; empty: none is known
	Error  string // the outcome's name
}

// Running reports whether the execution has not ended.
func (e Execution) Running() bool { return e.Status == "RUNNING" }

// PromptFile is one version of an object in the prompts bucket.
type PromptFile struct {
	Bucket, Key, Version string
	At                   time.Time
	// Sum is the SHA-256 of its bytes, by which its job is told; empty where
	// they can't be read.
	Sum string
	// First is the job that the same bytes first became, at whatever key; empty
	// where none is known.
	First string
	// Rejected says that it has a rejection of its own.
	Rejected bool
	// Replaced says that a rejection of a later version took the place that
	// its own would have.
	Replaced bool
}

// Job is the id of the job that the file starts.
func (p PromptFile) Job() string { return promptfile.JobID(p.Bucket, p.Key, p.Sum) }

// owner reads a job's id from what its submission was sent under,
// "<id>.<attempt>"; empty where it is not one of ours.
func owner(reference string) string {
	id, attempt, ok := strings.Cut(reference, ".")
	if !ok || attempt == "" || strings.Trim(attempt, "0123456789") != "" || !video.ValidID(id) {
		return ""
	}
	return id
}

// paid is a generation that costs money, by the transactions or by the logs.
type paid struct {
	id      string
	at      time.Time
	micros  int64  // micro-dollars
	entries int    // in the transactions; 0: only the logs have it
	model   string // empty where it isn't said
	client  string // the job that the logs name
}

// payments puts the charges and the logs together, a generation each, by the
// bare id; and gives the charges that name none.
func (f Facts) payments() (byID map[string]*paid, anonymous []provider.Charge) {
	byID = map[string]*paid{}
	clients := map[string]string{}
	for _, row := range f.Rows {
		job := owner(row.Reference)
		if job == "" || row.ID == "" {
			continue
		}
		clients[row.ID] = job
		if !row.Failed && !row.Created.Before(f.From) {
			byID[row.ID] = &paid{id: row.ID, at: row.Created, model: row.Model}
		}
	}
	for _, charge := range f.Charges {
		if charge.ID == "" {
			anonymous = append(anonymous, charge)
			continue
		}
		p := byID[charge.ID]
		if p == nil {
			p = &paid{id: charge.ID}
			byID[charge.ID] = p
		}
		if charge.Model != "" {
			p.model = charge.Model
		}
		p.at, p.micros, p.entries = charge.Created, p.micros+charge.Micros, p.entries+1
	}
	for key, p := range byID {
		p.client = clients[key]
	}
	return byID, anonymous
}

// jobs gives the job of each generation that an entry or a manifest names, by
// the bare id.
func (f Facts) jobs() map[string]string {
	of := map[string]string{}
	for id, generation := range f.Manifests {
		if generation != "" {
			of[generation] = id
		}
	}
	for id, entry := range f.Entries {
		if entry.GenerationID != "" {
			of[entry.GenerationID] = id
		}
	}
	return of
}

func (f Facts) stored(id string) bool {
	_, ok := f.Manifests[id]
	return ok
}

// merge adds the charges that one more key shows. The keys of one account show
// the same ones, so each is there as often as the key that shows it most often.
func merge(have, more []provider.Charge) []provider.Charge {
	left := map[provider.Charge]int{}
	for _, charge := range have {
		charge.Created = charge.Created.UTC()
		left[charge]++
	}
	for _, charge := range more {
		charge.Created = charge.Created.UTC()
		if left[charge] > 0 {
			left[charge]--
			continue
		}
		have = append(have, charge)
	}
	return have
}
