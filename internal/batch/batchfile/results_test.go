package batchfile_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/batch/batchfile"
)

func results() []batchfile.Result {
	return []batchfile.Result{
		{Line: 2, Label: "Boat", ID: "batch-a", Status: "completed", Seconds: new(5.04), Bytes: new(int64(7_670_000)), USD: new(json.Number("0.98")), S3: "s3://videos/videos/batch-a/video.mp4"},
		{Line: 3, Label: "=cmd|' /C calc'!A0", ID: "batch-b", Status: "error", Reason: "+1 is \"odd\", he said", ToDo: "-redrive; =1+1"},
		{Line: 4, Label: "\t=1+1", ID: "batch-c", Status: "error", Reason: "\r@SUM(A1)\nand more", ToDo: "＝1+1"},
		{Line: 5, Label: "Größe 🚣, at sea; -5 °C", ID: "batch-d", Status: "error", Reason: "a = b", Seconds: new(1e7), USD: new(json.Number("0.000001"))},
	}
}

func written(t *testing.T, w batchfile.ResultWriter, all []batchfile.Result) {
	t.Helper()
	for _, r := range all {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
}

func TestResultsCSV(t *testing.T) {
	var b strings.Builder
	w, err := batchfile.NewResultsCSV(&b)
	if err != nil {
		t.Fatal(err)
	}
	written(t, w, results())
	const want = "\ufeffline,label,id,status,reason,to_do,seconds,bytes,usd,s3\n" +
		"2,Boat,batch-a,completed,,,5.04,7670000,0.98,s3://videos/videos/batch-a/video.mp4\n" +
		"3,'=cmd|' /C calc'!A0,batch-b,error,\"'+1 is \"\"odd\"\", he said\",'-redrive; '=1+1,,,,\n" +
		"4,\" '=1+1\",batch-c,error,\" '@SUM(A1) and more\",'＝1+1,,,,\n" +
		"5,\"Größe 🚣, at sea; '-5 °C\",batch-d,error,a = b,,10000000,,0.000001,\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}
	failed := errors.New("the disk is full")
	if _, err := batchfile.NewResultsCSV(full{failed}); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
}

// full takes nothing.
type full struct{ err error }

func (f full) Write([]byte) (int, error) { return 0, f.err }

func TestResultsJSONL(t *testing.T) {
	var b strings.Builder
	written(t, batchfile.NewResultsJSONL(&b), results())
	var got []batchfile.Result
	for line := range strings.Lines(b.String()) {
		var r batchfile.Result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	if !reflect.DeepEqual(got, results()) {
		t.Errorf("got %s", &b)
	}
	const want = `{"line":3,"label":"=cmd|' /C calc'!A0","id":"batch-b","status":"error","reason":"+1 is \"odd\", he said","to_do":"-redrive; =1+1","seconds":null,"bytes":null,"usd":null,"s3":""}`
	if !strings.Contains(b.String(), want+"\n") {
		t.Errorf("got\n%s", &b)
	}
}

// Whatever the texts are, a cell begins with no character that makes it a formula, in a
// spreadsheet that splits at commas and in one that splits at semicolons.
func FuzzResultsCSV(f *testing.F) {
	for _, seed := range []string{"=1", "+1", "-1", "@a", "\t=1", "\r=1", "a;=1", "a;\n=1", " =1", "\"=1", "\u202e=1", "\ufeff=1", "\u00a0=1", "\xff=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var b strings.Builder
		w, err := batchfile.NewResultsCSV(&b)
		if err != nil {
			t.Fatal(err)
		}
		written(t, w, []batchfile.Result{{Line: 2, Label: text, ID: "a", Status: "error", Reason: text}})
		records, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.String(), "\ufeff"))).ReadAll()
		if err != nil || len(records) != 2 || len(records[1]) != 10 {
			t.Fatalf("%q: %v, %v", text, records, err)
		}
		for _, cell := range records[1] {
			for part := range strings.SplitSeq(cell, ";") {
				if strings.ContainsAny(cell, "\t\r\n") || len(strings.TrimSpace(part)) > 0 && strings.ContainsRune("=+-@＝＋－＠", []rune(strings.TrimSpace(part))[0]) {
					t.Errorf("%q is written as %q", text, cell)
				}
			}
		}
	})
}
