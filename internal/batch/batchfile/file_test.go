package batchfile_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
)

// readAll reads a file to its end. It returns the lines, the wrong lines and the error that
// ended it.
func readAll(from io.Reader, o batchfile.Options) (lines []batchfile.Line, wrong []*batchfile.Wrong, end error) {
	for line, err := range batchfile.Lines(from, o) {
		var bad *batchfile.Wrong
		switch {
		case errors.As(err, &bad):
			wrong = append(wrong, bad)
		case err != nil:
			end = err
		default:
			lines = append(lines, line)
		}
	}
	return lines, wrong, end
}

func TestFormatOf(t *testing.T) {
	for name, want := range map[string]batchfile.Format{
		"a.csv": batchfile.CSV, "a.b/C.CSV": batchfile.CSV, "a.tsv": batchfile.CSV, "a.jsonl": batchfile.JSONL, "a.NDJSON": batchfile.JSONL,
	} {
		if got, err := batchfile.FormatOf(name); err != nil || got != want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	for name, says := range map[string]string{"a.xlsx": "as CSV", "a.numbers": "as CSV", "a.json": ".jsonl", "a.txt": "one prompt", "a": "no extension", "a.docx": "it takes"} {
		var unusable *batchfile.Unusable
		if _, err := batchfile.FormatOf(name); !errors.As(err, &unusable) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Fields of the whole file apply to lines that don't set them.
func TestFieldsOfTheWholeFile(t *testing.T) {
	fields := map[string]any{"duration": "10", "aspect_ratio": "1:1", "negative_prompt": "blur"}
	for format, content := range map[batchfile.Format]string{
		batchfile.CSV:   "prompt,duration,ratio\na,5,9:16\nb,,\n",
		batchfile.JSONL: `{"prompt":"a","duration":5,"ratio":"9:16"}` + "\n" + `{"prompt":"b","duration":null}`,
		batchfile.Text:  "b\n",
	} {
		lines, wrong, err := readAll(strings.NewReader(content), batchfile.Options{Format: format, Fields: fields})
		if err != nil || len(wrong) > 0 {
			t.Fatalf("%s: %v, %v", format, wrong, err)
		}
		var got []string
		for _, line := range lines {
			ratio, _ := line.Request.Value("aspect_ratio")
			negative, _ := line.Request.Value("negative_prompt")
			got = append(got, fmt.Sprint(line.Request.Prompt(), line.Request.Duration(), ratio, negative))
		}
		want := []string{"a59:16blur", "b101:1blur"}[2-len(lines):]
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", format, got, want)
		}
	}
	if len(fields) != 3 {
		t.Errorf("the fields became %v", fields)
	}
}

func TestLimitOfLines(t *testing.T) {
	const content = "prompt\na\n\nb\n\"\u200b\"\nd\n"
	for limit, want := range map[int]bool{3: false, 4: true, 0: true} {
		_, _, err := readAll(strings.NewReader(content), batchfile.Options{Format: batchfile.CSV, Lines: limit})
		if (err == nil) != want {
			t.Errorf("of at most %d lines: %v", limit, err)
		}
	}
}

// An error of the reader is returned as it is.
func TestReaderFails(t *testing.T) {
	failed := errors.New("the disk is gone")
	for _, format := range []batchfile.Format{batchfile.CSV, batchfile.JSONL, batchfile.Text} {
		begin := map[batchfile.Format]string{batchfile.CSV: "prompt\n", batchfile.JSONL: "", batchfile.Text: ""}[format]
		for _, content := range []string{"", begin, begin + strings.Repeat(`{"prompt":"a"}`+"\n", 5000), begin + strings.Repeat("x", 200_000)} {
			_, _, err := readAll(io.MultiReader(strings.NewReader(content), iotest.ErrReader(failed)), batchfile.Options{Format: format})
			if !errors.Is(err, failed) {
				t.Errorf("%s after %d bytes: got %v", format, len(content), err)
			}
		}
	}
}

// Pairs of metadata for the whole file are added to those of a line, whose own win.
func TestMetadataOfAFile(t *testing.T) {
	options := batchfile.Options{Format: batchfile.CSV, Fields: map[string]any{"metadata": map[string]any{"project": "boats", "scene": "none"}}}
	lines, wrong, err := readAll(strings.NewReader("prompt,metadata.scene\na,7\nb,\n"), options)
	if err != nil || len(wrong) > 0 || len(lines) != 2 {
		t.Fatalf("got %v, %v, %v", lines, wrong, err)
	}
	for i, want := range []map[string]string{{"project": "boats", "scene": "7"}, {"project": "boats", "scene": "none"}} {
		if got := lines[i].Request.Metadata(); !maps.Equal(got, want) {
			t.Errorf("line %d has %v, want %v", lines[i].Number, got, want)
		}
	}
}

// The iteration can be stopped early.
func TestLinesStop(t *testing.T) {
	var seen []bool
	for _, err := range batchfile.Lines(strings.NewReader("a\n\u200b\nc\n"), batchfile.Options{Format: batchfile.Text}) {
		if seen = append(seen, err == nil); len(seen) == 2 {
			break
		}
	}
	if !reflect.DeepEqual(seen, []bool{true, false}) {
		t.Errorf("saw %v", seen)
	}
}

// Only the first wrong lines are described, but all are counted.
func TestManyWrongLines(t *testing.T) {
	_, wrong, err := readAll(strings.NewReader(strings.Repeat("{}\n", 1500)), batchfile.Options{Format: batchfile.JSONL})
	if err != nil || len(wrong) != 1500 || len(wrong[batchfile.MaxNamed-1].Fields) == 0 || len(wrong[batchfile.MaxNamed].Fields) != 0 {
		t.Errorf("got %d, %v", len(wrong), err)
	}
	_, wrong, err = readAll(strings.NewReader(`{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"prompt":"x"}`), batchfile.Options{Format: batchfile.JSONL})
	if err != nil || len(wrong) != 1 || len(wrong[0].Fields) != 6 || wrong[0].Fields[5].Message != "1 more fields are wrong" {
		t.Errorf("got %v, %v", wrong, err)
	}
}

func TestFileName(t *testing.T) {
	seen := map[string]bool{}
	for _, test := range []struct {
		line, copy, copies int
		label, want        string
	}{
		{7, 1, 1, "", "000007.mp4"},
		{7, 1, 2, "", "000007.1.mp4"},
		{8, 1, 1, "Boat", "000008-Boat.mp4"},
		{9, 1, 1, "boat", "000009-boat.mp4"},
		{10, 2, 3, "a boat: at sea", "000010.2-a-boat-at-sea.mp4"},
		{11, 1, 1, "CON", "000011-CON.mp4"},
		{12, 1, 1, "../../etc/passwd", "000012-etc-passwd.mp4"},
		{13, 1, 1, `C:\x`, "000013-C-x.mp4"},
		{14, 1, 1, "...", "000014.mp4"},
		{15, 1, 1, "end. ", "000015-end.mp4"},
		{16, 1, 1, "日本 🚣 Größe", "000016-日本-🚣-Größe.mp4"},
		{17, 1, 1, "\u202egnp.exe\x00\n", "000017-gnp.exe.mp4"},
		{18, 1, 1, "$(rm) `x` 'y' \"z\" a&b;c|d!e", "000018-rm-x-y-z-a-b-c-d-e.mp4"},
		{19, 1, 1, strings.Repeat("ü", 100), "000019-" + strings.Repeat("ü", 60) + ".mp4"},
		{1234567, 1, 1, "a", "1234567-a.mp4"},
	} {
		got := batchfile.FileName(test.line, test.copy, test.copies, test.label)
		if got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
		if seen[strings.ToLower(got)] {
			t.Errorf("%s is there twice where a is A", got)
		}
		seen[strings.ToLower(got)] = true
	}
}

func FuzzFileName(f *testing.F) {
	for _, seed := range []string{"boat", "../x", "NUL", "a\u202eb", "\xff", strings.Repeat("é", 200), ". .", "-rf"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, label string) {
		name := batchfile.FileName(7, 2, 3, label)
		rest, ok := strings.CutPrefix(name, "000007.2")
		stem, also := strings.CutSuffix(rest, ".mp4")
		if !ok || !also || len(name) > 160 || strings.ContainsAny(name, "/\\:*?\"<>|\x00\n ") || !utf8.ValidString(name) || strings.HasSuffix(stem, ".") {
			t.Errorf("%q is %q", label, name)
		}
	})
}

// Spaces before and after the quotes of a cell.
var (
	opening = regexp.MustCompile(`(^|,|\n)[ \t]+"`)
	closing = regexp.MustCompile(`"[ \t]+(,|\n|$)`)
)

// CSV is read as encoding/csv reads it, and no quote that encoding/csv accepts is reported.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{
		"a boat,5\n", "\"a, boat\",10\r\n", "\"a \"\"paper\"\" boat\"", "\"a\nb\",5\n\n", "a \"b\" c,5\n", "\"a\"b,5", "\"a\" \"b\",5", "\"a", " \"a\" ,5", "a\rb\r", "\ufeffa,5", "a\x00,5", "\"\",\n,,\n", "é,5\n\xff,5",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const header = "prompt,negative_prompt\n"
		lines, wrong, err := readAll(strings.NewReader(header+string(data)), batchfile.Options{Format: batchfile.CSV})
		var unusable *batchfile.Unusable
		if err != nil && !errors.As(err, &unusable) {
			t.Fatalf("got %v", err)
		}
		unix := strings.ReplaceAll(strings.ReplaceAll(string(data), "\r\n", "\n"), "\r", "\n")
		r := csv.NewReader(strings.NewReader(unix))
		r.FieldsPerRecord = -1
		records, csvErr := r.ReadAll()
		for _, w := range wrong {
			if w.Number < 2 || len(w.Fields) == 0 || !utf8.ValidString(w.Error()) || w.Quotes && csvErr == nil {
				t.Errorf("%q: wrong is %+v", data, w)
			}
		}
		again, _, _ := readAll(iotest.OneByteReader(strings.NewReader(header+string(data))), batchfile.Options{Format: batchfile.CSV})
		if !reflect.DeepEqual(again, lines) {
			t.Errorf("%q: byte by byte it is %v, not %v", data, again, lines)
		}
		if err != nil || len(wrong) > 0 {
			return
		}
		if csvErr != nil { // because of spaces around quotes, which it doesn't accept
			tight := closing.ReplaceAllString(opening.ReplaceAllString(unix, `$1"`), `"$1`)
			if _, err := csv.NewReader(strings.NewReader(tight)).ReadAll(); err != nil && !errors.Is(err, csv.ErrFieldCount) {
				t.Errorf("%q: encoding/csv says %v", data, err)
			}
			return
		}
		var got, want []string
		for _, line := range lines {
			negative, _ := line.Request.Value("negative_prompt")
			got = append(got, line.Request.Prompt()+"|"+fmt.Sprint(negative))
		}
		for _, record := range records {
			if strings.TrimSpace(strings.Join(record, "")) == "" {
				continue
			}
			negative := any(nil)
			if len(record) > 1 && strings.TrimSpace(record[1]) != "" {
				negative = strings.ReplaceAll(record[1], "\ufeff", "")
			}
			want = append(want, strings.ReplaceAll(record[0], "\ufeff", "")+"|"+fmt.Sprint(negative))
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %q, and encoding/csv %q", data, got, want)
		}
	})
}

