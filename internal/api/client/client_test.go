package client_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/apitest"
	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

// clock has a sleep that returns at once and records how long it should have taken.
type clock struct{ slept []time.Duration }

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.slept = append(c.slept, d)
	return context.Cause(ctx)
}

func start(t *testing.T) (*apitest.Server, *client.Client, *clock) {
	t.Helper()
	f, c := apitest.New(t, "../../../docs/openapi.yaml"), &clock{}
	return f, client.New(client.Config{BaseURL: f.URL, Token: apitest.Token, HTTP: &http.Client{}, Sleep: c.sleep}), c
}

func boat(t *testing.T) video.Request {
	t.Helper()
	request, err := catalogue.OfPrompt(all.Models(), "a paper boat")
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func TestCalls(t *testing.T) {
	f, c, _ := start(t)
	ctx, request := t.Context(), boat(t)
	id, err := c.Create(ctx, request, "a-key")
	if err != nil || id != "api-1" || f.Calls()[0].Key != "a-key" || f.Calls()[0].Body["prompt"] != "a paper boat" {
		t.Fatalf("created %q, %v with %+v", id, err, f.Calls())
	}
	if again, err := c.Create(ctx, request, "a-key"); err != nil || again != id {
		t.Errorf("created again: %q, %v", again, err)
	}
	var got api.Video
	for _, status := range []video.State{video.StateQueued, video.StateGenerating, video.StateCompleted} {
		if got, err = c.Video(ctx, id); err != nil || got.Status != status || got.Ended() != (status == video.StateCompleted) {
			t.Errorf("got %+v, %v, want it %s", got, err, status)
		}
	}
	if got.Manifest == nil || got.Cost.USD != 0.56 || got.Video.Bytes != 7 || got.Request.Prompt() != "a paper boat" {
		t.Errorf("the end is %+v", got)
	}
	f.Add("b", request, f.Without("b", request, video.StateFailed, "OutOfCredits", "top up", true))
	statuses, err := c.Statuses(ctx, []string{"b", "nobody", id})
	if err != nil || len(statuses) != 2 || statuses[0].ID != "b" || *statuses[0].Paid != video.PaidNo || !statuses[0].Redrivable || statuses[1].Status != video.StateCompleted || *statuses[1].Paid != video.PaidYes {
		t.Errorf("the statuses are %+v, %v", statuses, err)
	}
	page, err := c.List(ctx, api.ListQuery{Limit: 1})
	if err != nil || len(page.Videos) != 1 || page.Videos[0].ID != "b" || page.Next == nil {
		t.Fatalf("listed %+v, %v", page, err)
	}
	if page, err = c.List(ctx, api.ListQuery{Limit: 1, Cursor: *page.Next}); err != nil || page.Videos[0].ID != id || page.Next != nil {
		t.Errorf("listed %+v, %v", page, err)
	}
	if page, err = c.List(ctx, api.ListQuery{Status: video.StateFailed}); err != nil || len(page.Videos) != 1 || page.Videos[0].Error.Name != "OutOfCredits" {
		t.Errorf("listed by status %+v, %v", page, err)
	}
	if got, name, err := c.Redrive(ctx, "b"); err != nil || name != "b-r1" || got.Status != video.StateGenerating {
		t.Errorf("redriven: %+v, %q, %v", got, name, err)
	}
	if got, err := c.Delete(ctx, "b", true); err != nil || !got.Discard {
		t.Errorf("deleted: %+v, %v", got, err)
	}
	if models, err := c.Models(ctx); err != nil || models.Models[0].Price.Variants[0].USD != "0.196" {
		t.Errorf("models: %+v, %v", models, err)
	}
	if at, err := c.Clock(ctx); err != nil || at.IsZero() {
		t.Errorf("clock: %v, %v", at, err)
	}
}

func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		name    string
		faults  []http.HandlerFunc
		want    string
		invalid bool
		calls   int
	}{
		{
			name: "wrong fields", invalid: true, calls: 1, want: "(400): duration is 7; it takes 5 or 10\n  cfg_scale is 2",
			faults: []http.HandlerFunc{apitest.Answer(400, `{"message":["duration is 7; it takes 5 or 10","cfg_scale is 2"],"errors":[{"field":"duration","message":"is 7"}]}`)},
		},
		{name: "another body", invalid: true, calls: 1, want: "(422): another request", faults: []http.HandlerFunc{apitest.Answer(422, `{"message":"another request"}`)}},
		{name: "over a cap", calls: 1, want: "(403): the video may cost 12.50 USD", faults: []http.HandlerFunc{apitest.Answer(403, `{"message":"the video may cost 12.50 USD"}`)}},
		{name: "no error shape", calls: 1, want: "(403): Forbidden; is that the address of Takeup's API?", faults: []http.HandlerFunc{apitest.Answer(403, `<html>`)}},
		{name: "a redirect", calls: 1, want: "(302)", faults: []http.HandlerFunc{apitest.Answer(302, "", "Location: /elsewhere")}},
		{name: "no JSON", calls: client.Attempts, want: "its reply is not the JSON that it describes", faults: same(apitest.Answer(200, "hello"))},
		{name: "another id", calls: client.Attempts, want: "no usable id", faults: same(apitest.Answer(200, `{"id":"../../etc/passwd"}`))},
		{name: "a failure that stays", calls: client.Attempts, want: "(503): try again", faults: same(apitest.Answer(503, `{"message":"try again"}`))},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, c, _ := start(t)
			f.Fail(test.faults...)
			_, err := c.Create(t.Context(), boat(t), "a-key")
			var refused *client.Refused
			if err == nil || !strings.Contains(err.Error(), test.want) || errors.As(err, &refused) && refused.Invalid() != test.invalid {
				t.Errorf("got %v", err)
			}
			calls := f.Calls()
			if len(calls) != test.calls && test.name != "another id" {
				t.Errorf("it made %d calls, want %d", len(calls), test.calls)
			}
			for _, made := range calls {
				if made.Key != "a-key" {
					t.Error("an attempt has another Idempotency-Key: it would be paid again")
				}
			}
		})
	}
}

func same(with http.HandlerFunc) []http.HandlerFunc {
	return slices.Repeat([]http.HandlerFunc{with}, client.Attempts)
}

func TestRetry(t *testing.T) {
	f, c, clock := start(t)
	f.Fail(
		apitest.Answer(429, `{"message":"Too Many Requests"}`, "Retry-After: 7"),
		apitest.Answer(502, "x"),
	)
	if _, err := c.Models(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []time.Duration{7 * time.Second, 2 * time.Second}; !slices.Equal(clock.slept, want) {
		t.Errorf("it slept %v, want %v", clock.slept, want)
	}
}

func TestBadTokenAndID(t *testing.T) {
	f, _, clock := start(t)
	c := client.New(client.Config{BaseURL: f.URL, Token: "another", HTTP: &http.Client{}, Sleep: clock.sleep})
	var refused *client.Refused
	if _, err := c.Clock(t.Context()); !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
		t.Errorf("a wrong token: %v", err)
	}
	var invalid *video.InvalidRequest
	if _, err := c.Video(t.Context(), "a/../b"); !errors.As(err, &invalid) || len(f.Calls()) != 1 {
		t.Errorf("what is no id: %v, %+v", err, f.Calls())
	}
	f.Close()
	var silent *client.Unreachable
	if _, err := c.Clock(t.Context()); !errors.As(err, &silent) || !strings.Contains(err.Error(), f.URL) {
		t.Errorf("nobody there: %v", err)
	}
}
