package chaos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
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
	createFaults = []fault[sim.Fault]{
		{name: "reset before accepted", weight: 3, do: sim.Fault{Reset: true}},
		{name: "reset after accepted", weight: 3, do: sim.Fault{Reset: true, After: true}},
		{name: "429", weight: 2, burst: 2, do: sim.Fault{Status: 429}},
		{name: "429 with Retry-After", weight: 2, do: sim.Fault{Status: 429, RetryAfter: "3"}},
		{name: "500 uncharged", weight: 1, do: sim.Fault{Status: 500}},
		{name: "503 uncharged", weight: 1, do: sim.Fault{Status: 503}},
		{name: "524 uncharged", weight: 1, do: sim.Fault{Status: 524, Body: "<html>a time-out occurred</html>"}},
		{name: "500 charged", weight: 1, do: sim.Fault{Status: 500, After: true}},
		{name: "502 charged", weight: 1, do: sim.Fault{Status: 502, After: true, Body: "<html>bad gateway</html>"}},
		{name: "504 charged", weight: 1, do: sim.Fault{Status: 504, After: true}},
		{name: "malformed 200", weight: 2, do: sim.Fault{Status: 200, After: true, Body: `{"id":`}},
		{name: "unknown status", weight: 1, do: sim.Fault{Word: "pondering"}},
		{name: "401", weight: 0.7, do: sim.Fault{Status: 401}},
		{name: "403", weight: 0.7, do: sim.Fault{Status: 403}},
		{name: "withheld before accepted", weight: 0.7, do: sim.Fault{DelaySeconds: withheld, Reset: true}},
		{name: "withheld after accepted", weight: 0.7, do: sim.Fault{DelaySeconds: withheld, Reset: true, After: true}},
	}
	retrieveFaults = []fault[sim.Fault]{
		{name: "reset", weight: 2, do: sim.Fault{Reset: true}},
		{name: "429", weight: 1, do: sim.Fault{Status: 429}},
		{name: "429 with Retry-After", weight: 1, do: sim.Fault{Status: 429, RetryAfter: "3"}},
		{name: "5xx", weight: 2, do: sim.Fault{Status: 503}},
		{name: "malformed 200", weight: 2, do: sim.Fault{Body: `{"id":"`}},
		{name: "unknown status", weight: 1, do: sim.Fault{Word: "pondering", NoURL: true}},
		{name: "flapping status", weight: 1, burst: 2, do: sim.Fault{Word: "queued", NoURL: true}},
		{name: "completed without URL", weight: 2, burst: 2, do: sim.Fault{Word: "completed", NoURL: true}},
		{name: "expired URL", weight: 2, do: sim.Fault{ExpiredURL: true}},
		{name: "URL in a list", weight: 1, do: sim.Fault{ListURL: true}},
		{name: "404", weight: 2, burst: 2, do: sim.Fault{Status: 404}},
		{name: "withheld", weight: 0.15, do: sim.Fault{DelaySeconds: withheld, Reset: true}},
	}
	downloadFaults = []fault[sim.Fault]{
		{name: "reset", weight: 2, do: sim.Fault{Reset: true}},
		{name: "503", weight: 2, do: sim.Fault{Status: 503}},
		{name: "403", weight: 1, do: sim.Fault{Status: 403}},
		{name: "cut", weight: 3, do: sim.Fault{CutAfter: 1500}},
		{name: "cut, without a length", weight: 2, do: sim.Fault{CutAfter: 1500, Unframed: true}},
		{name: "without a length", weight: 1, do: sim.Fault{Unframed: true}},
		{name: "stall", weight: 0.15, do: sim.Fault{StallAfter: 1500}},
		{name: "a page instead", weight: 1, do: sim.Fault{Status: 502, Body: "<html>bad gateway</html>"}},
		{name: "withheld", weight: 0.15, do: sim.Fault{DelaySeconds: withheld, Reset: true}},
	}
)

