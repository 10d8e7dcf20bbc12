package pipeline_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/pipeline/submit"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/schedule/estimator"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// book is a table in memory, whose versions are consecutive numbers.
type book struct {
	mu      sync.Mutex
	entries map[string]string // as JSON
	version map[string]int
	told    map[string]map[report.Step]report.Progress
	fail    func(call string) error // called before a call takes effect
	paused  *operator.Paused
	full    func() *budget.NoRoom // returns why there is no room for a claim, or nil
	line    budget.Line
	reached []string // the caps that were told, with the owners
}

func newBook() *book {
	return &book{entries: map[string]string{}, version: map[string]int{}, told: map[string]map[report.Step]report.Progress{}, fail: func(string) error { return nil }}
}

func (l *book) Get(_ context.Context, id string) (video.Entry, string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.fail("get"); err != nil {
		return video.Entry{}, "", err
	}
	body, ok := l.entries[id]
	if !ok {
		return video.Entry{}, "", &video.NoEntry{ID: id}
	}
	var entry video.Entry
	err := json.Unmarshal([]byte(body), &entry)
	for _, step := range report.Steps() {
		if told, ok := l.told[id][step]; ok {
			entry.Progress = append(entry.Progress, told)
		}
	}
	return entry, strconv.Itoa(l.version[id]), err
}

func (l *book) Create(_ context.Context, entry video.Entry) (video.Entry, string, error) {
	return l.write("create", entry, "0")
}

func (l *book) Update(_ context.Context, entry video.Entry, version string) (video.Entry, string, error) {
	return l.write("update", entry, version)
}

func (l *book) Claim(_ context.Context, entry video.Entry, version string, _ budget.Limits) (video.Entry, string, error) {
	if l.paused != nil {
		return video.Entry{}, "", l.paused
	}
	if l.full != nil {
		if why := l.full(); why != nil {
			return video.Entry{}, "", why
		}
	}
	return l.write("claim", entry, version)
}

// Turn never makes a job wait for others.
func (l *book) Turn(context.Context, video.Entry, budget.Limits, time.Time) (budget.Line, error) {
	return l.line, nil
}

func (l *book) TellCapReached(_ context.Context, owner string, why *budget.NoRoom, _ time.Time) error {
	if why.Reached() {
		l.reached = append(l.reached, why.Limit+" "+owner)
	}
	return l.fail("tell")
}

func (l *book) Paused(context.Context) (*operator.Paused, error) { return l.paused, nil }

// flat prices every request at 0.98 USD.
type flat struct{}

func (flat) Price(context.Context, video.Request) (int64, error) { return 980_000, nil }

func (l *book) write(call string, entry video.Entry, version string) (video.Entry, string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.fail(call); err != nil {
		return video.Entry{}, "", err
	}
	if strconv.Itoa(l.version[entry.ID]) != version {
		return video.Entry{}, "", &video.Conflict{ID: entry.ID}
	}
	l.version[entry.ID]++
	body, err := json.Marshal(entry)
	l.entries[entry.ID] = string(body)
	return entry, strconv.Itoa(l.version[entry.ID]), err
}

func (l *book) PutProgress(_ context.Context, id string, progress report.Progress) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.fail("progress"); err != nil {
		return err
	}
	if l.told[id] == nil {
		l.told[id] = map[report.Step]report.Progress{}
	}
	l.told[id][progress.Step] = progress
	return nil
}

