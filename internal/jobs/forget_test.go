package jobs_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/video"
)

func TestForget(t *testing.T) {
	boat, job := request(t, "a boat"), video.Locator{ID: "a", CreatedAt: began}
	of := func(change func(*video.Entry)) *video.Entry {
		entry := video.Entry{ID: "a", Request: boat, RequestHash: boat.Hash(), CreatedAt: began, Execution: "a", Started: true, Origin: video.Origin{Trigger: video.TriggerAPI}}
		change(&entry)
		return &entry
	}
	for name, test := range map[string]struct {
		entry  *video.Entry
		reason string        // why it is refused; empty if it is forgotten
		after  time.Duration // when to ask again
		stays  []string
	}{
		"queued":         {entry: of(func(*video.Entry) {}), reason: "it is queued; wait until it has ended, or cancel it"},
		"generating":     {entry: of(func(e *video.Entry) { e.Phase = video.PhaseAccepted }), reason: "it is generating"},
		"being redriven": {entry: of(func(e *video.Entry) { e.End(&video.OutOfCredits{}, began); *e = e.Next() }), reason: "it is queued"},
		"being removed": {
			entry: of(func(e *video.Entry) {
				e.Phase, e.Manifest, e.DiscardedAt = video.PhaseAccepted, &video.Manifest{}, began
			}),
			reason: "its video is just being removed; discard it again",
		},
		"posted at this moment": {
			entry: of(func(e *video.Entry) {
				e.Phase, e.Attempt, e.ClaimedUntil = video.PhaseClaimed, 1, began.Add(time.Minute)
				e.End(&video.Interrupted{Execution: "a"}, began)
			}),
			reason: "that may go on for a moment", after: time.Minute,
		},
		"cancelled": {entry: of(func(e *video.Entry) { e.End(&video.Cancelled{}, began) }), stays: []string{"Step Functions, execution a", "its backups"}},
		"stored": {
			entry: of(func(e *video.Entry) {
				e.Phase, e.Attempt, e.Manifest = video.PhaseAccepted, 1, &video.Manifest{ID: "a", Request: boat}
			}),
			stays: []string{"Step Functions, execution a", "its backups", objectkey.Video(job), objectkey.Manifest(job), "the provider, request a.1"},
		},
		"a prompt file": {
			entry: of(func(e *video.Entry) {
				e.End(&video.Cancelled{}, began)
				e.Origin = video.Origin{Trigger: video.TriggerFile, Bucket: "prompts", Key: "boat.txt"}
			}),
			stays: []string{"Step Functions, execution a", "s3://prompts/boat.txt", "its backups"},
		},
		"a refused prompt file": {
			entry: of(func(e *video.Entry) {
				e.Request, e.RequestHash, e.Origin = video.Request{}, "", video.Origin{Trigger: video.TriggerFile, Bucket: "prompts", Key: "boat.txt"}
				e.End(&video.InvalidRequest{}, began)
			}),
			stays: []string{"s3://prompts/boat.txt", "rejected/boat.txt.json", "its backups"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			l, s := ledger{"a": *test.entry}, manifests{"a": {ID: "a", Request: boat, Poster: true}}
			service := service(t, l, s, &machine{executions: map[string]*sfn.DescribeExecutionOutput{}})
			got, err := service.Forget(t.Context(), "a")
			var not *jobs.NotForgotten
			if test.reason != "" {
				if !errors.As(err, &not) || !strings.Contains(not.Error(), test.reason) || not.RetryAfter != test.after {
					t.Fatalf("got %v", err)
				}
				if l["a"].Request.Prompt() == "" && test.entry.RequestHash != "" || s["a"].Request.Prompt() == "" {
					t.Error("it was refused, and the prompt is gone")
				}
				return
			}
			again, errAgain := service.Forget(t.Context(), "a")
			if err != nil || errAgain != nil || !got.ForgottenAt.Equal(began) || !again.ForgottenAt.Equal(began) || len(got.Stays) != len(test.stays) || len(again.Stays) != len(test.stays) {
				t.Fatalf("got %+v, %v; and then %+v, %v", got, err, again, errAgain)
			}
			for i, where := range test.stays {
				if !strings.Contains(got.Stays[i].Where, where) || got.Stays[i].What == "" {
					t.Errorf("it stays in %+v, want %s", got.Stays[i], where)
				}
			}
			if test.entry.Manifest != nil && s["a"].Poster {
				t.Error("the poster stays")
			}
			if l["a"].Request.Prompt() != "" || s["a"].Request.Prompt() != "" || l["a"].RequestHash != test.entry.RequestHash {
				t.Errorf("left %+v, %+v", l["a"], s["a"])
			}
			var gone *jobs.NotRedriven
			if _, err := service.Redrive(t.Context(), "a"); !errors.As(err, &gone) || !strings.Contains(gone.Reason, "it was forgotten") {
				t.Errorf("redriven: %v", err)
			}
			if test.entry.RequestHash == "" {
				return
			}
			receipt, err := service.Start(t.Context(), "a", boat, video.Origin{Trigger: video.TriggerAPI})
			if err != nil || !receipt.Known || receipt.ForgottenAt.IsZero() {
				t.Errorf("the same request again: %+v, %v", receipt, err)
			}
			var other *jobs.Mismatch
			if _, err := service.Start(t.Context(), "a", request(t, "another boat"), video.Origin{Trigger: video.TriggerAPI}); !errors.As(err, &other) {
				t.Errorf("another request: %v", err)
			}
		})
	}
	var none *video.NoEntry
	if _, err := service(t, ledger{}, manifests{}, &machine{}).Forget(t.Context(), "a"); !errors.As(err, &none) {
		t.Errorf("got %v", err)
	}
}
