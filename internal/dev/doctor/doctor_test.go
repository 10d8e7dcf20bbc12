package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video"
)

// fakeProvider has a balance and a key, or returns an error for either.
type fakeProvider struct {
	usd            float64
	refusal, noKey error
}

func (p fakeProvider) Balance(_ context.Context, key video.Key) (float64, error) {
	if key.Value != "the-key" {
		return 0, fmt.Errorf("asked with another key")
	}
	return p.usd, p.refusal
}

func (p fakeProvider) Current(context.Context) (video.Key, error) {
	return video.Key{Value: "the-key"}, p.noKey
}

func TestProvider(t *testing.T) {
	price := Price{Model: "kling", USD: 0.1}
	for _, test := range []struct {
		name  string
		given fakeProvider
		price Price
		want  string
	}{
		{"enough", fakeProvider{usd: 0.3}, price, "ok   provider key: accepted by the provider\nok   balance: 0.30 USD, about 3 videos of kling"},
		{"no price is known", fakeProvider{usd: 0.3}, Price{}, "ok   balance: 0.30 USD"},
		{"too little", fakeProvider{usd: 0.09}, price, "fix: balance: 0.09 USD, which is less than a video of kling costs, about 0.10 USD; top up"},
		{"another key", fakeProvider{refusal: &provider.Refusal{Kind: provider.RefusedKey, Said: "unknown"}}, price, "fix: provider key: the provider does not accept it; put a valid one"},
		{"a limit", fakeProvider{refusal: &provider.Refusal{Kind: provider.RefusedFunds, Said: "limit"}}, price, "ok   provider key: accepted by the provider\nfix: balance: the account is out of credits"},
		{"busy", fakeProvider{refusal: &provider.Unanswered{Err: errors.New("503")}}, price, "fix: provider key: the provider does not answer whether it is accepted; try again"},
		{"an empty secret", fakeProvider{noKey: &video.Unauthorized{}}, price, "fix: provider key: the secret is empty; put the key into it"},
		{"no secret", fakeProvider{noKey: &video.ServiceUnavailable{Err: errors.New("denied")}}, price, "fix: provider key: the secret can't be read; give your AWS credentials secretsmanager:GetSecretValue for the output ProviderKeySecret (denied)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := text(Provider(t.Context(), "the provider", test.given, test.given, test.price))
			if !strings.Contains(got, test.want) || strings.Contains(got, "the-key") {
				t.Errorf("got\n%s\nwant %s", got, test.want)
			}
		})
	}
}

func text(lines []Line) string {
	var said []string
	for _, line := range lines {
		said = append(said, line.String())
	}
	return strings.Join(said, "\n")
}

type clock struct {
	at      time.Time
	err     error
	control api.Control
	noWord  error // from the control
}

func (c clock) Control(context.Context) (api.Control, error) { return c.control, c.noWord }

func (c clock) Clock(context.Context) (time.Time, error) { return c.at, c.err }

func parameters() api.Caps {
	hundred := json.Number("100")
	return api.Caps{Day: api.Cap{Limit: &hundred, Parameter: &hundred}}
}

// lowered returns caps that an operator has set.
func lowered(until *time.Time) api.Caps {
	c, day, three := parameters(), json.Number("20.5"), int64(3)
	c.Day.Limit, c.InFlight.Limit = &day, &three
	c.Override = &api.Override{By: "ann", At: time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC), Until: until}
	return c
}

