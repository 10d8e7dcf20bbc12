package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/pipeline/check"
	"github.com/takeup/takeup/internal/pipeline/submit"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/video"
)

// Step Functions ends an execution after 25,000 events. A fifth of that must be enough if
// nothing fails, and most of it if everything fails as often as it can without ending the job.
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const (
	mostEvents        = 25000 / 5
	mostFailingEvents = 25000 * 9 / 10
)

const (
	// loopEvents are the events of one turn: two of a Wait, five of a task that calls a
	// function, two of a Choice.
	loopEvents = 9
	// tryEvents are the events of a function's failed try: scheduled, started, failed.
	tryEvents = 3
	// endEvents are the events of the execution's own beginning and end, and of a Store without
	// its tries.
	endEvents = 2 + 2
)

// retries says how often the state machine retries a task, and how long that takes on average,
// in seconds.
type retries struct{ times, seconds int }

// machineRetries reads the retriers of a task that do retry.
func machineRetries(t *testing.T, task string) []retries {
	t.Helper()
	var all []retries
	for _, r := range textToVideo().States[task].Retry {
		if r.MaxAttempts == 0 {
			continue
		}
		total := time.Duration(0)
		for n := range r.MaxAttempts {
			total += r.delay(n)
		}
		if r.JitterStrategy == "FULL" {
			total /= 2
		}
		all = append(all, retries{r.MaxAttempts, int(total.Seconds())})
	}
	if len(all) < 2 {
		t.Fatalf("%s has %d retriers that try again", task, len(all))
	}
	return all
}

// worst is a provider at its slowest. It is busy until busy has passed since the job began,
// answers no submission, shows the submission in its logs after hidden, and then runs the
// generation forever.
type worst struct {
	way
	now    func() time.Time
	began  time.Time
	posted time.Time
	lost   bool // the first submission was lost
}

type way struct {
	busy, hidden time.Duration
	// loses means that its logs never show the first submission, so that it is sent again.
	loses bool
}

func (w *worst) Name() string { return "worst" }

func (w *worst) Models() []string { return []string{catalogue.Default(all.Models())} }

func (w *worst) Submit(context.Context, video.Key, string, video.Request) (provider.Generation, error) {
	if w.now().Sub(w.began) < w.busy {
		return provider.Generation{}, &provider.Refusal{Kind: provider.RefusedBusy}
	}
	w.lost = w.loses && w.posted.IsZero()
	w.posted = w.now()
	return provider.Generation{}, &provider.Unanswered{Err: errors.New("504")}
}

func (w *worst) Retrieve(_ context.Context, _ video.Key, handle provider.Handle) (provider.Generation, error) {
	return running(string(handle)), nil
}

func (w *worst) Find(context.Context, provider.Keys, provider.Submission) (provider.Found, error) {
	switch {
	case w.now().Sub(w.posted) < w.hidden:
		return provider.Found{Unread: "its logs: 503"}, nil
	case w.lost:
		return provider.Found{Complete: true}, nil
	}
	return provider.Found{Generation: running("gen-1")}, nil
}

// settings are the parameters that decide how often a job's steps are entered.
type settings struct {
	schedule.Schedule
	busy, lookUpFirst, lookUpWindow time.Duration
}

// turns plays a job as the state machine does. It returns how often the job waits, and how long
// it takes in all. Before each step, failed tries of it take as long as failing says.
func turns(t *testing.T, s settings, way way, known *times, failing retries) (int, time.Duration) {
	t.Helper()
	clock := newClock()
	began := clock.Now()
	providers := provider.Accounts{{Provider: &worst{way: way, now: clock.Now, began: began}, Keys: newKeys()}}
	jobs, ctx := newBook(), t.Context()
	submitting := &submit.Step{
		Providers: providers, Jobs: jobs, Schedule: s.Schedule, Timings: known, Prices: flat{},
		Times: submit.Times{
			Call: 45 * time.Second, Write: 10 * time.Second, Busy: s.busy,
			LookUpFirst: s.lookUpFirst, LookUpWindow: s.lookUpWindow, Hard: s.Hard,
		},
		ResubmitLost: true,
		Now:          clock.Now, Jitter: func(time.Duration) time.Duration { return 0 }, Log: quiet(),
	}
	checking := &check.Step{
		Providers: providers, Jobs: jobs, Schedule: s.Schedule, Timings: known, Now: clock.Now, Log: quiet(),
		Sleep: func(_ context.Context, d time.Duration) error { clock.pass(d); return nil },
	}
	input := bare().Input
	var job video.Job
	for n := 0; ; n++ {
		clock.pass(time.Duration(failing.seconds) * time.Second)
		var err error
		if job.Status == video.Generating {
			job, err = checking.Run(ctx, job)
		} else {
			job, err = submitting.Run(ctx, submit.Task{Execution: "job-1", Input: input})
		}
		if err != nil {
			switch video.OutcomeName(err) {
			case "GenerationOverdue", "ProviderBusy", "SubmissionLost":
				return n, clock.Now().Sub(began)
			}
			t.Fatal(err)
		}
		clock.pass(time.Duration(job.WaitSeconds) * time.Second)
		if input, err = json.Marshal(job); err != nil {
			t.Fatal(err)
		}
	}
}