// records is what befalls a reading of the provider's logs or transactions.
type records struct {
	status    int
	malformed bool
	short     bool // the job's row is missing, and the total says so
	nameless  bool // the job's row doesn't say whose it is
}

var (
	lookFaults = []fault[records]{
		{name: "429", weight: 1, do: records{status: 429}},
		{name: "500", weight: 1, do: records{status: 500}},
		{name: "malformed 200", weight: 1, do: records{malformed: true}},
		{name: "a row short", weight: 1, do: records{short: true}},
		{name: "late", weight: 2, burst: 2, do: records{nameless: true}},
	}
	accountFaults = []fault[records]{
		{name: "429", weight: 1, do: records{status: 429}},
		{name: "500", weight: 1, do: records{status: 500}},
		{name: "malformed 200", weight: 1, do: records{malformed: true}},
	}
)

// The provider's keys: the second comes in mid-run.
const (
	firstKey  = "key-of-the-chaos-run-0001"
	secondKey = "key-of-the-chaos-run-0002"
)

// largeVideo is of more than one part, at a pace at which they are fetched at
// once.
const (
	largeVideo = 11 << 20
	videoPace  = 4 << 20 // bytes a second
)

// provider is the simulator, with what it can't do by itself, an http.Handler.
type provider struct {
	server *sim.Server
	plan   *plan
	names  *names
	config providerConfig

	// sizes is held while a large video is ordered: its size is a setting.
	sizes sync.RWMutex

	mu      sync.Mutex
	retired time.Time          // when the first key is for reading records only; zero: not yet
	looks   map[string]records // by the begin of their time
}

// providerConfig configures the provider of a run.
type providerConfig struct {
	Jobs int
	Seed uint64
	// Job is about how long a generation takes, and Late how long a late one does.
	Job, Late time.Duration
	// Unnamed is for how long after a claim the records may lack whose a submission is.
	Unnamed time.Duration
	// LogsAnswer keeps the logs and the transactions from failing.
	LogsAnswer bool
	// Overcharges has some generations charged more than once.
	Overcharges bool
}

func newProvider(c providerConfig, p *plan, n *names) (*provider, error) {
	v := &provider{plan: p, names: n, config: c, looks: map[string]records{}}
	settings := sim.DefaultSettings()
	balance := float64(100 * c.Jobs)
	settings.Keys, settings.BalanceUSD = []string{firstKey, secondKey}, &balance
	settings.JobSeconds, settings.JobSigma = c.Job.Seconds(), 0.3
	settings.LogsLagSeconds, settings.VideoBytesPerSecond = 1, videoPace
	// A run has a hundred times the jobs of a real account at once.
	settings.LogsPerMinute = 0
	var err error
	v.server, err = sim.New(sim.Config{Settings: settings, Seed: c.Seed, Decide: v.decide, Plan: v.fail})
	return v, err
}

// fail is the simulator's plan.
func (v *provider) fail(call sim.Call) sim.Fault {
	job, most, menu := "", 0, []fault[sim.Fault](nil)
	switch call.Kind {
	case sim.KindCreate:
		job, most, menu = v.names.of(idOf(call.ID)), mostCreates, createFaults
		if v.plan.calm(job) {
			return sim.Fault{}
		}
	case sim.KindRetrieve:
		job, most, menu = v.names.ofGeneration(call.ID), mostRetrieves, retrieveFaults
	case sim.KindDownload:
		job, most, menu = v.names.ofGeneration(call.ID), mostDownloads, downloadFaults
	}
	if job == "" {
		return sim.Fault{}
	}
	f := next(v.plan, string(call.Kind), job, most, menu)
	if f == nil {
		return sim.Fault{}
	}
	do := f.do
	do.Name = f.name
	return do
}

