package gather

import (
	"strings"
	"time"

	batch "github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/promptfile"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/table/counter"
	"github.com/takeup/takeup/internal/video"
)

// Facts are what Gather read from the provider and from AWS.
type Facts struct {
	From, To time.Time

	Entries map[string]video.Entry // by job ID
	// Manifests has the generation ID of each job with a manifest. It is empty where the
	// manifest wasn't read because the job's entry has the ID.
	Manifests map[string]string
	Videos    map[string]bool // jobs that have a video file
	// Locators has the jobs of the objects that were listed, as their keys have them.
	Locators map[string]video.Locator
	// Executions has the latest execution of each job that was looked up, or the zero
	// Execution if it has none.
	Executions map[string]Execution

	Prices price.List // the stack's price list

	// Months are those whose counters were read, in the form 2026-08. Counters has those, and
	// those of the batches, that did not change while the entries were read; Changing names the
	// others.
	Months   []string
	Counters map[string]counter.Tally // by name
	Changing map[string]bool

	Charges []provider.Charge
	Rows    []provider.LoggedRequest // from LookBack before From
	// LogsUnread says that some of the logs could not be read, so that a charge may
	// belong to a job even though no log row says so.
	LogsUnread bool
	// Charged has the key versions whose transactions were read.
	Charged map[string]bool
	// Candidates has the generation ID that an unusable answer named, by job ID.
	Candidates map[string]string

	Prompts []PromptFile
	Batches []batch.Batch
	Unknown []Unknown
}

// Execution is a job's execution, or one of its redrives.
type Execution struct {
	Name   string
	Status string // as in Step Functions, such as FAILED; empty if no execution is known
	Error  string // the name of the outcome
}

// Running reports whether the execution is still running.
func (e Execution) Running() bool { return e.Status == "RUNNING" }

// PromptFile is one version of an object in the prompts bucket.
type PromptFile struct {
	Bucket, Key, Version string
	At                   time.Time
	// Sum is the SHA-256 of the content, from which the job's ID is derived; empty
	// if the content can't be read.
	Sum string
	// First is the job first created from the same content, under any key; empty if
	// none is known.
	First string
	// Rejected says that this version has a rejection.
	Rejected bool
	// Replaced says that a later version's rejection overwrote the one this version
	// may have had.
	Replaced bool
}

// Job returns the ID of the job that the file starts.
func (p PromptFile) Job() string { return promptfile.JobID(p.Bucket, p.Key, p.Sum) }

// Unknown is a source that could not be read, and the reason. Nothing that depends
// on the source is reported as present or as missing.
type Unknown struct {
	Source string `json:"source"`
	Reason string `json:"reason"`
}

// owner returns the job ID in a submission's reference, "<id>.<attempt>"; it is empty
// if the reference is not one of ours.
func owner(reference string) string {
	id, attempt, ok := strings.Cut(reference, ".")
	if !ok || attempt == "" || strings.Trim(attempt, "0123456789") != "" || !video.ValidID(id) {
		return ""
	}
	return id
}

// Payment is a generation that costs money, by the transactions or by the logs.
type Payment struct {
	ID      string
	At      time.Time
	Micros  int64  // micro-dollars
	Entries int    // transactions; 0 if only the logs have it
	Model   string // empty if unknown
	Client  string // the job named in the logs
}

// Payments merges charges and log rows into one payment per generation, by bare ID.
// It also returns the charges that name no generation.
func (f Facts) Payments() (byID map[string]*Payment, anonymous []provider.Charge) {
	byID = map[string]*Payment{}
	clients := map[string]string{}
	for _, row := range f.Rows {
		job := owner(row.Reference)
		if job == "" || row.ID == "" {
			continue
		}
		clients[row.ID] = job
		if !row.Failed && !row.Created.Before(f.From) {
			byID[row.ID] = &Payment{ID: row.ID, At: row.Created, Model: row.Model}
		}
	}
	for _, charge := range f.Charges {
		if charge.ID == "" {
			anonymous = append(anonymous, charge)
			continue
		}
		p := byID[charge.ID]
		if p == nil {
			p = &Payment{ID: charge.ID}
			byID[charge.ID] = p
		}
		if charge.Model != "" {
			p.Model = charge.Model
		}
		p.At, p.Micros, p.Entries = charge.Created, p.Micros+charge.Micros, p.Entries+1
	}
	for key, p := range byID {
		p.Client = clients[key]
	}
	return byID, anonymous
}

// JobsByGeneration maps each generation that an entry or a manifest names to its job, by bare ID.
func (f Facts) JobsByGeneration() map[string]string {
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

// Locator returns the locator of a job: that of its listed objects, or else of its entry. Of a
// job with neither, only the ID is known.
func (f Facts) Locator(id string) video.Locator {
	if listed, ok := f.Locators[id]; ok {
		return listed
	}
	if entry, ok := f.Entries[id]; ok {
		return entry.Locator()
	}
	return video.Locator{ID: id}
}

// Stored reports whether a job has a manifest.
func (f Facts) Stored(id string) bool {
	_, ok := f.Manifests[id]
	return ok
}

// merge adds the charges visible to one more key. Keys of one account see the same
// charges, so the result has each charge as often as the key that shows it most often.
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