// TestHistoryAtEverySetting plays the longest jobs with the least, the usual and the greatest value of each
// parameter, and the others at the values that give most events. An execution's history stays
// short whatever is set. It also plays those jobs with steps that fail before they succeed: a
// few times, or as often as each retrier, or all of them together, allow.
func TestHistoryAtEverySetting(t *testing.T) {
	values := parameters(t)
	at := func(name string, i int) time.Duration { return time.Duration(values[name][i]) * time.Second }
	stored := endEvents
	for _, r := range machineRetries(t, "Store") {
		stored += tryEvents * r.times
	}
	failing := []retries{{}, {3, 7}}
	both := retries{}
	for _, r := range machineRetries(t, "Check") {
		failing = append(failing, r)
		both.times, both.seconds = both.times+r.times, both.seconds+r.seconds
	}
	failing = append(failing, both)
	most, mostFailing := 0, 0
	play := func(s settings, known *times) {
		for _, w := range []way{
			{},                                      // the generation runs for a day
			{busy: s.Hard - time.Hour},              // the same after a day with a busy provider
			{s.Hard - time.Hour, s.Hard / 2, false}, // busy for as long, then hidden for half of Hard
			{busy: s.Hard * 2},                      // always busy
			{hidden: 4 * s.Hard},                    // never found
			{s.Hard - time.Hour, 0, true},           // lost, and sent again
		} {
			for _, fails := range failing {
				n, lasted := turns(t, s, w, known, fails)
				events, limit := n*(loopEvents+tryEvents*fails.times)+stored, mostEvents
				if fails.times == 0 {
					most = max(most, events)
				} else {
					mostFailing, limit = max(mostFailing, events), mostFailingEvents
				}
				if events > limit {
					t.Errorf("%+v, %+v, %+v: %d turns in %v, and a history of %d events", s, w, fails, n, lasted, events)
				}
			}
		}
	}
	soon, late := taking(80*time.Second), taking(10*time.Hour)
	for _, hard := range []int{1, 2} { // a day, and a week
		s := settings{
			Schedule: schedule.Schedule{
				First: at("FirstWaitSeconds", 0), Interval: at("CheckIntervalSeconds", 0), RequestGap: at("RequestGapSeconds", 0),
				PollWindow: at("PollWindowSeconds", 0), Hard: at("HardDeadlineSeconds", hard),
			},
			busy: at("BusyWaitSeconds", 0), lookUpFirst: at("LookupFirstSeconds", 0), lookUpWindow: at("LookupWindowSeconds", 0),
		}
		for i := range 3 {
			s.Soft = at("SoftDeadlineSeconds", i)
			play(s, soon)
			play(s, late)
		}
		for name, field := range map[string]*time.Duration{
			"FirstWaitSeconds": &s.First, "CheckIntervalSeconds": &s.Interval, "RequestGapSeconds": &s.RequestGap, "PollWindowSeconds": &s.PollWindow,
			"BusyWaitSeconds": &s.busy, "LookupFirstSeconds": &s.lookUpFirst, "LookupWindowSeconds": &s.lookUpWindow,
		} {
			before := *field
			for i := 1; i < 3; i++ {
				*field = at(name, i)
				play(s, soon)
			}
			*field = before
		}
	}
	t.Logf("the longest history has %d events, and %d where every step fails before it comes through", most, mostFailing)
}

// parameters returns the least, the usual and the greatest value of each numeric parameter of
// the template.
func parameters(t *testing.T) map[string][3]int {
	t.Helper()
	text, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Parameters map[string]struct {
			Default  any `yaml:"Default"`
			MinValue int `yaml:"MinValue"`
			MaxValue int `yaml:"MaxValue"`
		} `yaml:"Parameters"`
	}
	if err := yaml.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	values := map[string][3]int{}
	for name, p := range template.Parameters {
		if usual, ok := p.Default.(int); ok {
			values[name] = [3]int{p.MinValue, usual, p.MaxValue}
		}
	}
	for _, name := range []string{"PollWindowSeconds", "HardDeadlineSeconds", "LookupWindowSeconds"} {
		if values[name][2] == 0 {
			t.Fatalf("the template bounds no %s", name)
		}
	}
	return values
}
