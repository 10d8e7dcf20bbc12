package jobs_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// The history keeps an interruption after a redrive has reverted it.
func TestHistoryKeepsAnInterruption(t *testing.T) {
	boat := request(t, "a boat")
	for _, phase := range []video.Phase{"", video.PhaseAccepted} {
		e := video.Entry{ID: "a", Request: boat, RequestHash: boat.Hash(), CreatedAt: began, Execution: "a", Started: true, Phase: phase}
		e.End(&video.Interrupted{Execution: "a", Said: "it was stopped", Paid: video.PaidNo}, ended)
		l, m := ledger{"a": e}, &machine{executions: map[string]*sfn.DescribeExecutionOutput{"a": execution(types.ExecutionStatusAborted, `{"prompt":"a boat"}`)}}
		s := service(t, l, manifests{}, m)
		if _, err := s.Redrive(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		view, err := s.Status(t.Context(), "a")
		if err != nil || view.State.Ended() || len(view.History) < 2 || view.History[len(view.History)-1].Kind != report.EventEnded || !view.History[len(view.History)-1].At.Equal(ended) {
			t.Errorf("%q: got %+v, %v", phase, view.History, err)
		}
	}
}
