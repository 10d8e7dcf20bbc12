package table_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// A job and its request are forgotten together, by one writer, which recognizes its own write by
// its mark. No writer that read the job before restores a text.
func TestForget(t *testing.T) {
	for name, fault := range map[string]dynamotest.Fault{
		"undisturbed":       {},
		"the answer lost":   {After: true, Cut: true},
		"a 500 after it":    {After: true, Status: 500, Code: "InternalServerError"},
		"another under way": {Status: 400, Code: "TransactionCanceledException"},
	} {
		t.Run(name, func(t *testing.T) {
			fake, at := dynamotest.New(t), time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
			jobs := open(fake)
			created := entry(t, "job")
			request, err := catalogue.Parse(all.Models(), []byte(`{"prompt":"a boat in a storm","metadata":{"project":"boats"}}`))
			if err != nil {
				t.Fatal(err)
			}
			created.Request, created.RequestHash = request, request.Hash()
			read, _, err := jobs.Create(t.Context(), created)
			if err != nil {
				t.Fatal(err)
			}
			words := report.Progress{Step: report.StepSubmit, Events: []report.Event{{At: at, Kind: report.EventRefused, Number: 1, Said: read.Request.Prompt()}}}
			if err := jobs.PutProgress(t.Context(), "job", words); err != nil {
				t.Fatal(err)
			}
			read, version, err := jobs.Get(t.Context(), "job")
			if err != nil {
				t.Fatal(err)
			}
			fake.Fail(func(call dynamotest.Call) dynamotest.Fault {
				if call.Op == "TransactWriteItems" && call.Count == 2 {
					return fault
				}
				return dynamotest.Fault{}
			})
			written, next, err := jobs.Forget(t.Context(), read, version, at)
			if err != nil || !written.ForgottenAt.Equal(at) {
				t.Fatalf("wrote %+v, %v", written, err)
			}
			var conflict *video.Conflict
			if _, _, err := jobs.Update(t.Context(), read, version); !errors.As(err, &conflict) {
				t.Errorf("who read it before has written it: %v", err)
			}
			if _, _, err := jobs.Forget(t.Context(), read, version, at); !errors.As(err, &conflict) {
				t.Errorf("forgotten twice: %v", err)
			}
			late := written
			late.Refusal = &video.Refused{Kind: "busy", Said: read.Request.Prompt()}
			late.End(&video.GenerationFailed{GenerationID: "g", Said: read.Request.Prompt()}, at)
			if _, _, err := jobs.Update(t.Context(), late, next); err != nil {
				t.Fatal(err)
			}
			for _, step := range report.Steps() { // steps that end later
				words.Step = step
				if err := jobs.PutProgress(t.Context(), "job", words); err != nil {
					t.Fatal(err)
				}
			}
			for _, item := range fake.All() {
				var plain map[string]any
				if err := attributevalue.UnmarshalMap(item, &plain); err != nil {
					t.Fatal(err)
				}
				if text := fmt.Sprint(plain); strings.Contains(text, read.Request.Prompt()) || strings.Contains(text, "boats") || plain["pairs"] != nil {
					t.Errorf("there is %s", text)
				}
			}
			got, _, err := jobs.Get(t.Context(), "job")
			if err != nil || got.RequestHash != read.RequestHash || got.Request.Model() != read.Request.Model() || got.Outcome == nil || !got.Told(report.StepSubmit).Has(report.EventRefused, 1) {
				t.Errorf("read %+v, %v", got, err)
			}
		})
	}
}