func TestAPI(t *testing.T) {
	now := time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	ann, bill, jobs := "ann", "a bill", "jobs"
	for _, test := range []struct {
		name  string
		given clock
		want  string
	}{
		{"right", clock{at: now.Add(30 * time.Second)}, "ok   API: here answers, and accepts the token\nok   submissions: not paused\nok   caps: no cap on a day, no cap on a month, no cap on videos in flight\nok   clock: agrees with the API's"},
		{"no time", clock{}, "ok   API: here answers, and accepts the token"},
		{"early", clock{at: now.Add(2 * time.Minute)}, "fix: clock: this machine's clock is off by -2m0s; set it"},
		{"late", clock{at: now.Add(-2 * time.Minute)}, "fix: clock: this machine's clock is off by 2m0s; set it"},
		{"another token", clock{err: &client.Refused{Status: 401, Messages: []string{"wrong"}}}, "fix: API: here does not accept the token; set TAKEUP_TOKEN"},
		{"paused", clock{control: api.Control{Paused: &api.Paused{By: &ann, Since: &now, Reason: &bill}}}, "fix: submissions: paused since 2026-08-21T12:00:00Z by ann: a bill; run `takeup resume`"},
		{"a copy", clock{control: api.Control{Paused: &api.Paused{CopyOf: &jobs}}}, "fix: submissions: paused, since the table is a copy of jobs; restore what it lacks with `takeup reconcile --repair`"},
		{"caps", clock{control: api.Control{Caps: lowered(nil)}}, "ok   caps: 20.5 USD a day, no cap on a month, 3 videos in flight, set by ann at 2026-08-21T12:00:00Z, until they are reset; the stack's parameters are 100 USD a day, no cap on a month, no cap on videos in flight"},
		{"caps that end", clock{control: api.Control{Caps: lowered(&now)}}, "set by ann at 2026-08-21T12:00:00Z, until 2026-08-21T12:00:00Z; the stack's parameters are 100 USD"},
		{"the stack's own caps", clock{control: api.Control{Caps: parameters()}}, "ok   caps: 100 USD a day, no cap on a month, no cap on videos in flight"},
		{"no state in the answer", clock{noWord: errors.New("no")}, "fix: submissions: it is unknown whether they are paused"},
		{"silent", clock{err: errors.New("refused")}, "fix: API: here does not answer as expected; check that the address is right"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := text(API(t.Context(), test.given, "here", func() time.Time { return now }))
			if !strings.Contains(got, test.want) {
				t.Errorf("got\n%s\nwant %s", got, test.want)
			}
		})
	}
}

func TestTools(t *testing.T) {
	root := t.TempDir()
	for name, content := range map[string]string{
		"go.mod": "module x\n\ngo 1.26.0\n", "tools/sam.in": "# pinned\naws-sam-cli==1.170.0\n", "tools/ministack.in": "ministack==1.5.33\nother==1\n",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	right := map[string]string{"go": "go1.26.8\n", "python3": "3.11.7\n", "sam": "1.170.0\n", "ministack": "1.5.33\n"}
	for _, test := range []struct {
		name, program, says string
		want                string
	}{
		{"all correct", "", "", "ok   Go: 1.26.8\nok   Python: 3.11.7\nok   SAM: 1.170.0, as pinned\nok   MiniStack: 1.5.33, as pinned"},
		{"no Go", "go", "", "fix: Go: go does not run; install Go 1.26"},
		{"an old Go", "go", "go1.25.1", "fix: Go: go1.25.1 is too old; install Go 1.26.0 or later"},
		{"an old Python", "python3", "3.9.2", "fix: Python: 3.9.2 is too old; install Python 3.10 or later"},
		{"no Python", "python3", "", "fix: Python: python3 does not run"},
		{"another Python", "python3", "hello", `fix: Python: python3 printed "hello" instead of its version`},
		{"another SAM", "sam", "1.0.0", "fix: SAM: 1.0.0 is not the pinned version 1.170.0; run `make tools`"},
		{"no MiniStack", "ministack", "", "fix: MiniStack: it is not installed in .tools, or does not run; run `make tools` (exit status 1)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			run := func(_ context.Context, name string, args ...string) (string, error) {
				if filepath.IsAbs(name) {
					name = filepath.Base(filepath.Dir(filepath.Dir(name)))
				}
				says := right[name]
				if name == test.program {
					says = test.says
				}
				if says == "" {
					return "", errors.New("exit status 1")
				}
				return says, nil
			}
			if got := text(Tools(t.Context(), run, root)); !strings.Contains(got, test.want) {
				t.Errorf("got\n%s\nwant %s", got, test.want)
			}
		})
	}
	elsewhere := text(Tools(t.Context(), func(context.Context, string, ...string) (string, error) { return "go1.26.8", nil }, t.TempDir()))
	if n := strings.Count(elsewhere, "run this in Takeup's repository"); n != 3 {
		t.Errorf("elsewhere:\n%s", elsewhere)
	}
}

func TestReport(t *testing.T) {
	report := NewReport([]Line{ok("a", "right"), fix("b", "wrong", "fix it").because(errors.New("why"))})
	var out strings.Builder
	if err := report.Print(&out); err != nil || out.String() != "ok   a: right\nfix: b: wrong; fix it (why)\n" || report.OK || report.Fixes() != 1 {
		t.Errorf("got %q, %+v, %v", out.String(), report, err)
	}
}
