// Package provider is the provider of a run: the simulator, with planned faults, keys that are
// replaced, and records that are late or incomplete.
package provider

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/test/chaos/faults"
)

// How many calls of a kind may fail for a job.
const (
	mostCreates   = 4
	mostRetrieves = 6
	mostDownloads = 3
	mostLooks     = 4
	mostAccounts  = 3
)

// withheld is longer than any caller waits.
const withheld = 300

var (
	createFaults = []faults.Fault[script.Fault]{
		{Name: "reset before accepted", Weight: 3, Do: script.Fault{Reset: true}},
		{Name: "reset after accepted", Weight: 3, Do: script.Fault{Reset: true, After: true}},
		{Name: "429", Weight: 2, Burst: 2, Do: script.Fault{Status: 429}},
		{Name: "429 with Retry-After", Weight: 2, Do: script.Fault{Status: 429, RetryAfter: "3"}},
		{Name: "500 uncharged", Weight: 1, Do: script.Fault{Status: 500}},
		{Name: "503 uncharged", Weight: 1, Do: script.Fault{Status: 503}},
		{Name: "524 uncharged", Weight: 1, Do: script.Fault{Status: 524, Body: "<html>a time-out occurred</html>"}},
		{Name: "500 charged", Weight: 1, Do: script.Fault{Status: 500, After: true}},
		{Name: "502 charged", Weight: 1, Do: script.Fault{Status: 502, After: true, Body: "<html>bad gateway</html>"}},
		{Name: "504 charged", Weight: 1, Do: script.Fault{Status: 504, After: true}},
		{Name: "malformed 200", Weight: 2, Do: script.Fault{Status: 200, After: true, Body: `{"id":`}},
		{Name: "unknown status", Weight: 1, Do: script.Fault{Word: "pondering"}},
		{Name: "401", Weight: 0.7, Do: script.Fault{Status: 401}},
		{Name: "403", Weight: 0.7, Do: script.Fault{Status: 403}},
		{Name: "withheld before accepted", Weight: 0.7, Do: script.Fault{DelaySeconds: withheld, Reset: true}},
		{Name: "withheld after accepted", Weight: 0.7, Do: script.Fault{DelaySeconds: withheld, Reset: true, After: true}},
	}
	retrieveFaults = []faults.Fault[script.Fault]{
		{Name: "reset", Weight: 2, Do: script.Fault{Reset: true}},
		{Name: "429", Weight: 1, Do: script.Fault{Status: 429}},
		{Name: "429 with Retry-After", Weight: 1, Do: script.Fault{Status: 429, RetryAfter: "3"}},
		{Name: "5xx", Weight: 2, Do: script.Fault{Status: 503}},
		{Name: "malformed 200", Weight: 2, Do: script.Fault{Body: `{"id":"`}},
		{Name: "unknown status", Weight: 1, Do: script.Fault{Word: "pondering", NoURL: true}},
		{Name: "flapping status", Weight: 1, Burst: 2, Do: script.Fault{Word: "queued", NoURL: true}},
		{Name: "completed without URL", Weight: 2, Burst: 2, Do: script.Fault{Word: "completed", NoURL: true}},
		{Name: "expired URL", Weight: 2, Do: script.Fault{ExpiredURL: true}},
		{Name: "URL in a list", Weight: 1, Do: script.Fault{ListURL: true}},
		{Name: "404", Weight: 2, Burst: 2, Do: script.Fault{Status: 404}},
		{Name: "withheld", Weight: 0.15, Do: script.Fault{DelaySeconds: withheld, Reset: true}},
	}
	downloadFaults = []faults.Fault[script.Fault]{
		{Name: "reset", Weight: 2, Do: script.Fault{Reset: true}},
		{Name: "503", Weight: 2, Do: script.Fault{Status: 503}},
		{Name: "403", Weight: 1, Do: script.Fault{Status: 403}},
		{Name: "cut", Weight: 3, Do: script.Fault{CutAfter: 1500}},
		{Name: "cut, without a length", Weight: 2, Do: script.Fault{CutAfter: 1500, Unframed: true}},
		{Name: "without a length", Weight: 1, Do: script.Fault{Unframed: true}},
		{Name: "stall", Weight: 0.15, Do: script.Fault{StallAfter: 1500}},
		{Name: "a page instead", Weight: 1, Do: script.Fault{Status: 502, Body: "<html>bad gateway</html>"}},
		{Name: "withheld", Weight: 0.15, Do: script.Fault{DelaySeconds: withheld, Reset: true}},
	}
)

