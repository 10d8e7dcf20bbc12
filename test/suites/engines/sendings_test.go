package engines_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/video"
)

// testSendings sends the same request many times at once. Each one that creates its job is among
// the sendings. One that read an older version creates none.
func (e engine) testSendings(t *testing.T) {
	const senders = 10
	var group sync.WaitGroup
	for n := range senders {
		group.Go(func() {
			jobs, id := e.open("jobs", nil), fmt.Sprintf("sent-%02d", n)
			for {
				sent, version, err := jobs.Sendings(t.Context(), "request")
				if err != nil {
					t.Error(err)
					return
				}
				sent = append(sent, video.Sending{Job: id, At: time.Now().UTC(), First: true})
				_, _, err = jobs.CreateSent(t.Context(), entry(t, id), "request", sent, version)
				if conflict := (*video.Conflict)(nil); errors.As(err, &conflict) {
					continue
				}
				if err != nil {
					t.Error(err)
				}
				return
			}
		})
	}
	group.Wait()
	jobs := e.open("jobs", nil)
	sent, version, err := jobs.Sendings(t.Context(), "request")
	if err != nil || len(sent) != senders || version != fmt.Sprint(senders) {
		t.Fatalf("read %v, version %s, %v", sent, version, err)
	}
	for n := range senders {
		id := fmt.Sprintf("sent-%02d", n)
		if _, _, err := jobs.Get(t.Context(), id); err != nil || !slices.ContainsFunc(sent, func(one video.Sending) bool { return one.Job == id }) {
			t.Errorf("%s: %v", id, err)
		}
	}
	// After a lost answer, the job's mark identifies the write. A stale version writes nothing.
	transport := &lossy{}
	transport.left.Store(3)
	if _, _, err := e.open("jobs", transport).CreateSent(t.Context(), entry(t, "sent-lost"), "request", sent, version); err != nil {
		t.Errorf("its own write is not recognized: %v", err)
	}
	_, _, err = jobs.CreateSent(t.Context(), entry(t, "sent-stale"), "request", nil, version)
	if conflict := (*video.Conflict)(nil); !errors.As(err, &conflict) {
		t.Errorf("a stale version was replaced: %v", err)
	}
	if _, _, err := jobs.Get(t.Context(), "sent-stale"); err == nil {
		t.Error("the job exists without its sending")
	}
}
