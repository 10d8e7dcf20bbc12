package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/pipeline/check"
	"github.com/takeup/takeup/internal/pipeline/store"
	"github.com/takeup/takeup/internal/pipeline/submit"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/schedule/timings"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/wait"
)

// crowd is many jobs on one table. It runs the real steps, with a provider and a bucket in
// memory, in a synctest bubble, where hours take no time.
type crowd struct {
	items  dynamotest.Items
	jobs   *table.Table
	limits budget.Limits
	wait   time.Duration             // CapWait
	takes  func(n int) time.Duration // how long the nth generation takes
	price  int64                     // micro-dollars

	mu       sync.Mutex // guards the fields below
	random   *rand.Rand
	marks    int
	posted   []posted
	stored   map[string]time.Time
	outcomes map[string]string
	looks    map[string]int // runs of Submit, by job
}

// posted is a submission. They are kept in their order of arrival.
type posted struct {
	id       string
	at, done time.Time
}

func newCrowd(limits budget.Limits, usual time.Duration) *crowd {
	c := &crowd{
		limits: limits, wait: 24 * time.Hour, price: 1_000_000, random: rand.New(rand.NewPCG(1, 2)),
		takes: func(int) time.Duration { return usual }, stored: map[string]time.Time{}, outcomes: map[string]string{}, looks: map[string]int{},
	}
	c.jobs = table.New(&c.items, "jobs", func() string {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.marks++
		return strconv.Itoa(c.marks)
	}, c.jitter)
	seen := slices.Repeat([]schedule.Seen{{After: usual - 5*time.Second, By: usual}}, schedule.Window)
	if err := c.jobs.PutTimes(context.Background(), catalogue.Default(all.Models()), 5, schedule.Past{Seen: seen}, ""); err != nil {
		panic(err)
	}
	if err := c.jobs.PutControl(context.Background(), operator.Control{Table: "jobs"}, ""); err != nil {
		panic(err)
	}
	return c
}

func (c *crowd) jitter(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Duration(c.random.Int64N(int64(d)))
}

func (c *crowd) Price(context.Context, video.Request) (int64, error) { return c.price, nil }

func (c *crowd) Current(context.Context) (video.Key, error) {
	return video.Key{Value: "key", Version: "v1"}, nil
}

func (c *crowd) Reread(ctx context.Context) (video.Key, error) { return c.Current(ctx) }

func (c *crowd) Version(ctx context.Context, _ string) (video.Key, error) { return c.Current(ctx) }

func (c *crowd) Name() string { return "crowd" }

func (c *crowd) Models() []string { return []string{catalogue.Default(all.Models())} }

func (c *crowd) Submit(_ context.Context, _ video.Key, reference string, _ video.Request) (provider.Generation, error) {
	time.Sleep(2 * time.Second)
	c.mu.Lock()
	defer c.mu.Unlock()
	id := reference[:len(reference)-len(".1")]
	c.posted = append(c.posted, posted{id, time.Now(), time.Now().Add(c.takes(len(c.posted)))})
	return running(strconv.Itoa(len(c.posted) - 1)), nil
}

func (c *crowd) Retrieve(_ context.Context, _ video.Key, handle provider.Handle) (provider.Generation, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	generation := running(string(handle))
	n, err := strconv.Atoi(string(handle))
	if err != nil || time.Now().Before(c.posted[n].done) {
		return generation, err
	}
	generation.State, generation.URL = provider.Finished, "https://cdn.example/"+generation.ID
	return generation, nil
}

func (c *crowd) Find(context.Context, provider.Keys, provider.Submission) (provider.Found, error) {
	return provider.Found{Complete: true}, nil
}

func (c *crowd) Copy(ctx context.Context, source func(context.Context) (string, error), _ string) (video.Copied, error) {
	_, err := source(ctx)
	time.Sleep(2 * time.Second)
	return video.Copied{Bytes: 1, CRC32: "crc"}, err
}

// run starts jobs one after another, at an interval, and waits until all have ended.
func (c *crowd) run(t *testing.T, many int, apart time.Duration) {
	t.Helper()
	var group sync.WaitGroup
	for n := range many {
		group.Go(func() {
			time.Sleep(time.Duration(n) * apart)
			c.execution(t, fmt.Sprintf("job-%04d", n))
		})
	}
	group.Wait()
}