// records is a fault of a read of the provider's logs or transactions.
type records struct {
	status    int
	malformed bool
	short     bool // the job's row is missing, as the total shows
	nameless  bool // the job's row doesn't say whose it is
}

var (
	lookFaults = []faults.Fault[records]{
		{Name: "429", Weight: 1, Do: records{status: 429}},
		{Name: "500", Weight: 1, Do: records{status: 500}},
		{Name: "malformed 200", Weight: 1, Do: records{malformed: true}},
		{Name: "a row short", Weight: 1, Do: records{short: true}},
		{Name: "late", Weight: 2, Burst: 2, Do: records{nameless: true}},
	}
	accountFaults = []faults.Fault[records]{
		{Name: "429", Weight: 1, Do: records{status: 429}},
		{Name: "500", Weight: 1, Do: records{status: 500}},
		{Name: "malformed 200", Weight: 1, Do: records{malformed: true}},
	}
)

// The provider's keys. The second replaces the first in the middle of the run.
const (
	FirstKey  = "key-of-the-chaos-run-0001"
	SecondKey = "key-of-the-chaos-run-0002"
)

// largeVideo has more than one part, and a pace at which they are fetched concurrently.
const (
	largeVideo = 11 << 20
	videoPace  = 4 << 20 // bytes per second
)

// Simulator is an http.Handler: the simulator, with what it can't do by itself.
type Simulator struct {
	Server *sim.Server
	plan   *faults.Plan
	names  *faults.Names
	config Config

	// sizes is held while a large video is ordered, since its size is a setting.
	sizes sync.RWMutex

	mu      sync.Mutex
	retired time.Time          // from then on, the first key only reads records; zero means not yet
	looks   map[string]records // by the start of their time range
}

// Config configures the provider of a run.
type Config struct {
	Jobs int
	Seed uint64
	// Job is roughly how long a generation takes, and Late how long a late one takes.
	Job, Late time.Duration
	// Unnamed is how long after a claim the records may not say whose a submission is.
	Unnamed time.Duration
	// LogsAnswer keeps requests for the logs and the transactions from failing.
	LogsAnswer bool
	// Overcharges makes the provider charge some generations more than once.
	Overcharges bool
}

// New returns the simulator of a run.
func New(c Config, p *faults.Plan, n *faults.Names) (*Simulator, error) {
	v := &Simulator{plan: p, names: n, config: c, looks: map[string]records{}}
	settings := script.DefaultSettings()
	balance := float64(100 * c.Jobs)
	settings.Keys, settings.BalanceUSD = []string{FirstKey, SecondKey}, &balance
	settings.JobSeconds, settings.JobSigma = c.Job.Seconds(), 0.3
	settings.LogsLagSeconds, settings.VideoBytesPerSecond = 1, videoPace
	// A run has a hundred times the concurrent jobs of a real account.
	settings.LogsPerMinute = 0
	var err error
	v.Server, err = sim.New(sim.Config{Settings: settings, Seed: c.Seed, Decide: v.decide, Plan: v.fail})
	return v, err
}

// fail plans the simulator's faults.
func (v *Simulator) fail(call script.Call) script.Fault {
	job, most, menu := "", 0, []faults.Fault[script.Fault](nil)
	switch call.Kind {
	case script.KindCreate:
		job, most, menu = v.names.Of(faults.IDOf(call.ID)), mostCreates, createFaults
		if v.plan.Calm(job) {
			return script.Fault{}
		}
	case script.KindRetrieve:
		job, most, menu = v.names.OfGeneration(call.ID), mostRetrieves, retrieveFaults
	case script.KindDownload:
		job, most, menu = v.names.OfGeneration(call.ID), mostDownloads, downloadFaults
	}
	if job == "" {
		return script.Fault{}
	}
	f := faults.Next(v.plan, string(call.Kind), job, most, menu)
	if f == nil {
		return script.Fault{}
	}
	do := f.Do
	do.Name = f.Name
	return do
}

// decide decides the fate of a generation for the simulator.
func (v *Simulator) decide(accepted script.Accepted) script.Fate {
	job := v.names.Of(faults.IDOf(accepted.ClientRequestID))
	v.names.Accepted(accepted.GenerationID, job)
	if t := v.plan.Trait(job); t != faults.Plain {
		kind := "generation"
		if t == faults.Large {
			kind = "video"
		}
		v.plan.Note(kind, string(t), job)
		switch t {
		case faults.Never:
			return script.Fate{Outcome: script.OutcomeNever}
		case faults.Late:
			seconds := v.config.Late.Seconds()
			return script.Fate{Seconds: &seconds}
		case faults.Fails:
			return script.Fate{Outcome: script.OutcomeError}
		}
	}
	if v.config.Overcharges && v.plan.Roll("dear", job) < 0.15 {
		v.plan.Note("video", "charged three times its price", job)
		return script.Fate{ChargedTimes: overcharged}
	}
	return script.Fate{}
}

