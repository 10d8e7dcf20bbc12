package balance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/balance"
	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/metrics"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video"
)

var noon = time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)

// account accepts one key.
type account struct {
	key string
	usd float64
	err error
}

func (a account) Balance(_ context.Context, key video.Key) (float64, error) {
	if a.err == nil && key.Value != a.key {
		return 0, &provider.Refusal{Kind: provider.RefusedKey, Said: "not this one"}
	}
	return a.usd, a.err
}

// keys has the cached key and the current one.
type keys struct {
	kept, is string
	err      error
}

func (k keys) Current(context.Context) (video.Key, error) { return video.Key{Value: k.kept}, k.err }
func (k keys) Reread(context.Context) (video.Key, error)  { return video.Key{Value: k.is}, k.err }

// store stores a balance in memory.
type store struct {
	is      budget.Balance
	version string
	readErr error
	putErr  error
}

func (s *store) Balance(context.Context) (budget.Balance, string, error) {
	return s.is, s.version, s.readErr
}

func (s *store) PutBalance(_ context.Context, b budget.Balance, version string) error {
	if s.putErr == nil && version == s.version {
		s.is, s.version = b, version+"+"
	}
	return s.putErr
}

func TestRefresh(t *testing.T) {
	before := budget.Balance{Micros: 7, At: noon.Add(-time.Hour)}
	for _, test := range []struct {
		name    string
		account account
		keys    keys
		store   store
		want    int64 // 7: the earlier balance
		fails   string
	}{
		{"the first", account{key: "one", usd: 12.345678}, keys{kept: "one"}, store{}, 12_345_678, ""},
		{"another", account{key: "one", usd: 0.1}, keys{kept: "one"}, store{is: before, version: "1"}, 100_000, ""},
		{"a debt", account{key: "one", usd: -0.5}, keys{kept: "one"}, store{is: before, version: "1"}, -500_000, ""},
		{"a key that was exchanged", account{key: "two", usd: 1}, keys{kept: "one", is: "two"}, store{is: before}, 1_000_000, ""},
		{"a key that isn't accepted", account{key: "three"}, keys{kept: "one", is: "two"}, store{is: before}, 7, "not this one"},
		{"no key", account{}, keys{err: &video.Unauthorized{Said: "nothing"}}, store{is: before}, 7, "nothing"},
		{"no answer", account{err: &provider.Unanswered{Err: errors.New("reset")}}, keys{}, store{is: before}, 7, "reset"},
		{"no number", account{key: "one", usd: math.NaN()}, keys{kept: "one"}, store{is: before}, 7, "NaN"},
		{"too large a number", account{key: "one", usd: 1e13}, keys{kept: "one"}, store{is: before}, 7, "1e+13 USD"},
		{"no table to read", account{key: "one"}, keys{kept: "one"}, store{is: before, readErr: errors.New("denied")}, 7, "denied"},
		{"no table to write", account{key: "one"}, keys{kept: "one"}, store{is: before, putErr: errors.New("denied")}, 7, "denied"},
		{"another was first", account{key: "one"}, keys{kept: "one"}, store{is: before, putErr: &video.Conflict{}}, 7, ""},
	} {
		err := balance.New(test.account, test.keys, &test.store, func() time.Time { return noon }).Refresh(t.Context())
		at := noon
		if test.want == 7 {
			at = before.At
		}
		if (err == nil) != (test.fails == "") || err != nil && !strings.Contains(err.Error(), test.fails) || test.store.is != (budget.Balance{Micros: test.want, At: at}) {
			t.Errorf("%s: kept %+v, %v", test.name, test.store.is, err)
		}
	}
}

func TestBeside(t *testing.T) {
	for name, test := range map[string]struct {
		key  string
		want string
	}{
		"refreshed": {"secret-one", `"level":"INFO","msg":"balance"`}, "refused": {"other", `"level":"WARN","msg":"balance"`},
	} {
		var log bytes.Buffer
		s := &store{}
		keeper := balance.New(account{key: test.key, usd: 1}, keys{kept: "secret-one", is: "secret-two"}, s, func() time.Time { return noon })
		handle := balance.Beside(keeper, slog.New(slog.NewJSONHandler(&log, nil)), func(_ context.Context, payload json.RawMessage) (string, error) {
			return string(payload), errors.New("its own")
		})
		got, err := handle(t.Context(), json.RawMessage("{}"))
		if got != "{}" || err == nil || err.Error() != "its own" {
			t.Errorf("%s: the handler gives %q, %v", name, got, err)
		}
		if said := log.String(); !strings.Contains(said, test.want) || strings.Count(said, "\n") != 1 || strings.Contains(said, "secret") {
			t.Errorf("%s: logged %s", name, said)
		}
	}
}

// A balance is measured also if another was stored meanwhile.
func TestMeasured(t *testing.T) {
	var lines strings.Builder
	meter := metrics.Meter{Out: &lines, Stack: "takeup", Now: func() time.Time { return noon }}
	s := &store{putErr: &video.Conflict{}}
	err := balance.New(account{key: "one", usd: 12.5}, keys{kept: "one"}, balance.Measured{Store: s, Meter: meter}, func() time.Time { return noon }).Refresh(t.Context())
	if err != nil || !strings.Contains(lines.String(), `"BalanceUSD":12.5`) {
		t.Errorf("%v, wrote %q", err, lines.String())
	}
}
