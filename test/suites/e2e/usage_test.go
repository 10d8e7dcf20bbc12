package e2e

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/price"
)

// usedBy fails the test unless an owner's usage is that of the jobs, whose videos are stored,
// and the balance at the provider is known.
func (w *world) usedBy(t *testing.T, owner string, jobs ...string) {
	t.Helper()
	var got api.Usage
	await(t, "the money of the jobs", func() bool {
		got = ask[api.Usage](w, t, http.StatusOK, http.MethodGet, "/usage?owner="+owner)
		return got.Total.Videos == int64(len(jobs))
	})
	var spent price.Micros
	for _, id := range jobs {
		for _, m := range w.entry(t, id).Money {
			spent += price.Micros(m.Micros)
		}
	}
	want := api.UsageSum{Videos: int64(len(jobs)), Spent: spent.USD(), Reserved: "0", Uncertain: "0"}
	if spent == 0 || got.Total != want {
		t.Errorf("the usage of %s is %+v, and not %+v", owner, got.Total, want)
	}
	if len(got.Models) != 1 || len(got.Owners) != 1 || got.Owners[0].Owner == nil || *got.Owners[0].Owner != owner || got.Owners[0].UsageSum != want {
		t.Errorf("it is divided into %+v and %+v", got.Models, got.Owners)
	}
	if got.Balance == nil {
		t.Error("the balance is not known")
	} else if usd, err := strconv.ParseFloat(string(got.Balance.USD), 64); err != nil || usd <= 0 {
		t.Errorf("the balance is %s, %v", got.Balance.USD, err)
	}
}
