package pricelist_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/provider/aimlapi/pricelist"
	"github.com/takeup/takeup/internal/video"
)

var noon = time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)

// provider publishes a list under an ETag.
type provider struct {
	source string
	models []string
	etag   string
	now    func() time.Time
	err    error
	asked  []string // the ETags of the calls
}

func (p *provider) PriceList() string { return p.source }

func (p *provider) Prices(_ context.Context, etag string) (price.List, bool, error) {
	p.asked = append(p.asked, etag)
	if p.err != nil || etag != "" && etag == p.etag {
		return price.List{}, false, p.err
	}
	list := price.List{Source: p.source, AsOf: p.now(), ETag: p.etag}
	for _, name := range p.models {
		list.Models = append(list.Models, price.Model{ID: name})
	}
	return list, true, nil
}

// store stores a list in memory.
type store struct {
	list    price.List
	version string
	readErr error
	putErr  error
	reads   int
}

func (s *store) PriceList(context.Context) (price.List, string, error) {
	s.reads++
	return s.list, s.version, s.readErr
}

func (s *store) PutPriceList(_ context.Context, list price.List, version string) error {
	if version != s.version {
		return &video.Conflict{}
	}
	if s.putErr == nil {
		s.list, s.version = list, version+"+"
	}
	return s.putErr
}

func TestRefresh(t *testing.T) {
	now := noon
	clock := func() time.Time { return now }
	p, s := &provider{source: "one", models: []string{"a", "other"}, etag: `"1"`, now: clock}, &store{}
	keeper, ctx := pricelist.New(p, s, []string{"a", "b"}, clock), t.Context()
	refresh := func(name string, force bool, want pricelist.Result) {
		t.Helper()
		if got, err := keeper.Refresh(ctx, force); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	refresh("the first", false, pricelist.Result{Asked: true, Changed: true, Models: 1, AsOf: noon, Source: "one"})
	if len(s.list.Models) != 1 || s.list.Models[0].ID != "a" {
		t.Errorf("kept is %+v", s.list)
	}
	now = noon.Add(23 * time.Hour)
	refresh("within the day", false, pricelist.Result{Models: 1, AsOf: noon, Source: "one"})
	if len(p.asked) != 1 {
		t.Errorf("asked with %q", p.asked)
	}
	refresh("forced, and the same", true, pricelist.Result{Asked: true, Models: 1, AsOf: now, Source: "one"})
	now = now.Add(24 * time.Hour)
	p.models, p.etag = []string{"a", "b"}, `"2"`
	refresh("a day later, and another", false, pricelist.Result{Asked: true, Changed: true, Models: 2, AsOf: now, Source: "one"})
	p.source = "two"
	refresh("of another address", false, pricelist.Result{Asked: true, Changed: true, Models: 2, AsOf: now, Source: "two"})
	if want := []string{"", `"1"`, `"1"`, ""}; !reflect.DeepEqual(p.asked, want) {
		t.Errorf("asked with %q", p.asked)
	}
	now = noon // a clock that was set back makes no list good forever
	refresh("from the future", false, pricelist.Result{Asked: true, Models: 2, AsOf: noon, Source: "two"})
}

// A failed refresh keeps the stored list.
func TestRefreshFails(t *testing.T) {
	broken := errors.New("broken")
	var unavailable *video.ServiceUnavailable
	var none *pricelist.NoModels
	for name, c := range map[string]struct {
		change func(*provider, *store)
		is     func(error) bool
	}{
		"the provider":       {func(p *provider, _ *store) { p.err = broken }, func(err error) bool { return errors.Is(err, broken) }},
		"other models":       {func(p *provider, _ *store) { p.models = []string{"c"} }, func(err error) bool { return errors.As(err, &none) }},
		"no models":          {func(p *provider, _ *store) { p.models = nil }, func(err error) bool { return errors.As(err, &none) }},
		"reading":            {func(_ *provider, s *store) { s.readErr = &video.ServiceUnavailable{Err: broken} }, func(err error) bool { return errors.As(err, &unavailable) }},
		"writing":            {func(_ *provider, s *store) { s.putErr = &video.ServiceUnavailable{Err: broken} }, func(err error) bool { return errors.As(err, &unavailable) }},
		"another was sooner": {func(_ *provider, s *store) { s.putErr = &video.Conflict{} }, func(err error) bool { return err == nil }},
	} {
		kept := price.List{Source: "one", AsOf: noon, Models: []price.Model{{ID: "a"}}}
		p, s := &provider{source: "one", models: []string{"a"}, now: func() time.Time { return noon }}, &store{list: kept, version: "1"}
		c.change(p, s)
		_, err := pricelist.New(p, s, []string{"a"}, p.now).Refresh(t.Context(), true)
		if !c.is(err) || !reflect.DeepEqual(s.list, kept) {
			t.Errorf("%s: %v, kept is %+v", name, err, s.list)
		}
	}
}

func TestHandler(t *testing.T) {
	p, s := &provider{source: "one", models: []string{"a"}, now: func() time.Time { return noon }}, &store{}
	var lines bytes.Buffer
	handle := pricelist.New(p, s, []string{"a"}, p.now).Handler(slog.New(slog.NewJSONHandler(&lines, nil)))
	for payload, asked := range map[string]int{`{}`: 1, `{"force":true}`: 1} {
		p.asked, s.list = nil, price.List{}
		if got, err := handle(t.Context(), json.RawMessage(payload)); err != nil || len(p.asked) != asked || got.Models != 1 {
			t.Errorf("%s: %+v, %v, asked %d times", payload, got, err, len(p.asked))
		}
	}
	for _, payload := range []string{``, `[]`, `{"force":1}`} {
		if _, err := handle(t.Context(), json.RawMessage(payload)); err == nil || !strings.Contains(err.Error(), "neither {} nor") {
			t.Errorf("%s: %v", payload, err)
		}
	}
	if strings.Count(lines.String(), "\n") != 5 {
		t.Errorf("logged %s", lines.String())
	}
}

// Recent answers from the list read within the last minute, or from the last one that
// could be read.
func TestRecent(t *testing.T) {
	now, s := noon, &store{list: price.List{Source: "one"}}
	var lines bytes.Buffer
	recent := pricelist.NewRecent(s, slog.New(slog.NewJSONHandler(&lines, nil)), func() time.Time { return now })
	list := func(source string, reads int) {
		t.Helper()
		if got := recent.List(t.Context()); got.Source != source || s.reads != reads {
			t.Errorf("got %+v, read %d times", got, s.reads)
		}
	}
	list("one", 1)
	s.list.Source = "two"
	list("one", 1)
	now = now.Add(time.Minute)
	list("two", 2)
	now = now.Add(time.Minute)
	s.readErr = errors.New("broken")
	list("two", 3)
	if !strings.Contains(lines.String(), "reading the price list failed") {
		t.Errorf("logged %s", lines.String())
	}
}
