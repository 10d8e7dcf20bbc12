package settings_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/lambdaenv/settings"
	"github.com/takeup/takeup/internal/pipeline/submit"
	"github.com/takeup/takeup/internal/provider/aimlapi"
	"github.com/takeup/takeup/internal/schedule"
)

// good is the environment of a function that has every setting.
func good() map[string]string {
	return map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example", "AWS_REGION": "eu-north-1",
		"PROVIDER_BASE_URL": "https://api.example/", "PROVIDER_ROUTE": "legacy", "PROVIDER_KEY_SECRET": "arn:aws:secretsmanager:eu-north-1:1:secret:key",
		"VIDEOS_BUCKET": "videos", "JOBS_TABLE": "jobs", "FIRST_WAIT_SECONDS": "60", "CHECK_INTERVAL_SECONDS": "10", "REQUEST_GAP_SECONDS": "3", "POLL_WINDOW_SECONDS": "240",
		"SOFT_DEADLINE_SECONDS": "1800", "HARD_DEADLINE_SECONDS": "86400",
		"SUBMIT_CALL_SECONDS": "45", "BUSY_WAIT_SECONDS": "15", "LOOKUP_FIRST_SECONDS": "30", "LOOKUP_WINDOW_SECONDS": "7200", "RESUBMIT_LOST": "true",
		"MAX_USD_PER_DAY": "100", "MAX_USD_PER_MONTH": "0", "MAX_IN_FLIGHT": "100", "UNPRICED_USD": "5.25", "CAP_WAIT_HOURS": "24",
		"MAX_VIDEO_MIB": "2048", "LOOPBACK_SOURCES": "true",
		"STATE_MACHINE_ARN":       "arn:aws:states:eu-north-1:123456789012:stateMachine:TextToVideo",
		"BATCH_STATE_MACHINE_ARN": "arn:aws:states:eu-north-1:123456789012:stateMachine:Batch", "MAX_UNATTENDED_BATCH_USD": "25",
		"PROMPTS_BUCKET": "prompts", "CORS_ORIGIN": "https://example.com",
		"VIDEO_URL_SECONDS": "900", "UNTOLD_QUEUE_URL": "https://sqs.example/1/untold", "WEBHOOK_QUEUE_URL": "https://sqs.example/1/webhooks", "SLOW_WEBHOOK_QUEUE_URL": "https://sqs.example/1/slow",
		"UNDELIVERED_QUEUE_URL": "https://sqs.example/1/undelivered", "WEBHOOK_SECRET": "arn:aws:secretsmanager:eu-north-1:1:secret:webhook", "STACK_WEBHOOK": "true",
		"NOTIFY_TOPIC_ARN": "arn:aws:sns:eu-north-1:1:told", "NOTIFY_ON": "attention", "STACK_NAME": "takeup", "LOW_BALANCE_USD": "10", "API_TOKEN_SECRET": "arn:aws:secretsmanager:eu-north-1:1:secret:token",
	}
}