// execution runs a job to its end.
func (c *crowd) execution(t *testing.T, id string) {
	rare := schedule.Schedule{First: 2 * time.Hour, Interval: 20 * time.Second, RequestGap: 15 * time.Second, Soft: 3 * time.Hour, Hard: 24 * time.Hour}
	submitting := &submit.Step{
		Providers: provider.Accounts{{Provider: c, Keys: c}}, Jobs: c.jobs, Schedule: rare, Timings: timings.New(c.jobs, nil, quiet()), Prices: c, Limits: c.limits,
		Times: submit.Times{
			Call: 45 * time.Second, Write: 10 * time.Second, Busy: 15 * time.Second,
			LookUpFirst: 30 * time.Second, LookUpWindow: 2 * time.Hour, Hard: 24 * time.Hour, CapWait: c.wait,
		},
		Now: time.Now, Jitter: c.jitter, Log: quiet(),
	}
	checking := &check.Step{
		Providers: provider.Accounts{{Provider: c, Keys: c}}, Jobs: c.jobs, Schedule: rare, Timings: submitting.Timings.(check.Learner), Now: time.Now, Sleep: wait.For, Log: quiet(),
	}
	storing := &store.Step{Providers: provider.Accounts{{Provider: c, Keys: c}}, Jobs: c.jobs, Copier: c, Manifests: manifests{}, Now: time.Now}
	input, looks := json.RawMessage(`{"prompt":"`+prompt+`"}`), 0
	for {
		job, err := submitting.Run(t.Context(), submit.Task{Execution: id, Input: input})
		looks++
		for err == nil && job.Status == video.Generating {
			time.Sleep(time.Duration(job.WaitSeconds) * time.Second)
			job, err = checking.Run(t.Context(), job)
		}
		if err == nil && job.Status == video.Completed {
			job, err = storing.Run(t.Context(), job)
		}
		if err == nil && job.Status == video.Waiting {
			time.Sleep(time.Duration(job.WaitSeconds) * time.Second)
			if input, err = json.Marshal(job); err == nil {
				continue
			}
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.looks[id] = looks
		if err != nil {
			c.outcomes[id] = video.OutcomeName(err) + ": " + err.Error()
		} else {
			c.stored[id] = time.Now()
		}
		return
	}
}

// passed returns the greatest number of younger jobs that overtook a job.
func (c *crowd) passed() int {
	most := 0
	for i, p := range c.posted {
		by := 0
		for _, before := range c.posted[:i] {
			if before.id > p.id {
				by++
			}
		}
		most = max(most, by)
	}
	return most
}

// figures logs the figures that matter for a line, and checks them against their bounds.
func (c *crowd) figures(t *testing.T, name string, took, ideal time.Duration) {
	t.Helper()
	looks, all := 0, 0
	for _, n := range c.looks {
		looks, all = max(looks, n), all+n
	}
	t.Logf("%s: took %s of ideally %s, a ratio of %.3f; passed=%d; %d looks on average, %d at most; ended without a video: %d",
		name, took, ideal, float64(took)/float64(ideal), c.passed(), all/len(c.looks), looks, len(c.outcomes))
	for id, outcome := range c.outcomes {
		t.Errorf("%s: %s ended with %s", name, id, outcome)
		break
	}
	if float64(took) > 1.2*float64(ideal) {
		t.Errorf("%s: it took %s", name, took)
	}
	if c.passed() > 20 {
		t.Errorf("%s: a job was passed by %d younger ones", name, c.passed())
	}
}

// With three times as many jobs as slots, all finish in little more than the ideal time, and in
// order.
func TestSlotsAreGivenInOrder(t *testing.T) {
	t.Parallel()
	spread := func(from, to time.Duration) func(int) time.Duration {
		random := rand.New(rand.NewPCG(3, 4))
		return func(int) time.Duration { return from + time.Duration(random.Int64N(int64(to-from))) }
	}
	for _, c := range []struct {
		name        string
		jobs, slots int
		usual       time.Duration
		takes       func(int) time.Duration
		apart       time.Duration
	}{
		{"all of 5 min", 300, 100, 5 * time.Minute, nil, 50 * time.Millisecond},
		{"3 to 7 min", 300, 100, 5 * time.Minute, spread(3*time.Minute, 7*time.Minute), 100 * time.Millisecond},
		{"of half an hour", 180, 60, 30 * time.Minute, nil, time.Second},
		{"20 slots", 60, 20, 2 * time.Minute, spread(time.Minute, 3*time.Minute), 50 * time.Millisecond},
		{"one slot", 30, 1, 10 * time.Minute, nil, time.Second},
		{"20 slots for hours", 240, 20, 6 * time.Minute, spread(3*time.Minute, 9*time.Minute), 5 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				crowd := newCrowd(budget.Limits{InFlight: int64(c.slots)}, c.usual)
				if c.takes != nil {
					crowd.takes = c.takes
				}
				began := time.Now()
				crowd.run(t, c.jobs, c.apart)
				// Ideally, each slot takes the next job at once, and keeps it from its claim
				// until it is stored.
				free, ideal := make([]time.Time, c.slots), began
				for n := range c.jobs {
					next := slices.MinFunc(free, time.Time.Compare)
					at := slices.IndexFunc(free, next.Equal)
					if from := began.Add(time.Duration(n) * c.apart); next.Before(from) {
						next = from
					}
					if n < len(crowd.posted) {
						free[at] = next.Add(crowd.posted[n].done.Sub(crowd.posted[n].at) + 4*time.Second)
					}
					if free[at].After(ideal) {
						ideal = free[at]
					}
				}
				crowd.figures(t, c.name, time.Since(began), ideal.Sub(began))
			})
		})
	}
}

// A cap of 100 USD a day lets 500 videos of 1 USD through at 100 a day, oldest first.
func TestMoneyIsGivenInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(budget.Limits{DayMicros: 100_000_000, InFlight: 100}, 5*time.Minute)
		c.wait = 168 * time.Hour
		time.Sleep(10 * time.Hour)
		began := time.Now()
		c.run(t, 500, 200*time.Millisecond)
		days := map[string]int{}
		for _, p := range c.posted {
			days[p.at.Format(time.DateOnly)]++
		}
		order := 0
		for n, p := range c.posted {
			order = max(order, n-mustNumber(t, p.id), mustNumber(t, p.id)-n)
		}
		t.Logf("by day: %v; a job was at most %d places from its own", days, order)
		if len(days) != 5 {
			t.Errorf("%v", days)
		}
		for day, n := range days {
			if n != 100 {
				t.Errorf("%s: %d", day, n)
			}
		}
		midnight := began.Truncate(24*time.Hour).AddDate(0, 0, 4)
		c.figures(t, "100 USD a day", time.Since(began), midnight.Sub(began))
	})
}

func mustNumber(t *testing.T, id string) int {
	t.Helper()
	n, err := strconv.Atoi(id[len("job-"):])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
