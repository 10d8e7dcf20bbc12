package batch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/batch"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/video"
)

var update = flag.Bool("update", false, "write the golden files")

// prices are 0.196 USD a second, up to twice that for v3, and unknown for turbo.
type prices struct{}

func (prices) Price(_ context.Context, r video.Request) (price.Estimate, error) {
	usd := price.Micros(r.Duration()) * 196_000
	switch {
	case strings.Contains(r.Model(), "turbo"):
		return price.Estimate{}, nil
	case strings.Contains(r.Model(), "v3"):
		return price.Estimate{Basis: price.ByList, Least: usd, Most: 2 * usd}, nil
	}
	return price.Estimate{Basis: price.ByList, Least: usd, Most: usd}, nil
}

// times are 16 s per second of video, and unknown for turbo.
type times struct{}

func (times) Usual(_ context.Context, model string, duration int) (time.Duration, bool) {
	return 16 * time.Duration(duration) * time.Second, !strings.Contains(model, "turbo")
}

// planned plans a file, and formats the plan as text.
func planned(t *testing.T, name string, from io.Reader, jobs batch.Jobs) (string, batch.Plan) {
	t.Helper()
	format, err := batchfile.FormatOf(name)
	if strings.HasSuffix(name, ".txt") {
		format, err = batchfile.Text, nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	planner := batch.Planner{Jobs: jobs, Each: func(p batch.Planned) {
		request, err := json.Marshal(p.Request)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "line %d, row %d, %d of %s\n", p.Number, p.Row, p.Copies, clip(string(request)))
		for i, id := range p.IDs {
			fmt.Fprintf(&b, "    %s %s %s\n", p.What[i], id[:14], batchfile.FileName(p.Number, i+1, p.Copies, p.Label))
		}
	}}
	plan, err := planner.Make(t.Context(), batchfile.Lines(from, batchfile.Options{Format: format}), batch.NewIDs(batch.NameOf(name), ""), prices{}, times{})
	if err != nil {
		for _, wrong := range plan.Named {
			fmt.Fprintf(&b, "wrong: %s\n", clip(wrong.Error()))
		}
		fmt.Fprintf(&b, "unusable: %s\n", err)
		var unusable *batchfile.Unusable
		if !errors.As(err, &unusable) {
			t.Error(err)
		}
		return b.String(), plan
	}
	for _, wrong := range plan.Named {
		fmt.Fprintf(&b, "wrong: %s\n", clip(wrong.Error()))
	}
	fmt.Fprintf(&b, "%d right, %d wrong, quotes wrong: %v\n", plan.Lines, plan.Wrong, plan.Quotes)
	for _, share := range append(slices.Clone(plan.Models), plan.Total) {
		fmt.Fprintf(&b, "%s: %d for %s to %s, %d unpriced\n", share.Model, share.Videos, share.Least, share.Most, share.Unpriced)
	}
	fmt.Fprintf(&b, "%s one by one, %s all at once, %d unknown\n", plan.Takes(1), plan.Takes(1000), plan.TimesUnknown)
	return b.String(), plan
}

func clip(s string) string {
	if len(s) > 600 {
		return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(s[:300], ""), len(s))
	}
	return s
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s\n(go test ./internal/batch -update writes it)", got, want)
	}
}

// TestCorpus plans files as programs and people write them.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob("testdata/corpus/*")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 60 {
		t.Errorf("there are %d files", len(files))
	}
	for _, path := range files {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := planned(t, name, bytes.NewReader(content), nil)
			golden(t, filepath.Join("testdata", "plans", name+".golden"), got)
			if slow, _ := planned(t, name, &trickle{content}, nil); slow != got {
				t.Errorf("byte by byte it is\n%s", slow)
			}
		})
	}
}

// trickle reads one byte at a time.
type trickle struct{ rest []byte }

func (r *trickle) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:1], r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// repeated reads a text again and again.
type repeated struct{ text, rest string }

func (r *repeated) Read(p []byte) (int, error) {
	if r.rest == "" {
		r.rest = r.text
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// large returns a file of the maximum size.
func large(before, text string) io.Reader {
	text = strings.Repeat(text, 64<<10/len(text))
	return io.MultiReader(strings.NewReader(before), io.LimitReader(&repeated{text: text}, batchfile.MaxBytes-int64(len(before))))
}

// TestLargeFiles plans files that are too large to keep in memory, and checks how much
// memory that takes.
func TestLargeFiles(t *testing.T) {
	const header = "prompt,duration\n"
	for name, from := range map[string]func() io.Reader{
		"one-line.csv":           func() io.Reader { return large(header, "x") },
		"one-line.jsonl":         func() io.Reader { return large(`{"prompt":"`, "x") },
		"one-line.txt":           func() io.Reader { return large("", "x") },
		"one-text-in-quotes.csv": func() io.Reader { return large(header+`"`, "x\n") },
		"one-line-of-quotes.csv": func() io.Reader { return large(header, `"`) },
		"columns-in-header.csv":  func() io.Reader { return strings.NewReader(strings.Repeat("x,", 1_000_000) + "\na boat\n") },
		"columns-in-a-line.csv":  func() io.Reader { return strings.NewReader(header + strings.Repeat("x,", 1_000_000) + "\na boat,5\n") },
		"empty-columns.csv":      func() io.Reader { return strings.NewReader(header + "a boat,5" + strings.Repeat(",", 50_000) + "\n") },
		"blank-lines.jsonl":      func() io.Reader { return io.LimitReader(large("", "\r\n"), 4<<20) },
		"nested.jsonl":           func() io.Reader { return large("", "[") },
		"too-many-lines.csv":     func() io.Reader { return large(header, "a boat,5\n") },
		"too-many-wrong.jsonl":   func() io.Reader { return large("", "{}\n") },
		"larger-than-64-MiB.csv": func() io.Reader { return io.MultiReader(large(header, "x"), strings.NewReader("\na boat,5\n")) },
		"long-request.csv": func() io.Reader {
			return strings.NewReader("prompt\n" + strings.Repeat("ü", 40_000) + "\n" + strings.Repeat("x", 60_000) + "\na boat\n")
		},
		"long-request.jsonl": func() io.Reader {
			return strings.NewReader(`{"prompt":"` + strings.Repeat(`\u00fc`, 20_000) + "\"}\n" + `{"prompt":"` + strings.Repeat("x", 70_000) + "\"}\n{\"prompt\":\"a boat\"}\n")
		},
		"long-line.csv": func() io.Reader { return strings.NewReader(header + strings.Repeat("x", 200_000) + ",5\na boat,5\n") },
		"far-windows-1252.csv": func() io.Reader {
			return strings.NewReader("prompt\n" + strings.Repeat("a boat\n", 9_998) + "Stra\xdfe\n")
		},
		"quote-open-for-long.csv": func() io.Reader {
			return strings.NewReader(header + "\"a dog,10\n" + strings.Repeat("a cat,5\n", 20_000))
		},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			got, plan := planned(t, name, from(), nil)
			if runtime.ReadMemStats(&after); after.Sys > before.Sys+(48<<20) {
				t.Errorf("it took %d MiB more of the system", (after.Sys-before.Sys)>>20)
			}
			if len(got) > 4000 {
				got = fmt.Sprintf("%s…\n%d right, %d wrong\n", got[:1000], plan.Lines, plan.Wrong)
			}
			golden(t, filepath.Join("testdata", "plans", "large-"+name+".golden"), got)
		})
	}
}
