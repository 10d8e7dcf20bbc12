// Package settings parses a function's environment variables, which are set from the
// template's parameters. Every function links this package and its imports, so it
// imports no AWS service client.
package settings

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/jobs/arn"
	"github.com/takeup/takeup/internal/lambdaenv/awsconfig"
	"github.com/takeup/takeup/internal/pipeline/submit"
	"github.com/takeup/takeup/internal/provider/aimlapi"
	"github.com/takeup/takeup/internal/schedule"
)

// BaseURL is the provider's address.
type BaseURL struct {
	BaseURL string `env:"PROVIDER_BASE_URL,required"`
}

// Provider has the settings for buying the provider's videos.
type Provider struct {
	BaseURL
	Route     aimlapi.Route `env:"PROVIDER_ROUTE,required"`
	KeySecret string        `env:"PROVIDER_KEY_SECRET,required"`
}

// Simulated reports whether the provider is a simulator on this machine.
func (b BaseURL) Simulated() bool {
	u, err := url.Parse(b.BaseURL)
	return err == nil && u.Hostname() == "127.0.0.1"
}

// Client returns the configuration of a client that buys nothing.
func (b BaseURL) Client() aimlapi.Config {
	return aimlapi.Config{BaseURL: strings.TrimRight(b.BaseURL, "/"), Now: time.Now}
}

// Client returns the configuration of the provider's client.
func (p Provider) Client() aimlapi.Config {
	config := p.BaseURL.Client()
	config.Route = p.Route
	return config
}

// Waits bound the times between two polls of a generation.
type Waits struct {
	First      Seconds    `env:"FIRST_WAIT_SECONDS,required"`
	Interval   Seconds    `env:"CHECK_INTERVAL_SECONDS,required"`
	RequestGap Seconds    `env:"REQUEST_GAP_SECONDS,required"`
	PollWindow PollWindow `env:"POLL_WINDOW_SECONDS,required"`
	Soft       Seconds    `env:"SOFT_DEADLINE_SECONDS,required"`
	Hard       Seconds    `env:"HARD_DEADLINE_SECONDS,required"`
}

// Schedule returns the schedule with these times.
func (w Waits) Schedule() schedule.Schedule {
	return schedule.Schedule{
		First: w.First.Duration(), Interval: w.Interval.Duration(),
		RequestGap: w.RequestGap.Duration(), PollWindow: Seconds(w.PollWindow).Duration(),
		Soft: w.Soft.Duration(), Hard: w.Hard.Duration(),
	}
}

// Jobs has the name of the jobs table.
type Jobs struct {
	JobsTable string `env:"JOBS_TABLE,required"`
}

// Submit has the settings of the function submit.
type Submit struct {
	Provider
	Waits
	Jobs
	Call         Seconds `env:"SUBMIT_CALL_SECONDS,required"`
	Busy         Seconds `env:"BUSY_WAIT_SECONDS,required"`
	LookUpFirst  Seconds `env:"LOOKUP_FIRST_SECONDS,required"`
	LookUpWindow Seconds `env:"LOOKUP_WINDOW_SECONDS,required"`
	ResubmitLost bool    `env:"RESUBMIT_LOST"`
	Caps
}

// Bounds are the stack's own caps, which an operator's caps override.
type Bounds struct {
	DayCap   USD   `env:"MAX_USD_PER_DAY,required"`
	MonthCap USD   `env:"MAX_USD_PER_MONTH,required"`
	InFlight Count `env:"MAX_IN_FLIGHT,required"`
}

// Limits returns the limits that claims obey.
func (b Bounds) Limits() budget.Limits {
	return budget.Limits{DayMicros: int64(b.DayCap), MonthMicros: int64(b.MonthCap), InFlight: int64(b.InFlight)}
}

// Caps are the bounds, and what the jobs below them need.
type Caps struct {
	Bounds
	Unpriced  USD   `env:"UNPRICED_USD,required"`
	WaitHours Count `env:"CAP_WAIT_HOURS,required"`
}

