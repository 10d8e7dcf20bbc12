package provider_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video"
)

// maker is a provider with some models that accepts one key.
type maker struct {
	name   string
	models []string
	key    string
	asked  []string // the keys of its calls
}

func (m *maker) Name() string { return m.name }

func (m *maker) Models() []string { return m.models }

func (m *maker) Submit(context.Context, video.Key, string, video.Request) (provider.Generation, error) {
	return provider.Generation{}, errors.New("nothing is submitted here")
}

func (m *maker) Retrieve(_ context.Context, key video.Key, handle provider.Handle) (provider.Generation, error) {
	m.asked = append(m.asked, key.Value)
	if key.Value != m.key {
		return provider.Generation{}, &provider.Refusal{Kind: provider.RefusedKey}
	}
	return provider.Generation{Handle: handle, State: provider.Running}, nil
}

func (m *maker) Find(context.Context, provider.Keys, provider.Submission) (provider.Found, error) {
	return provider.Found{}, errors.New("nothing is looked for here")
}

// measured is a maker that publishes generation times.
type measured struct {
	maker
	err error // for a model that it doesn't have
}

func (m *measured) Percentiles(_ context.Context, model string) (provider.Percentiles, bool, error) {
	if !slices.Contains(m.models, model) {
		return provider.Percentiles{}, false, m.err
	}
	return provider.Percentiles{P50: time.Minute, P90: time.Hour}, true, nil
}

// secret is a key that was rotated after it was first read.
type secret struct {
	read, now string
	err       error
}

func (s *secret) Current(context.Context) (video.Key, error) { return video.Key{Value: s.read}, s.err }

func (s *secret) Reread(context.Context) (video.Key, error) { return video.Key{Value: s.now}, nil }

func (s *secret) Version(context.Context, string) (video.Key, error) { return video.Key{}, nil }

func TestAccounts(t *testing.T) {
	one, two := &maker{name: "one", models: []string{"a", "b"}}, &measured{maker: maker{name: "two", models: []string{"b", "c"}}}
	accounts := provider.Accounts{{Provider: one}, {Provider: two}}
	for model, want := range map[string]string{"a": "one", "b": "one", "c": "two"} {
		if got, err := accounts.Making(model); err != nil || got.Provider.Name() != want {
			t.Errorf("%s is made by %+v, %v", model, got, err)
		}
	}
	var invalid *video.InvalidRequest
	if _, err := accounts.Making("d"); !errors.As(err, &invalid) || invalid.Fields[0].Field != "model" {
		t.Errorf("a model that nobody has: %v", err)
	}
	if got, err := accounts.Named("two"); err != nil || got.Provider.Name() != "two" {
		t.Errorf("got %+v, %v", got, err)
	}
	var unavailable *video.ServiceUnavailable
	if _, err := accounts.Named("three"); !errors.As(err, &unavailable) {
		t.Errorf("a provider that isn't there: %v", err)
	}
	for model, want := range map[string]bool{"a": false, "c": true} {
		if times, ok, err := accounts.Percentiles(t.Context(), model); err != nil || ok != want || ok != (times.P50 > 0) {
			t.Errorf("the times of %s: %+v, %v, %v", model, times, ok, err)
		}
	}
	down := provider.Account{Provider: &measured{maker: maker{name: "down"}, err: &provider.Unanswered{Err: errors.New("503")}}}
	accounts = append(provider.Accounts{down}, accounts...)
	for model, want := range map[string]bool{"a": false, "c": true} {
		if _, ok, err := accounts.Percentiles(t.Context(), model); (err == nil) != want || ok != want {
			t.Errorf("the times of %s, where one is down: %v, %v", model, ok, err)
		}
	}
}

func TestRetrieveWithTheKeyThatIsTaken(t *testing.T) {
	for name, c := range map[string]struct {
		keys  secret
		asked []string
		fails bool
	}{
		"current": {secret{read: "good"}, []string{"good"}, false},
		"changed": {secret{read: "old", now: "good"}, []string{"old", "good"}, false},
		"bad":     {secret{read: "old", now: "old"}, []string{"old", "old"}, true},
		"none":    {secret{err: errors.New("denied")}, nil, true},
	} {
		m := &maker{key: "good"}
		got, err := provider.Account{Provider: m, Keys: &c.keys}.Retrieve(t.Context(), "handle")
		if (err != nil) != c.fails || err == nil && got.Handle != "handle" || !slices.Equal(m.asked, c.asked) {
			t.Errorf("%s: %+v, %v, asked with %q", name, got, err, m.asked)
		}
	}
}
