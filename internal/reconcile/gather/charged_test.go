package gather_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/reconcile"
	"github.com/takeup/takeup/internal/reconcile/gather"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/video"
)

type recent []string

func (r recent) IDs(context.Context) ([]string, error) { return r, nil }

// Charged reads some jobs, those that the provider's records name, and with them the records of
// older keys.
func TestCharged(t *testing.T) {
	w := newWorld(t)
	w.create(t, video.Entry{ID: "old", Phase: video.PhaseAccepted, GenerationID: "another"})
	for name, test := range map[string]struct {
		ids  recent
		want []string
	}{
		"the records of the key":     {nil, []string{"job-2"}},
		"those of an older key, too": {recent{"job-1", "gone"}, []string{"job-1", "job-2"}},
	} {
		w.sources.IDs = test.ids
		facts, err := w.sources.Charged(t.Context(), from, to)
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Sorted(maps.Keys(facts.Entries)); !slices.Equal(got, test.want) || len(facts.Unknown) > 0 || len(facts.Charges) != 2 {
			t.Errorf("%s: %q, unknown %v, %d charges", name, got, facts.Unknown, len(facts.Charges))
		}
		report := reconcile.Compare(facts)
		found := slices.ContainsFunc(report.Findings, func(f reconcile.Finding) bool { return f.Job == "job-1" })
		if found != (len(test.ids) > 0) || len(report.Drifts) > 0 {
			t.Errorf("%s: compared %+v", name, report)
		}
	}
}

// pages is a list of jobs, in pages of one.
type pages []video.Entry

func (p pages) List(_ context.Context, q table.Query) (jobs []table.Listed, next string, err error) {
	for i := len(p) - 1; i >= 0; i-- {
		place := table.PlaceAfter(p[i].CreatedAt)
		if place <= q.After || place >= q.Before {
			continue
		}
		if len(jobs) > 0 {
			return jobs, next, nil
		}
		jobs, next = append(jobs, table.Listed{Entry: p[i]}), place
	}
	return jobs, "", nil
}

func TestRecent(t *testing.T) {
	var all pages
	for i, id := range []string{"a", "b", "c", "d"} {
		all = append(all, video.Entry{ID: id, CreatedAt: from.Add(time.Duration(i) * time.Hour)})
	}
	ids, err := gather.Recent{Table: all, Since: 2*time.Hour + time.Minute, Now: func() time.Time { return all[3].CreatedAt.Add(time.Second) }}.IDs(t.Context())
	if err != nil || !slices.Equal(ids, []string{"d", "c", "b"}) {
		t.Errorf("got %q, %v", ids, err)
	}
}