// CapWait returns how long a job waits for room.
func (c Caps) CapWait() time.Duration { return time.Duration(c.WaitHours) * time.Hour }

// writeTime is reserved after a submission for recording it: longer than the table
// client retries a write.
const writeTime = 10 * time.Second

// Times returns the times that Submit obeys.
func (s Submit) Times() submit.Times {
	return submit.Times{
		Call: s.Call.Duration(), Write: writeTime, Busy: s.Busy.Duration(),
		LookUpFirst: s.LookUpFirst.Duration(), LookUpWindow: s.LookUpWindow.Duration(),
		Hard: s.Hard.Duration(), CapWait: s.CapWait(),
	}
}

// Check has the settings of the function check.
type Check struct {
	Provider
	Waits
	Jobs
}

// Store has the settings of the function store.
type Store struct {
	Provider
	Jobs
	VideosBucket    string `env:"VIDEOS_BUCKET,required"`
	MaxVideoMiB     MiB    `env:"MAX_VIDEO_MIB,required"`
	LoopbackSources bool   `env:"LOOPBACK_SOURCES"`
}

// Intake has the settings for starting and finding jobs.
type Intake struct {
	Jobs
	StateMachine arn.ARN `env:"STATE_MACHINE_ARN,required"`
	VideosBucket string  `env:"VIDEOS_BUCKET,required"`
}

// Batches has the state machine of the batches.
type Batches struct {
	BatchMachine arn.ARN `env:"BATCH_STATE_MACHINE_ARN,required"`
}

// Prompts has the settings of the function prompts.
type Prompts struct {
	Intake
	Batches
	Caps
}

// Batch has the settings of the function batch.
type Batch struct {
	Intake
	InFlight      Count `env:"MAX_IN_FLIGHT,required"`
	MaxUnattended USD   `env:"MAX_UNATTENDED_BATCH_USD,required"`
}

// Settle has the settings of the function settle.
type Settle struct {
	Intake
	Metrics
	Bounds
}

// Prices has the settings of the function prices.
type Prices struct {
	BaseURL
	Jobs
	Metrics
	KeySecret string `env:"PROVIDER_KEY_SECRET,required"`
}

// Metrics has the name of the stack, which every metric has.
type Metrics struct {
	Stack string `env:"STACK_NAME,required"`
}

// Outbox has the settings of the function outbox.
type Outbox struct {
	Jobs
	Metrics
	VideosBucket string `env:"VIDEOS_BUCKET,required"`
	UntoldQueue  string `env:"UNTOLD_QUEUE_URL,required"`
	Topic        string `env:"NOTIFY_TOPIC_ARN"` // empty: nobody is mailed
	NotifyOn     string `env:"NOTIFY_ON,required"`
	WebhookQueues
	StackWebhook bool `env:"STACK_WEBHOOK"`
}

// Watch has the settings of the function watch.
type Watch struct {
	Provider
	Intake
	Metrics
	LowBalance USD `env:"LOW_BALANCE_USD,required"`
}

// WebhookQueues has the URLs of the queues of webhooks.
type WebhookQueues struct {
	WebhookQueue     string `env:"WEBHOOK_QUEUE_URL,required"`
	SlowWebhookQueue string `env:"SLOW_WEBHOOK_QUEUE_URL,required"`
}

// Deliver has the settings of the function deliver.
type Deliver struct {
	Jobs
	Metrics
	WebhookQueues
	UndeliveredQueue string `env:"UNDELIVERED_QUEUE_URL,required"`
	WebhookSecret    string `env:"WEBHOOK_SECRET,required"`
	WebhookURLSecret string `env:"WEBHOOK_URL_SECRET"` // empty: the stack has no webhook
	LoopbackSources  bool   `env:"LOOPBACK_SOURCES"`
}