// A JSONL line is parsed as a single request is.
func FuzzJSONL(f *testing.F) {
	for _, seed := range []string{
		`{"prompt":"a boat"}`, "\n{\"prompt\":\"a\u2028b\"}\r\n\r\n", `{"prompt":"a","n":2,"label":"x"}`, "[1]\nnull\n", "{\"prompt\":\"a\"}\n{", `{"prompt":"\ud83d"}`, `{"prompt":"a","n":1e9}`, `{"prompt":"a\r\nb"}`, "\ufeff{\"prompt\":\"a\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, wrong, err := readAll(bytes.NewReader(data), batchfile.Options{Format: batchfile.JSONL})
		var unusable *batchfile.Unusable
		if err != nil && !errors.As(err, &unusable) {
			t.Fatalf("got %v", err)
		}
		for _, w := range wrong {
			if w.Number < 1 || len(w.Fields) == 0 || !utf8.ValidString(w.Error()) {
				t.Errorf("%q: wrong is %+v", data, w)
			}
		}
		for _, line := range lines {
			if line.Copies < 1 || line.Copies > 20 || line.Number < 1 || len(line.Label) > 400 {
				t.Errorf("%q: a line is %+v", data, line)
			}
			kept, err := json.Marshal(line.Request)
			if err != nil {
				t.Fatal(err)
			}
			single, err := catalogue.Parse(all.Models(), kept)
			if err != nil || single.Hash() != line.Request.Hash() {
				t.Errorf("%q: %s is no request: %v", data, kept, err)
			}
		}
	})
}
