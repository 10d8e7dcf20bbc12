// Package script is what the simulator is told to do: its settings, the fates of the generations that it accepts, and the
// faults of the calls that it gets.
package script

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// The two forms of generation IDs seen from the provider.
const (
	// IDBare is a UUID.
	IDBare = "bare"
	// IDWithModel is a UUID, a colon and the model's name.
	IDWithModel = "model"
)

// The outcomes of an accepted generation.
const (
	OutcomeCompleted = "completed"
	OutcomeError     = "error"
	// OutcomeNever keeps it generating, until a call of the server's Complete if there is one; before that it is not
	// charged, and not in the logs.
	OutcomeNever = "never"
)

// Accepted describes to a Decide a create that is about to be accepted.
type Accepted struct {
	GenerationID    string
	ClientRequestID string
	Model           string
	Request         json.RawMessage
}

// Decide returns the fate of a create that is about to be accepted; a zero Fate leaves it to the settings. It is called with
// the server locked: it must not call the server.
type Decide func(Accepted) Fate

// Fate is the outcome of an accepted generation. The zero Fate completes it after a time drawn by the settings.
type Fate struct {
	// Outcome is OutcomeCompleted (also if empty), OutcomeError or OutcomeNever.
	Outcome string `json:"outcome,omitempty"`
	// ErrorName and ErrorMessage are the provider's words for OutcomeError; empty means those of a moderation refusal.
	ErrorName    string `json:"error_name,omitempty"`
	ErrorMessage string `json:"error_message,omitempty"`
	// Seconds is the whole time from acceptance to end; nil draws it.
	Seconds *float64 `json:"seconds,omitempty"`
	// ChargedTimes is how many times the price is charged; 0 is once.
	ChargedTimes int64 `json:"charged_times,omitempty"`
}

// Settings can be changed while the simulator runs. Start from DefaultSettings.
type Settings struct {
	// Keys are the accepted keys. All belong to one account.
	Keys []string `json:"keys,omitempty"`
	// JobSeconds is the median duration of a job, and JobSigma the sigma of its lognormal spread; 0 makes it fixed.
	JobSeconds float64 `json:"job_seconds"`
	JobSigma   float64 `json:"job_sigma"`
	// QueueShare is the fraction of a job's duration spent queued, 0 to 1.
	QueueShare float64 `json:"queue_share"`
	// Fate applies to jobs accepted from now on, unless a Decide says otherwise.
	Fate Fate `json:"fate"`
	// BalanceUSD, if set, sets the account's balance.
	BalanceUSD *float64 `json:"balance_usd,omitempty"`
	// IDForm is IDBare or IDWithModel, for generations accepted from now on.
	IDForm string `json:"id_form"`
	// UniversalStatus is the status of an accepted create on the universal route: 200 or 201. The legacy route uses 201.
	UniversalStatus int `json:"universal_status"`
	// VideoBytes is the size of the videos of generations accepted from now on. Less than the smallest possible
	// (a few kilobytes), 0 included, gives the smallest.
	VideoBytes int64 `json:"video_bytes"`
	// VideoBytesPerSecond limits the rate of each video response; 0 is no limit.
	VideoBytesPerSecond int64 `json:"video_bytes_per_second"`
	// URLSeconds is how long a video's URL is valid.
	URLSeconds float64 `json:"url_seconds"`
	// LogsLagSeconds is the delay from a job's end until it is in the logs.
	LogsLagSeconds float64 `json:"logs_lag_seconds"`
	// CreatesPerMinute and LogsPerMinute are rate limits per key, and Concurrent limits a key's running jobs; 0 is no
	// limit. Calls above a limit get a 429.
	CreatesPerMinute int `json:"creates_per_minute"`
	LogsPerMinute    int `json:"logs_per_minute"`
	Concurrent       int `json:"concurrent"`
	// LimitRetryAfter is the Retry-After of those 429s, verbatim; empty omits the header.
	LimitRetryAfter string `json:"limit_retry_after"`
	// Faults apply, first match first, to the calls that a Plan leaves alone. Setting them restarts their
	// counts.
	Faults []Rule `json:"faults,omitempty"`
}

// DefaultSettings returns those of a healthy provider without keys: jobs of 78 s as in the provider's sample, a tenth of
// it queued, URLs valid for a day, 200 reads of the logs a minute.
func DefaultSettings() Settings {
	return Settings{
		JobSeconds: 78, QueueShare: 0.1, IDForm: IDBare, UniversalStatus: 200,
		URLSeconds: 24 * 60 * 60, LogsPerMinute: 200,
	}
}

// Check returns an error that names every invalid setting and its valid values, or nil.
func (s Settings) Check() error {
	var errs []error
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	amount := func(name string, v float64) {
		bad(v >= 0 && !math.IsInf(v, 1), "%s is %v: give 0 or more", name, v)
	}
	bad(!slices.Contains(s.Keys, ""), "keys has an empty key: take it out")
	amount("job_seconds", s.JobSeconds)
	amount("job_sigma", s.JobSigma)
	bad(s.QueueShare >= 0 && s.QueueShare <= 1, "queue_share is %v: give 0 to 1", s.QueueShare)
	amount("url_seconds", s.URLSeconds)
	amount("logs_lag_seconds", s.LogsLagSeconds)
	if s.BalanceUSD != nil {
		amount("balance_usd", *s.BalanceUSD)
	}
	bad(s.IDForm == IDBare || s.IDForm == IDWithModel, "id_form is %q: give %q or %q", s.IDForm, IDBare, IDWithModel)
	bad(s.UniversalStatus == 200 || s.UniversalStatus == 201, "universal_status is %d: give 200 or 201", s.UniversalStatus)
	bad(s.VideoBytes >= 0, "video_bytes is %d: give 0 or more", s.VideoBytes)
	bad(s.VideoBytesPerSecond >= 0, "video_bytes_per_second is %d: give 0 or more", s.VideoBytesPerSecond)
	bad(s.CreatesPerMinute >= 0, "creates_per_minute is %d: give 0 or more", s.CreatesPerMinute)
	bad(s.LogsPerMinute >= 0, "logs_per_minute is %d: give 0 or more", s.LogsPerMinute)
	bad(s.Concurrent >= 0, "concurrent is %d: give 0 or more", s.Concurrent)
	if err := s.Fate.check(); err != nil {
		errs = append(errs, fmt.Errorf("fate: %w", err))
	}
	for i, r := range s.Faults {
		if err := r.check(); err != nil {
			errs = append(errs, fmt.Errorf("faults[%d]: %w", i, err))
		}
	}
	return errors.Join(errs...)
}

func (f Fate) check() error {
	switch f.Outcome {
	case "", OutcomeCompleted, OutcomeError, OutcomeNever:
	default:
		return fmt.Errorf("outcome is %q: give %q, %q or %q", f.Outcome, OutcomeCompleted, OutcomeError, OutcomeNever)
	}
	if f.Seconds != nil && *f.Seconds < 0 {
		return fmt.Errorf("seconds is %v: give 0 or more", *f.Seconds)
	}
	if f.ChargedTimes < 0 {
		return fmt.Errorf("charged_times is %d: give 0 or more", f.ChargedTimes)
	}
	return nil
}

// DrawSeconds draws a job's duration: lognormal around the median, like waiting times behind a queue.
func (s Settings) DrawSeconds(r *rand.Rand) float64 {
	return s.JobSeconds * math.Exp(s.JobSigma*r.NormFloat64())
}