// API has the settings of the function api.
type API struct {
	Intake
	Batches
	Caps
	BaseURL
	PromptsBucket string  `env:"PROMPTS_BUCKET,required"`
	VideoURL      Seconds `env:"VIDEO_URL_SECONDS,required"`
	CORSOrigin    string  `env:"CORS_ORIGIN"`
	// LoopbackSources lets webhooks be on this machine.
	LoopbackSources bool `env:"LOOPBACK_SOURCES"`
}

// Authorize has the settings of the function authorize.
type Authorize struct {
	TokenSecret string `env:"API_TOKEN_SECRET,required"`
}

// Seconds is a duration in whole seconds, at least one.
type Seconds int64

// UnmarshalText parses a whole number of seconds.
func (s *Seconds) UnmarshalText(text []byte) error {
	n, err := strconv.ParseInt(string(text), 10, 32)
	if err != nil || n < 1 {
		return fmt.Errorf("%q is not a whole number of seconds, at least 1", text)
	}
	*s = Seconds(n)
	return nil
}

// Duration converts s to a time.Duration.
func (s Seconds) Duration() time.Duration { return time.Duration(s) * time.Second }

// USD is an amount in micro-dollars, set in USD with up to six decimals.
type USD int64

// UnmarshalText parses an amount of at most a billion USD.
func (u *USD) UnmarshalText(text []byte) error {
	whole, decimals, _ := strings.Cut(string(text), ".")
	places := len(decimals)
	for len(decimals) < 6 {
		decimals += "0"
	}
	n, err := strconv.ParseUint(whole+decimals, 10, 63)
	if err != nil || whole == "" || places > 6 || n > 1e15 {
		return fmt.Errorf("%q is not an amount in USD, from 0 to a billion, with at most six decimals", text)
	}
	*u = USD(n)
	return nil
}

// Count is a whole number, at least 0.
type Count int64

// UnmarshalText parses a whole number.
func (c *Count) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 10, 31)
	if err != nil {
		return fmt.Errorf("%q is not a whole number", text)
	}
	*c = Count(n)
	return nil
}

// PollWindow is how long a check may keep polling, in whole seconds; 0 polls once.
type PollWindow int64

// UnmarshalText parses a whole number of seconds, or 0.
func (s *PollWindow) UnmarshalText(text []byte) error {
	if string(text) == "0" {
		*s = 0
		return nil
	}
	return (*Seconds)(s).UnmarshalText(text)
}

// MiB is a size in whole MiB, at least one.
type MiB int64

// UnmarshalText parses a whole number of MiB.
func (m *MiB) UnmarshalText(text []byte) error {
	n, err := strconv.ParseInt(string(text), 10, 32)
	if err != nil || n < 1 {
		return fmt.Errorf("%q is not a whole number of MiB, at least 1", text)
	}
	*m = MiB(n)
	return nil
}

// Bytes returns the size in bytes.
func (m MiB) Bytes() int64 { return int64(m) << 20 }

// Load parses a function's settings and its AWS configuration from the process's
// environment. Its error names every problem at once.
func Load[T any]() (T, aws.Config, error) {
	var set T
	settingsErr := read(reflect.ValueOf(&set).Elem(), os.LookupEnv)
	config, awsErr := awsconfig.Config(os.LookupEnv)
	return set, config, errors.Join(settingsErr, awsErr)
}

// Must returns what load returns, and a logger that writes JSON to out. If load fails, it logs
// the error and exits: Lambda then reports that the function failed to start. The logger also
// gets what Lambda's runtime logs itself, which is every error that a handler returns, so that
// each line is JSON. A line that is logged with the context of a traced invocation has the id of
// the trace.
func Must[T any](out io.Writer, load func() (T, aws.Config, error)) (T, aws.Config, *slog.Logger) {
	log := slog.New(traced{slog.NewJSONHandler(out, nil)})
	slog.SetDefault(log)
	set, config, err := load()
	if err != nil {
		log.Error("can't start", "error", err.Error())
		os.Exit(1)
	}
	return set, config, log
}