// ServeHTTP answers as the simulator does, except for a retired key, incomplete records and the
// size of a large video.
func (v *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	reading := r.URL.Path == "/v2/logs" || r.URL.Path == "/v2/billing/transactions"
	switch {
	case !reading && v.refuses(r):
		v.plan.Note("key", "the first one refused", "")
		refuse(w, http.StatusUnauthorized)
	case r.URL.Path == "/v2/logs":
		v.records(w, r, "logs", r.URL.Query().Get("start"), r.URL.Query().Get("offset") == "0", mostLooks, lookFaults)
	case reading:
		v.records(w, r, "transactions", r.URL.Query().Get("from"), !r.URL.Query().Has("cursor"), mostAccounts, accountFaults)
	case r.Method == http.MethodPost:
		v.create(w, r)
	default:
		v.Server.ServeHTTP(w, r)
	}
}

// Retire restricts the first key to reading records from a time on.
func (v *Simulator) Retire(at time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.retired = at
}

func (v *Simulator) refuses(r *http.Request) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return r.Header.Get("Authorization") == "Bearer "+FirstKey && !v.retired.IsZero() && time.Now().After(v.retired)
}

func (v *Simulator) create(w http.ResponseWriter, r *http.Request) {
	job := v.names.Of(faults.IDOf(r.Header.Get("X-Client-Request-ID")))
	if v.plan.Trait(job) != faults.Large {
		v.sizes.RLock()
		defer v.sizes.RUnlock()
		v.Server.ServeHTTP(w, r)
		return
	}
	v.sizes.Lock()
	defer v.sizes.Unlock()
	settings := v.Server.Settings()
	settings.BalanceUSD, settings.VideoBytes = nil, largeVideo
	if err := v.Server.Change(settings); err != nil {
		refuse(w, http.StatusTooManyRequests)
		return
	}
	defer func() {
		settings.VideoBytes = 0
		_ = v.Server.Change(settings) // they were valid before
	}()
	v.Server.ServeHTTP(w, r)
}

// records answers a request for a page of the logs or the transactions. All pages of one read
// share the fault of the first.
func (v *Simulator) records(w http.ResponseWriter, r *http.Request, kind, from string, first bool, most int, menu []faults.Fault[records]) {
	c, known := v.names.Asked(from)
	var do records
	if known && !v.config.LogsAnswer {
		v.mu.Lock()
		if first {
			delete(v.looks, kind+from)
			if f := faults.Next(v.plan, kind, c.Job, most, menu); f != nil {
				v.looks[kind+from] = f.Do
			}
		}
		do = v.looks[kind+from]
		v.mu.Unlock()
	}
	// Records may be late by less than the time for which a lookup waits for them.
	if time.Since(c.At) > v.config.Unnamed {
		do.nameless = false
	}
	switch {
	case do.status != 0:
		refuse(w, do.status)
	case do.malformed:
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"data":[{"created":`)
	case do.short || do.nameless:
		page := httptest.NewRecorder()
		v.Server.ServeHTTP(page, r)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(page.Code)
		_, _ = w.Write(spoil(page.Body.Bytes(), c.ID, do)) // the caller may be gone
	default:
		v.Server.ServeHTTP(w, r)
	}
}

// spoil removes a job's rows from a page of the logs, or its name from them.
func spoil(page []byte, id string, do records) []byte {
	var read map[string]json.RawMessage
	var rows []map[string]any
	if json.Unmarshal(page, &read) != nil || json.Unmarshal(read["data"], &rows) != nil {
		return page
	}
	kept := []map[string]any{}
	for _, row := range rows {
		if name, _ := row["client_request_id"].(string); strings.HasPrefix(name, id+".") {
			if do.short {
				continue
			}
			row["client_request_id"] = nil
		}
		kept = append(kept, row)
	}
	data, err := json.Marshal(kept)
	if err != nil {
		return page
	}
	read["data"] = data
	if out, err := json.Marshal(read); err == nil {
		return out
	}
	return page
}

// refuse answers with an error in the provider's format.
func refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"message":%q,"path":"/","requestId":"planned","statusCode":%d,"timestamp":"2026-01-01T00:00:00.000Z"}`, http.StatusText(status), status)
}

// overcharged is how many times the price of some generations is charged.
const overcharged = 3

// HasDownloadFault reports whether a fault of downloads has that name.
func HasDownloadFault(name string) bool { return faults.Named(downloadFaults, name) != nil }