// set sets the variables in environment, and unsets all others that good has.
func set(t *testing.T, environment map[string]string) {
	t.Helper()
	for name := range good() {
		t.Setenv(name, "") // restores it after the test
		value, given := environment[name]
		if given {
			t.Setenv(name, value)
		} else if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
}

func TestGoodSettings(t *testing.T) {
	set(t, good())
	loaded, config, err := settings.Load[settings.Submit]()
	if err != nil || config.Region != "eu-north-1" || loaded.JobsTable != "jobs" || !loaded.ResubmitLost {
		t.Fatalf("%+v, %v", loaded, err)
	}
	client := loaded.Client()
	if client.BaseURL != "https://api.example" || client.Route != aimlapi.RouteLegacy || client.Now == nil {
		t.Errorf("client %+v", client)
	}
	if got, want := loaded.Schedule(), (schedule.Schedule{First: time.Minute, Interval: 10 * time.Second, RequestGap: 3 * time.Second, PollWindow: 4 * time.Minute, Soft: 30 * time.Minute, Hard: 24 * time.Hour}); got != want {
		t.Errorf("schedule %+v", got)
	}
	want := submit.Times{
		Call: 45 * time.Second, Write: 10 * time.Second, Busy: 15 * time.Second,
		LookUpFirst: 30 * time.Second, LookUpWindow: 2 * time.Hour, Hard: 24 * time.Hour, CapWait: 24 * time.Hour,
	}
	if got := loaded.Times(); got != want {
		t.Errorf("times %+v", got)
	}
	if got := loaded.Limits(); got != (budget.Limits{DayMicros: 100_000_000, InFlight: 100}) || loaded.Unpriced != 5_250_000 {
		t.Errorf("limits %+v, %d for what has no price", got, loaded.Unpriced)
	}
	check, _, err := settings.Load[settings.Check]()
	if err != nil || check.KeySecret == "" || check.Schedule() != loaded.Schedule() {
		t.Errorf("check: %+v, %v", check, err)
	}
	store, _, err := settings.Load[settings.Store]()
	if err != nil || store.VideosBucket != "videos" || store.MaxVideoMiB.Bytes() != 2<<30 || !store.LoopbackSources {
		t.Errorf("store: %+v, %v", store, err)
	}
	api, _, err := settings.Load[settings.API]()
	if err != nil || api.VideoURL.Duration() != 15*time.Minute || api.VideosBucket != "videos" || api.PromptsBucket != "prompts" || api.CORSOrigin != "https://example.com" {
		t.Errorf("api: %+v, %v", api, err)
	}
	if prompts, _, err := settings.Load[settings.Prompts](); err != nil || prompts.StateMachine != api.StateMachine || prompts.Caps != loaded.Caps || api.Caps != loaded.Caps {
		t.Errorf("prompts: %+v, %v", prompts, err)
	}
	if authorize, _, err := settings.Load[settings.Authorize](); err != nil || authorize.TokenSecret == "" {
		t.Errorf("authorize: %+v, %v", authorize, err)
	}
}

// What may cost money twice, or reads from this machine, is off by default.
func TestLeftOut(t *testing.T) {
	environment := good()
	delete(environment, "RESUBMIT_LOST")
	delete(environment, "LOOPBACK_SOURCES")
	set(t, environment)
	if loaded, _, err := settings.Load[settings.Submit](); err != nil || loaded.ResubmitLost {
		t.Errorf("%+v, %v", loaded, err)
	}
	if store, _, err := settings.Load[settings.Store](); err != nil || store.LoopbackSources {
		t.Errorf("%+v, %v", store, err)
	}
}

func load[T any]() error {
	_, _, err := settings.Load[T]()
	return err
}

// needs returns the required settings of each function, by its name.
func needs() map[string]struct {
	load  func() error
	names []string
} {
	lambda := []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"}
	provider := []string{"PROVIDER_BASE_URL", "PROVIDER_ROUTE", "PROVIDER_KEY_SECRET", "JOBS_TABLE"}
	caps := []string{"MAX_USD_PER_DAY", "MAX_USD_PER_MONTH", "MAX_IN_FLIGHT", "UNPRICED_USD", "CAP_WAIT_HOURS"}
	waits := []string{"FIRST_WAIT_SECONDS", "CHECK_INTERVAL_SECONDS", "REQUEST_GAP_SECONDS", "POLL_WINDOW_SECONDS", "SOFT_DEADLINE_SECONDS", "HARD_DEADLINE_SECONDS"}
	return map[string]struct {
		load  func() error
		names []string
	}{
		"submit":    {load[settings.Submit], slices.Concat(lambda, provider, waits, []string{"SUBMIT_CALL_SECONDS", "BUSY_WAIT_SECONDS", "LOOKUP_FIRST_SECONDS", "LOOKUP_WINDOW_SECONDS"}, caps)},
		"check":     {load[settings.Check], slices.Concat(lambda, provider, waits)},
		"store":     {load[settings.Store], slices.Concat(lambda, provider, []string{"VIDEOS_BUCKET", "MAX_VIDEO_MIB"})},
		"batch":     {load[settings.Batch], slices.Concat(lambda, []string{"STATE_MACHINE_ARN", "JOBS_TABLE", "VIDEOS_BUCKET", "MAX_IN_FLIGHT", "MAX_UNATTENDED_BATCH_USD"})},
		"prompts":   {load[settings.Prompts], slices.Concat(lambda, []string{"STATE_MACHINE_ARN", "BATCH_STATE_MACHINE_ARN", "JOBS_TABLE", "VIDEOS_BUCKET"}, caps)},
		"prices":    {load[settings.Prices], slices.Concat(lambda, []string{"STACK_NAME", "PROVIDER_BASE_URL", "PROVIDER_KEY_SECRET", "JOBS_TABLE"})},
		"outbox":    {load[settings.Outbox], slices.Concat(lambda, []string{"STACK_NAME", "JOBS_TABLE", "VIDEOS_BUCKET", "UNTOLD_QUEUE_URL", "WEBHOOK_QUEUE_URL", "SLOW_WEBHOOK_QUEUE_URL", "NOTIFY_ON"})},
		"settle":    {load[settings.Settle], slices.Concat(lambda, []string{"STACK_NAME", "STATE_MACHINE_ARN", "JOBS_TABLE", "VIDEOS_BUCKET"}, caps[:3])},
		"deliver":   {load[settings.Deliver], slices.Concat(lambda, []string{"STACK_NAME", "JOBS_TABLE", "WEBHOOK_QUEUE_URL", "SLOW_WEBHOOK_QUEUE_URL", "UNDELIVERED_QUEUE_URL", "WEBHOOK_SECRET"})},
		"api":       {load[settings.API], slices.Concat(lambda, []string{"STATE_MACHINE_ARN", "BATCH_STATE_MACHINE_ARN", "JOBS_TABLE", "VIDEOS_BUCKET", "PROMPTS_BUCKET", "VIDEO_URL_SECONDS", "PROVIDER_BASE_URL"}, caps)},
		"watch":     {load[settings.Watch], slices.Concat(lambda, provider, []string{"STACK_NAME", "LOW_BALANCE_USD", "STATE_MACHINE_ARN", "VIDEOS_BUCKET"})},
		"authorize": {load[settings.Authorize], slices.Concat(lambda, []string{"API_TOKEN_SECRET"})},
	}
}

func TestMissingSettings(t *testing.T) {
	for function, c := range needs() {
		t.Run(function, func(t *testing.T) {
			empty := map[string]string{}
			for name := range good() {
				empty[name] = ""
			}
			for kind, environment := range map[string]map[string]string{"missing": {}, "empty": empty} {
				set(t, environment)
				err := c.load()
				if err == nil {
					t.Fatalf("all %s is no error", kind)
				}
				for _, name := range c.names {
					if !strings.Contains(err.Error(), name) {
						t.Errorf("all %s: the error doesn't name %s: %v", kind, name, err)
					}
				}
			}
			for _, name := range c.names {
				environment := good()
				delete(environment, name)
				set(t, environment)
				if err := c.load(); err == nil || !strings.Contains(err.Error(), name) {
					t.Errorf("without %s: %v", name, err)
				}
				environment[name] = ""
				set(t, environment)
				if err := c.load(); err == nil {
					t.Errorf("an empty %s is no error", name)
				}
			}
			// The function needs no others.
			environment := good()
			maps.DeleteFunc(environment, func(name, _ string) bool { return !slices.Contains(c.names, name) })
			set(t, environment)
			if err := c.load(); err != nil {
				t.Errorf("with all of its own: %v", err)
			}
		})
	}
}

func TestBadSettings(t *testing.T) {
	var seconds settings.Seconds
	for _, text := range []string{"", "0", "-1", "1.5", "5.0", "10s", "1m5", "1h", " 7", "7 ", "1e3", "0x10", "1_000", "soon", "9223372036854775807", "99999999999"} {
		if err := seconds.UnmarshalText([]byte(text)); err == nil || seconds != 0 {
			t.Errorf("%q is %d seconds, %v", text, seconds, err)
		}
	}
	for text, want := range map[string]time.Duration{"1": time.Second, "60": time.Minute, "99999999": 99999999 * time.Second} {
		if err := seconds.UnmarshalText([]byte(text)); err != nil || seconds.Duration() != want {
			t.Errorf("%q is %s, %v", text, seconds.Duration(), err)
		}
	}
	var pollWindow settings.PollWindow
	for _, text := range []string{"", "-1", "00", "0.5", "none"} {
		if err := pollWindow.UnmarshalText([]byte(text)); err == nil || pollWindow != 0 {
			t.Errorf("%q is a poll window of %d seconds, %v", text, pollWindow, err)
		}
	}
	for text, want := range map[string]settings.PollWindow{"240": 240, "0": 0} {
		if err := pollWindow.UnmarshalText([]byte(text)); err != nil || pollWindow != want {
			t.Errorf("%q is a poll window of %d seconds, %v", text, pollWindow, err)
		}
	}
	// Every invalid setting is named at once.
	environment := good()
	bad := map[string]string{
		"PROVIDER_ROUTE": "lgeacy", "FIRST_WAIT_SECONDS": "0", "HARD_DEADLINE_SECONDS": "a day", "SUBMIT_CALL_SECONDS": "1m5", "RESUBMIT_LOST": "perhaps",
	}
	maps.Copy(environment, bad)
	set(t, environment)
	err := load[settings.Submit]()
	for name, value := range bad {
		if err == nil || !strings.Contains(err.Error(), name+": ") || !strings.Contains(err.Error(), value) {
			t.Errorf("%s=%q: %v", name, value, err)
		}
	}
	for _, size := range []string{"0", "-1", "1.5", "2GiB", "9223372036854775807"} {
		environment := good()
		environment["MAX_VIDEO_MIB"] = size
		set(t, environment)
		if err := load[settings.Store](); err == nil {
			t.Errorf("MAX_VIDEO_MIB=%s is no error", size)
		}
	}
}

// The secrets that Lambda sets are in no error.
func TestSecretsAreNotShown(t *testing.T) {
	set(t, map[string]string{"AWS_SECRET_ACCESS_KEY": "a-secret"})
	_, config, err := settings.Load[settings.Submit]()
	if err == nil || strings.Contains(err.Error(), "a-secret") || aws.ToString(config.BaseEndpoint) != "" {
		t.Errorf("%v", err)
	}
}

// Tests are built without a version.
func TestVersion(t *testing.T) {
	if got := settings.Version(); got == "" {
		t.Error("it is empty")
	}
}

func TestAmounts(t *testing.T) {
	for text, want := range map[string]settings.USD{"0": 0, "100": 100_000_000, "0.5": 500_000, "5.": 5_000_000, "1000000000": 1e15, "0.000001": 1, "12.345678": 12_345_678} {
		var got settings.USD
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "-1", "+1", ".5", "1e3", "0.0000001", "1000000001", "1,5", "1.-5", "five"} {
		var got settings.USD
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for %d", text, got)
		}
	}
}

func TestSimulated(t *testing.T) {
	for url, want := range map[string]bool{"http://127.0.0.1:4000/": true, "https://api.aimlapi.com": false, "https://127.0.0.1.example": false, "\n": false} {
		if got := (settings.BaseURL{BaseURL: url}).Simulated(); got != want {
			t.Errorf("%q: %v", url, got)
		}
	}
}
