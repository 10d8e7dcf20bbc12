package toy_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/provider/toy"
	"github.com/takeup/takeup/internal/video"
)

// script answers each message with its next line; an empty line is a lost answer.
type script struct {
	lines []string
	sent  []string
}

func (s *script) Exchange(_ context.Context, message string) (string, error) {
	line := s.lines[len(s.sent)]
	s.sent = append(s.sent, message)
	switch line {
	case "":
		return "", errors.New("lost")
	case "closed":
		return "", toy.ErrClosed
	}
	return line, nil
}

func TestSubmit(t *testing.T) {
	request, err := catalogue.OfPrompt(all.Models(), "a paper boat")
	if err != nil {
		t.Fatal(err)
	}
	for lines, want := range map[string]string{
		"ticket 7 rolling":                "toy-7",
		"|ticket 7 rolling":               "toy-7",
		"ticket seven|ticket 7 rolling":   "toy-7",
		"no LATER come back":              "busy",
		"no WHAT is this":                 "invalid",
		"no WHO are you":                  "key",
		"no PAY first":                    "funds",
		"closed":                          "unreachable",
		"|":                               "unanswered",
		"|no LATER come back":             "unanswered",
		"|closed":                         "unanswered",
		"no SUCH word|no WHAT is this":    "unanswered",
		"ticket 7 premiere u x|no PAY us": "unanswered",
	} {
		s := &script{lines: strings.Split(lines, "|")}
		generation, err := toy.New(s).Submit(t.Context(), video.Key{Value: "secret"}, "job-1.1", request)
		got := generation.ID
		var refusal *provider.Refusal
		var unanswered *provider.Unanswered
		switch {
		case errors.As(err, &unanswered):
			got = "unanswered"
		case errors.As(err, &refusal):
			got = string(refusal.Kind)
		}
		if got != want || len(s.sent) != len(s.lines) || len(slices.Compact(slices.Clone(s.sent))) != 1 {
			t.Errorf("%q: %s, after %q", lines, got, s.sent)
		}
		form, err := url.ParseQuery(s.sent[0])
		if err != nil || form.Get("ref") != "job-1.1" || form.Get("film") != "a paper boat" || form.Get("length") != "5" || form.Get("pass") != "secret" {
			t.Errorf("it sent %q, %v", s.sent[0], err)
		}
	}
}

func TestRetrieve(t *testing.T) {
	for line, want := range map[string]provider.Generation{
		"ticket 7 rolling":                         {State: provider.Running, Word: "rolling"},
		"ticket 7 premiere https://c.example/7 98": {State: provider.Finished, Word: "premiere", URL: "https://c.example/7", Micros: 980_000},
		"ticket 7 scrapped for the boats":          {State: provider.Failed, Word: "scrapped", Failure: "for the boats"},
	} {
		want.ID, want.Handle = "toy-7", "7"
		if got, err := toy.New(&script{lines: []string{line}}).Retrieve(t.Context(), video.Key{}, "7"); err != nil || got != want {
			t.Errorf("%q: %+v, %v", line, got, err)
		}
	}
}
