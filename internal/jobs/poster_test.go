package jobs_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/video"
)

func TestPutPoster(t *testing.T) {
	boat := request(t, "a boat")
	stored := video.Entry{
		ID: "a", Request: boat, RequestHash: boat.Hash(), CreatedAt: began, Execution: "a", Started: true, Phase: video.PhaseAccepted, Attempt: 1,
		Manifest: &video.Manifest{ID: "a", Request: boat},
	}
	of := func(change func(*video.Entry)) video.Entry {
		entry, manifest := stored, *stored.Manifest
		entry.Manifest = &manifest
		change(&entry)
		return entry
	}
	for name, test := range map[string]struct {
		entry   video.Entry
		picture []byte
		reason  string // why it is refused; empty if it is stored
		fails   bool
	}{
		"a stored video":    {entry: stored, picture: []byte("RIFF")},
		"its second poster": {entry: of(func(e *video.Entry) { e.Manifest.Poster = true }), picture: []byte("RIFF")},
		"a video that is made": {
			entry: of(func(e *video.Entry) { e.Manifest = nil }), picture: []byte("RIFF"), reason: "it is generating, and only a stored video has one",
		},
		"a discarded video": {
			entry: of(func(e *video.Entry) { e.End(&video.Discarded{}, began); e.Manifest = nil }), picture: []byte("RIFF"), reason: "it is discarded",
		},
		"a forgotten job":       {entry: of(func(e *video.Entry) { e.Forget(began) }), picture: []byte("RIFF"), reason: "it was forgotten"},
		"a bucket that refuses": {entry: stored, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			l, s := ledger{"a": test.entry}, manifests{"a": {ID: "a", Request: boat}}
			got, err := service(t, l, s, &machine{}).PutPoster(t.Context(), "a", test.picture)
			var no *jobs.NoPoster
			switch {
			case test.fails:
				if unavailable := (*video.ServiceUnavailable)(nil); !errors.As(err, &unavailable) || l["a"].Manifest.Poster {
					t.Errorf("got %v", err)
				}
			case test.reason != "":
				if !errors.As(err, &no) || !strings.Contains(err.Error(), test.reason) || s["a"].Poster {
					t.Errorf("got %v, the bucket has %v", err, s["a"].Poster)
				}
			case err != nil || !got.Manifest.Poster || !l["a"].Manifest.Poster || stored.Manifest.Poster:
				t.Errorf("got %+v, %v", got.Manifest, err)
			}
		})
	}
	var absent *video.NoEntry
	if _, err := service(t, ledger{}, manifests{}, &machine{}).PutPoster(t.Context(), "b", []byte("RIFF")); !errors.As(err, &absent) {
		t.Errorf("got %v", err)
	}
}

// forgetting are manifests before whose poster is written the job is forgotten.
type forgetting struct {
	manifests
	forget func()
}

func (f forgetting) PutPoster(ctx context.Context, job video.Locator, webp []byte) error {
	f.forget()
	return f.manifests.PutPoster(ctx, job, webp)
}

// A job that is discarded or forgotten while its poster is being stored has none afterwards.
func TestPosterOfAJobThatIsForgotten(t *testing.T) {
	boat := request(t, "a boat")
	entry := video.Entry{
		ID: "a", Request: boat, RequestHash: boat.Hash(), CreatedAt: began, Execution: "a", Started: true, Phase: video.PhaseAccepted, Attempt: 1,
		Manifest: &video.Manifest{ID: "a", Request: boat},
	}
	l, s := ledger{"a": entry}, manifests{"a": {ID: "a", Request: boat}}
	var other *jobs.Service
	forgets := forgetting{s, func() {
		if _, err := other.Forget(t.Context(), "a"); err != nil {
			t.Error(err)
		}
	}}
	other = service(t, l, s, &machine{})
	var no *jobs.NoPoster
	if _, err := jobs.New(l, forgets, executions(t, &machine{}), now).PutPoster(t.Context(), "a", []byte("RIFF")); !errors.As(err, &no) || s["a"].Poster {
		t.Errorf("got %v, the bucket has %v", err, s["a"].Poster)
	}
}
