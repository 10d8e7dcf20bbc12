// Package settings reads what a function is told by its environment, which the
// template's parameters set. Every function carries it and what it imports, so it
// imports no client of AWS.
package settings

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/caarlos0/env/v11"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/jobs/arn"
	"github.com/takeup/takeup/internal/lambdaenv/awsconfig"
	"github.com/takeup/takeup/internal/pipeline"
	"github.com/takeup/takeup/internal/provider/aimlapi"
	"github.com/takeup/takeup/internal/schedule"
)

// BaseURL is where the provider is.
type BaseURL struct {
	BaseURL string `env:"PROVIDER_BASE_URL,required,notEmpty"`
}

// Provider is how the provider's videos are bought.
type Provider struct {
	BaseURL
	Route     aimlapi.Route `env:"PROVIDER_ROUTE,required,notEmpty"`
	KeySecret string        `env:"PROVIDER_KEY_SECRET,required,notEmpty"`
}

// Client is the configuration of a client that buys nothing.
func (b BaseURL) Client() aimlapi.Config {
	return aimlapi.Config{BaseURL: strings.TrimRight(b.BaseURL, "/"), Now: time.Now}
}

// Client is the configuration of the provider's client.
func (p Provider) Client() aimlapi.Config {
	config := p.BaseURL.Client()
	config.Route = p.Route
	return config
}

// Waits bound the times between two looks at a generation.
type Waits struct {
	First      Seconds    `env:"FIRST_WAIT_SECONDS,required,notEmpty"`
	Interval   Seconds    `env:"CHECK_INTERVAL_SECONDS,required,notEmpty"`
	RequestGap Seconds    `env:"REQUEST_GAP_SECONDS,required,notEmpty"`
	PollWindow PollWindow `env:"POLL_WINDOW_SECONDS,required,notEmpty"`
	Soft       Seconds    `env:"SOFT_DEADLINE_SECONDS,required,notEmpty"`
	Hard       Seconds    `env:"HARD_DEADLINE_SECONDS,required,notEmpty"`
}

// Schedule is the schedule within these times.
func (w Waits) Schedule() schedule.Schedule {
	return schedule.Schedule{
		First: w.First.Duration(), Interval: w.Interval.Duration(),
		RequestGap: w.RequestGap.Duration(), PollWindow: Seconds(w.PollWindow).Duration(),
		Soft: w.Soft.Duration(), Hard: w.Hard.Duration(),
	}
}

// Jobs is where what is known of the jobs is kept.
type Jobs struct {
	JobsTable string `env:"JOBS_TABLE,required,notEmpty"`
}

// Submit is what the function submit is told.
type Submit struct {
	Provider
	Waits
	Jobs
	Call         Seconds `env:"SUBMIT_CALL_SECONDS,required,notEmpty"`
	Busy         Seconds `env:"BUSY_WAIT_SECONDS,required,notEmpty"`
	LookUpFirst  Seconds `env:"LOOKUP_FIRST_SECONDS,required,notEmpty"`
	LookUpWindow Seconds `env:"LOOKUP_WINDOW_SECONDS,required,notEmpty"`
	ResubmitLost bool    `env:"RESUBMIT_LOST"`
	Caps
}

// Caps are the stack's own caps, which an operator's win over.
type Caps struct {
	DayCap    USD   `env:"MAX_USD_PER_DAY,required,notEmpty"`
	MonthCap  USD   `env:"MAX_USD_PER_MONTH,required,notEmpty"`
	InFlight  Count `env:"MAX_IN_FLIGHT,required,notEmpty"`
	Unpriced  USD   `env:"UNPRICED_USD,required,notEmpty"`
	WaitHours Count `env:"CAP_WAIT_HOURS,required,notEmpty"`
}

// Limits are what claims keep to.
func (c Caps) Limits() budget.Limits {
	return budget.Limits{DayMicros: int64(c.DayCap), MonthMicros: int64(c.MonthCap), InFlight: int64(c.InFlight)}
}

// CapWait is how long a job waits for room.
func (c Caps) CapWait() time.Duration { return time.Duration(c.WaitHours) * time.Hour }

// writeTime is kept after a submission for the record of it: longer than the
// table's client tries a write for.
const writeTime = 10 * time.Second