// decide is the simulator's too: what becomes of a generation.
func (v *provider) decide(accepted sim.Accepted) sim.Fate {
	job := v.names.of(idOf(accepted.ClientRequestID))
	v.names.accepted(accepted.GenerationID, job)
	if t := v.plan.trait(job); t != plain {
		kind := "generation"
		if t == large {
			kind = "video"
		}
		v.plan.note(kind, string(t), job)
		switch t {
		case never:
			return sim.Fate{Outcome: sim.OutcomeNever}
		case late:
			seconds := v.config.Late.Seconds()
			return sim.Fate{Seconds: &seconds}
		case fails:
			return sim.Fate{Outcome: sim.OutcomeError}
		}
	}
	if v.config.Overcharges && v.plan.roll("dear", job) < 0.15 {
		v.plan.note("video", "charged three times its price", job)
		return sim.Fate{ChargedTimes: overcharged}
	}
	return sim.Fate{}
}

// ServeHTTP answers as the simulator, but for a key that is retired, records that
// are spoilt, and the size of a large video.
func (v *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	reading := r.URL.Path == "/v2/logs" || r.URL.Path == "/v2/billing/transactions"
	switch {
	case !reading && v.refuses(r):
		v.plan.note("key", "the first one refused", "")
		refuse(w, http.StatusUnauthorized)
	case r.URL.Path == "/v2/logs":
		v.records(w, r, "logs", r.URL.Query().Get("start"), r.URL.Query().Get("offset") == "0", mostLooks, lookFaults)
	case reading:
		v.records(w, r, "transactions", r.URL.Query().Get("from"), !r.URL.Query().Has("cursor"), mostAccounts, accountFaults)
	case r.Method == http.MethodPost:
		v.create(w, r)
	default:
		v.server.ServeHTTP(w, r)
	}
}

// retire makes the first key one that reads records only, from then on.
func (v *provider) retire(at time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.retired = at
}

func (v *provider) refuses(r *http.Request) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return r.Header.Get("Authorization") == "Bearer "+firstKey && !v.retired.IsZero() && time.Now().After(v.retired)
}

func (v *provider) create(w http.ResponseWriter, r *http.Request) {
	job := v.names.of(idOf(r.Header.Get("X-Client-Request-Id")))
	if v.plan.trait(job) != large {
		v.sizes.RLock()
		defer v.sizes.RUnlock()
		v.server.ServeHTTP(w, r)
		return
	}
	v.sizes.Lock()
	defer v.sizes.Unlock()
	settings := v.server.Settings()
	settings.BalanceUSD, settings.VideoBytes = nil, largeVideo
	if err := v.server.Change(settings); err != nil {
		refuse(w, http.StatusTooManyRequests)
		return
	}
	defer func() {
		settings.VideoBytes = 0
		_ = v.server.Change(settings) // they were its own
	}()
	v.server.ServeHTTP(w, r)
}

// records answers a page of the logs or the transactions. The whole reading has
// the fault of its first page.
func (v *provider) records(w http.ResponseWriter, r *http.Request, kind, from string, first bool, most int, menu []fault[records]) {
	c, known := v.names.asked(from)
	var do records
	if known && !v.config.LogsAnswer {
		v.mu.Lock()
		if first {
			delete(v.looks, kind+from)
			if f := next(v.plan, kind, c.job, most, menu); f != nil {
				v.looks[kind+from] = f.do
			}
		}
		do = v.looks[kind+from]
		v.mu.Unlock()
	}
	// Records may be late by less than the window that they are awaited in.
	if time.Since(c.at) > v.config.Unnamed {
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
		v.server.ServeHTTP(page, r)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(page.Code)
		_, _ = w.Write(spoil(page.Body.Bytes(), c.id, do)) // the caller may be gone
	default:
		v.server.ServeHTTP(w, r)
	}
}

// spoil leaves a job's rows out of a page of the logs, or its name out of them.
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

// refuse answers in the provider's words.
func refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"message":%q,"path":"/","requestId":"planned","statusCode":%d,"timestamp":"2026-01-01T00:00:00.000Z"}`, http.StatusText(status), status)
}

// overcharged is how many times its price is charged for some generations.
const overcharged = 3

// hasDownloadFault reports whether there is a fault of downloads of that name.
func hasDownloadFault(name string) bool { return named(downloadFaults, name) != nil }