func (l *book) entry(t *testing.T, id string) video.Entry {
	t.Helper()
	entry, _, err := l.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

// double is a provider that answers each submission with the next of its answers, and repeats
// the last one. It keeps what it was sent.
type double struct {
	mu       sync.Mutex
	answers  []answer
	posted   []string    // references, in order
	keys     []video.Key // the key of each
	retrieve func(handle string) (provider.Generation, error)
	found    provider.Found        // the answer to a search for a submission
	lost     []provider.Submission // submissions that were searched for
}

type answer struct {
	id  string
	err error
}

func (p *double) Name() string { return "double" }

func (p *double) Models() []string { return all.Models().Names() }

func (p *double) Submit(_ context.Context, key video.Key, reference string, _ video.Request) (provider.Generation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.answers[min(len(p.posted), len(p.answers)-1)]
	p.posted, p.keys = append(p.posted, reference), append(p.keys, key)
	return running(a.id), a.err
}

func (p *double) Retrieve(_ context.Context, _ video.Key, handle provider.Handle) (provider.Generation, error) {
	generation, err := p.retrieve(string(handle))
	generation.Handle = handle
	return generation, err
}

func (p *double) Find(_ context.Context, _ provider.Keys, lost provider.Submission) (provider.Found, error) {
	p.lost = append(p.lost, lost)
	return p.found, nil
}

// running returns a running generation, whose handle is its id.
func running(id string) provider.Generation {
	return provider.Generation{Handle: provider.Handle(id), ID: id, State: provider.Running}
}

// keys is a secret whose current version can change.
type keys struct {
	cached, current video.Key
	versions        map[string]video.Key
}

func newKeys() *keys {
	one := video.Key{Value: "key-one", Version: "v1"}
	return &keys{cached: one, current: one, versions: map[string]video.Key{"v1": one}}
}

func (k *keys) Current(context.Context) (video.Key, error) { return k.cached, nil }

func (k *keys) Reread(context.Context) (video.Key, error) { k.cached = k.current; return k.cached, nil }

func (k *keys) Version(_ context.Context, version string) (video.Key, error) {
	key, ok := k.versions[version]
	if !ok {
		return key, &video.NoKeyVersion{Version: version}
	}
	return key, nil
}

// manifests stores the manifests in memory.
type manifests map[string]video.Manifest

func (s manifests) Manifest(_ context.Context, job video.Locator) (video.Manifest, bool, error) {
	m, ok := s[job.ID]
	return m, ok, nil
}

func (s manifests) PutManifest(_ context.Context, m video.Manifest) (video.Manifest, error) {
	s[m.ID] = m
	return m, nil
}

func (s manifests) Forget(_ context.Context, job video.Locator, hash string, at time.Time) error {
	if m, ok := s[job.ID]; ok && m.ForgottenAt.IsZero() {
		s[job.ID] = m.Forget(hash, at)
	}
	return nil
}

func (s manifests) Remove(_ context.Context, job video.Locator) error {
	delete(s, job.ID)
	return nil
}

func (s manifests) Address(job video.Locator) string { return "s3://videos/" + job.ID }

// clock stands still until a test advances it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

func (c *clock) pass(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.now = c.now.Add(d) }

// world is a Submit with everything that it touches.
type world struct {
	*submit.Step
	jobs      *book
	provider  *double
	keys      *keys
	manifests manifests
	clock     *clock
}

// providers returns the world's one provider.
func (w *world) providers() provider.Accounts {
	return provider.Accounts{{Provider: w.provider, Keys: w.keys}}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// plain is a schedule without poll windows, for tests in which its bounds decide how long a
// generation may take.
func plain() schedule.Schedule {
	return schedule.Schedule{First: time.Minute, Interval: 10 * time.Second, RequestGap: time.Second, Soft: 30 * time.Minute, Hard: 24 * time.Hour}
}

// times returns a fixed forecast, and keeps what it learns.
type times struct {
	forecast schedule.Forecast
	learnt   []schedule.Seen
	charges  []int64
}

// taking forecasts generations of a duration, give or take a sixth.
func taking(took time.Duration) *times {
	seen := slices.Repeat([]schedule.Seen{{After: took - time.Second, By: took}}, schedule.Window)
	return &times{forecast: estimator.BuiltIn(5).Learn(seen)}
}

func (k *times) Forecast(context.Context, string, int) schedule.Forecast { return k.forecast }

func (k *times) Learn(_ context.Context, _ string, _ int, seen schedule.Seen, micros int64) {
	k.learnt, k.charges = append(k.learnt, seen), append(k.charges, micros)
}

func newWorld(answers ...answer) *world {
	w := &world{jobs: newBook(), provider: &double{answers: answers, found: provider.Found{Complete: true}}, keys: newKeys(), manifests: manifests{}, clock: newClock()}
	w.provider.retrieve = func(string) (provider.Generation, error) {
		return provider.Generation{}, &provider.Refusal{Kind: provider.RefusedUnknown}
	}
	w.Step = &submit.Step{
		Providers: w.providers(), Jobs: w.jobs,
		Schedule: plain(), Timings: taking(time.Hour), Prices: flat{},
		Times: submit.Times{
			Call: 45 * time.Second, Write: 10 * time.Second, Busy: 15 * time.Second,
			LookUpFirst: 30 * time.Second, LookUpWindow: 2 * time.Hour, Hard: 24 * time.Hour, CapWait: 24 * time.Hour,
		},
		Now: w.clock.Now, Jitter: func(d time.Duration) time.Duration { return d / 2 }, Log: quiet(),
	}
	return w
}

const prompt = "a paper boat crosses a flooded street"

func bare() submit.Task {
	return submit.Task{Execution: "job-1", Input: json.RawMessage(`{"prompt":"` + prompt + `"}`)}
}

func resume() submit.Task {
	return submit.Task{Execution: "job-1-r1", Input: json.RawMessage(`{"id":"job-1","resume":true}`)}
}

// anew is the task that starts a job again after its execution ended before the job was claimed.
func anew() submit.Task {
	return submit.Task{Execution: "job-1-r1", Input: json.RawMessage(`{"id":"job-1","status":"waiting"}`)}
}

// created is the entry of bare's job as it is created before its execution starts.
func created() video.Entry {
	request, err := catalogue.OfPrompt(all.Models(), prompt)
	if err != nil {
		panic(err)
	}
	return video.Entry{ID: "job-1", Request: request, RequestHash: request.Hash(), CreatedAt: time.Now(), Execution: "job-1"}
}

// again is the task of a job that waited for room.
func again(t *testing.T, job video.Job) submit.Task {
	t.Helper()
	input, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	return submit.Task{Execution: "job-1", Input: input}
}

// status returns the SDK's error for an HTTP status.
func status(code int) error {
	return &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: code}}, Err: outage(),
	}}
}