// Times are the times that Submit keeps to.
func (s Submit) Times() pipeline.SubmitTimes {
	return pipeline.SubmitTimes{
		Call: s.Call.Duration(), Write: writeTime, Busy: s.Busy.Duration(),
		LookUpFirst: s.LookUpFirst.Duration(), LookUpWindow: s.LookUpWindow.Duration(),
		Hard: s.Hard.Duration(), CapWait: s.CapWait(),
	}
}

// Check is what the function check is told.
type Check struct {
	Provider
	Waits
	Jobs
}

// Store is what the function store is told.
type Store struct {
	Provider
	Jobs
	VideosBucket    string `env:"VIDEOS_BUCKET,required,notEmpty"`
	MaxVideoMiB     MiB    `env:"MAX_VIDEO_MIB,required,notEmpty"`
	LoopbackSources bool   `env:"LOOPBACK_SOURCES"`
}

// Intake is how jobs are started and found.
type Intake struct {
	Jobs
	StateMachine arn.ARN `env:"STATE_MACHINE_ARN,required,notEmpty"`
	VideosBucket string  `env:"VIDEOS_BUCKET,required,notEmpty"`
}

// Prompts is what the function prompts is told.
type Prompts struct {
	Intake
	Caps
}

// Settle is what the function settle is told.
type Settle struct {
	Intake
}

// Prices is what the function prices is told.
type Prices struct {
	BaseURL
	Jobs
	KeySecret string `env:"PROVIDER_KEY_SECRET,required,notEmpty"`
}

// API is what the function api is told.
type API struct {
	Intake
	Caps
	PromptsBucket string  `env:"PROMPTS_BUCKET,required,notEmpty"`
	VideoURL      Seconds `env:"VIDEO_URL_SECONDS,required,notEmpty"`
	CORSOrigin    string  `env:"CORS_ORIGIN"`
}

// Authorize is what the function authorize is told.
type Authorize struct {
	TokenSecret string `env:"API_TOKEN_SECRET,required,notEmpty"`
}

// Seconds is a time in whole seconds, at least one.
type Seconds int64

// UnmarshalText reads a whole number of seconds.
func (s *Seconds) UnmarshalText(text []byte) error {
	n, err := strconv.ParseInt(string(text), 10, 32)
	if err != nil || n < 1 {
		return fmt.Errorf("%q is not a whole number of seconds, at least 1", text)
	}
	*s = Seconds(n)
	return nil
}

// Duration gives the time as Go has it.
func (s Seconds) Duration() time.Duration { return time.Duration(s) * time.Second }

// USD is an amount in micro-dollars, which is given in USD with up to six decimals.
type USD int64

// UnmarshalText reads an amount of at most a billion USD.
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

// Count is a whole number from 0 on.
type Count int64

// UnmarshalText reads a whole number.
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

// UnmarshalText reads a whole number of seconds, or 0.
func (s *PollWindow) UnmarshalText(text []byte) error {
	if string(text) == "0" {
		*s = 0
		return nil
	}
	return (*Seconds)(s).UnmarshalText(text)
}

// MiB is a size in whole MiB, at least one.
type MiB int64

// UnmarshalText reads a whole number of MiB.
func (m *MiB) UnmarshalText(text []byte) error {
	n, err := strconv.ParseInt(string(text), 10, 32)
	if err != nil || n < 1 {
		return fmt.Errorf("%q is not a whole number of MiB, at least 1", text)
	}
	*m = MiB(n)
	return nil
}

// Bytes gives the size in bytes.
func (m MiB) Bytes() int64 { return int64(m) << 20 }

// Load reads a function's settings and its AWS configuration from the process's
// environment. Its error names every problem at once.
func Load[T any]() (T, aws.Config, error) {
	set, settingsErr := env.ParseAs[T]()
	config, awsErr := awsconfig.Config(os.LookupEnv)
	return set, config, errors.Join(settingsErr, awsErr)
}

// Must gives what Load gave, or logs its error and ends the process: Lambda then
// shows the function as failed to start. What Lambda's runtime logs itself, which
// is every error that a handler gives back, goes to log too, so that each line is
// JSON.
func Must[T any](log *slog.Logger, load func() (T, aws.Config, error)) (T, aws.Config) {
	slog.SetDefault(log)
	set, config, err := load()
	if err != nil {
		log.Error("can't start", "error", err.Error())
		os.Exit(1)
	}
	return set, config
}
