package ledger_test

import (
	"testing"
	"time"

	"github.com/takeup/takeup/internal/ledger"
	"github.com/takeup/takeup/internal/s3fake"
	"github.com/takeup/takeup/internal/video"
)

func content(job string) video.Content {
	return video.Content{Job: job, Key: "a b.txt", Copied: true, At: time.Date(2026, 8, 21, 10, 0, 0, 0, time.UTC), Origin: "b.txt"}
}

func TestContentsLetOneWriterThrough(t *testing.T) {
	fake := s3fake.New(t)
	c, ctx := ledger.NewContents(fake.Client(), bucket), t.Context()
	if known, version, err := c.Content(ctx, "sum"); known != (video.Content{}) || version != "" || err != nil {
		t.Fatalf("before there is one: %+v, %q, %v", known, version, err)
	}
	if err := c.PutContent(ctx, "sum", content("a"), ""); err != nil {
		t.Fatal(err)
	}
	wantConflict(t, c.PutContent(ctx, "sum", content("b"), ""))
	known, version, err := c.Content(ctx, "sum")
	if known != content("a") || version == "" || err != nil {
		t.Fatalf("read %+v, %q, %v", known, version, err)
	}
	if err := c.PutContent(ctx, "sum", content("c"), version); err != nil {
		t.Fatal(err)
	}
	wantConflict(t, c.PutContent(ctx, "sum", content("d"), version))
	wantConflict(t, c.PutContent(ctx, "another", content("d"), version))
	if known, _, err := c.Content(ctx, "sum"); known.Job != "c" || err != nil {
		t.Errorf("read %+v, %v", known, err)
	}
	if object, ok := fake.Object(bucket, "contents/sum.json"); !ok || object.ContentType != "application/json" {
		t.Errorf("there is %v, %+v", ok, object)
	}
}

// A write whose answer was lost is a conflict after the SDK's second try, and is
// there: who reads again finds its own.
func TestContentsLoseAnswers(t *testing.T) {
	for name, fault := range map[string]s3fake.Fault{
		"cut": {After: true, Cut: true}, "500": {After: true, Status: 500, Code: "InternalError"},
	} {
		fake := s3fake.New(t)
		c := ledger.NewContents(fake.Client(), bucket)
		fake.Fail(lost(1, fault))
		wantConflict(t, c.PutContent(t.Context(), "sum", content("a"), ""))
		if known, _, err := c.Content(t.Context(), "sum"); known.Job != "a" || err != nil {
			t.Errorf("%s: read %+v, %v", name, known, err)
		}
	}
}

func TestContentsUnavailable(t *testing.T) {
	fake := s3fake.New(t)
	c := ledger.NewContents(fake.Client(), bucket)
	fake.Put(bucket, "contents/garbled.json", []byte("{"))
	fake.Put(bucket, "contents/empty.json", []byte("{}"))
	for _, sum := range []string{"garbled", "empty"} {
		_, _, err := c.Content(t.Context(), sum)
		wantUnavailable(t, err)
	}
	fake.Fail(func(s3fake.Call) s3fake.Fault { return s3fake.Fault{Status: 503, Code: "SlowDown"} })
	_, _, err := c.Content(t.Context(), "sum")
	wantUnavailable(t, err)
	wantUnavailable(t, c.PutContent(t.Context(), "sum", content("a"), ""))
}
