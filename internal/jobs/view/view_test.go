package view_test

import (
	"testing"
	"time"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

// The times of most tests.
var (
	began = time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	ended = began.Add(time.Minute)
)

func request(t *testing.T, prompt string) video.Request {
	t.Helper()
	r, err := catalogue.OfPrompt(all.Models(), prompt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
