package invoke

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

// stack fakes the source of events and the functions.
type stack struct {
	files   []types.ObjectVersion
	entries map[string]video.Entry
	stored  map[string]bool
	ran     []string
	checks  int // until the generation has completed
}

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func (s *stack) ListObjectVersions(context.Context, *s3.ListObjectVersionsInput, ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error) {
	return &s3.ListObjectVersionsOutput{Versions: s.files}, nil
}

func (s *stack) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	body, err := io.ReadAll(in.Body)
	s.upload(aws.ToString(in.Key), "v1", noon, int64(len(body)))
	return &s3.PutObjectOutput{}, err
}

func (s *stack) upload(key, version string, at time.Time, size int64) {
	s.files = append(s.files, types.ObjectVersion{Key: &key, VersionId: &version, LastModified: &at, Size: &size, ETag: aws.String(`"e"`)})
}

func (s *stack) Get(_ context.Context, id string) (video.Entry, string, error) {
	if entry, ok := s.entries[id]; ok {
		return entry, "v", nil
	}
	return video.Entry{}, "", &video.NoEntry{ID: id}
}

func (s *stack) Manifest(_ context.Context, job video.Locator) (video.Manifest, bool, error) {
	return video.Manifest{}, s.stored[job.ID], nil
}

// run answers as the functions do.
func (s *stack) run(_ context.Context, name string, event []byte) ([]byte, error) {
	var in struct {
		ID        string `json:"id"`
		Execution string `json:"execution"`
	}
	if err := json.Unmarshal(event, &in); err != nil {
		return nil, err
	}
	s.ran = append(s.ran, name+" "+in.Execution+in.ID)
	job := video.Job{ID: in.Execution + in.ID, GenerationID: "made", Status: video.Generating, WaitSeconds: 1}
	if name == "check" {
		if s.checks--; s.checks <= 0 {
			job.Status = video.Completed
		}
	}
	return json.Marshal(job)
}

func newStack() *stack { return &stack{entries: map[string]video.Entry{}, stored: map[string]bool{}} }

func (s *stack) filler(free bool) *Filler {
	f := &Filler{
		Samples: "../../../events", Region: "eu-west-1", Objects: s, Bucket: "prompts", Jobs: s, Manifests: s,
		Token: func(context.Context) (string, error) { return "the-token", nil },
		Now:   func() time.Time { return noon },
	}
	if free {
		f.Run = s.run
	}
	return f
}

func (s *stack) accepted(t *testing.T, id string) {
	t.Helper()
	request, err := catalogue.OfPrompt(all.Models(), "a boat")
	if err != nil {
		t.Fatal(err)
	}
	s.entries[id] = video.Entry{ID: id, Request: request, Phase: video.PhaseAccepted, GenerationID: "theirs", SubmittedAt: noon}
}

func TestAuthorizeAndPrompts(t *testing.T) {
	s := newStack()
	event, err := s.filler(false).Event(t.Context(), "authorize")
	if err != nil || !strings.Contains(string(event), `"authorizationToken":"Bearer the-token"`) {
		t.Errorf("authorize gets %s, %v", event, err)
	}
	var lacks *Lacking
	if _, err := s.filler(false).Event(t.Context(), "prompts"); !errors.As(err, &lacks) || len(s.files) > 0 {
		t.Errorf("without a file: %v, %v", err, s.files)
	}
	key := func(event []byte) string {
		var got struct {
			Records []struct {
				AWSRegion string `json:"awsRegion"`
				S3        struct {
					Bucket struct{ Name string }
					Object struct{ Key, VersionID string }
				}
			}
		}
		if err := json.Unmarshal(event, &got); err != nil || len(got.Records) != 1 {
			t.Fatalf("%v: %s", err, event)
		}
		r := got.Records[0]
		return fmt.Sprintln(r.AWSRegion, r.S3.Bucket.Name, r.S3.Object.Key, r.S3.Object.VersionID)
	}
	event, err = s.filler(true).Event(t.Context(), "prompts")
	if err != nil || key(event) != "eu-west-1 prompts evening/a+paper+boat.txt v1\n" {
		t.Errorf("where it costs nothing: %s, %v", event, err)
	}
	s.upload("später/ä&b.json", "v2", noon.Add(time.Hour), 9)
	s.upload("older.txt", "v3", noon.Add(-time.Hour), 9)
	event, err = s.filler(false).Event(t.Context(), "prompts")
	if err != nil || key(event) != "eu-west-1 prompts sp%C3%A4ter/%C3%A4%26b.json v2\n" {
		t.Errorf("the newest: %s, %v", event, err)
	}
}

func TestCheckAndStore(t *testing.T) {
	const sample = "a-paper-boat"
	for _, test := range []struct {
		name, function, job string
		free                bool
		set                 func(*stack)
		want                string // the event's id, generation and status, or what is missing
		ran                 string
	}{
		{name: "one is there", function: "check", set: func(s *stack) { s.accepted(t, sample) }, want: "a-paper-boat theirs generating"},
		{name: "one by its id", function: "check", job: "other", set: func(s *stack) { s.accepted(t, "other") }, want: "other theirs generating"},
		{name: "none", function: "check", set: func(*stack) {}, want: "there is no job a-paper-boat"},
		{name: "none of that id", function: "check", job: "other", free: true, set: func(*stack) {}, want: "there is no job other"},
		{name: "not accepted", function: "check", set: func(s *stack) { s.entries[sample] = video.Entry{} }, want: "has no generation yet"},
		{name: "ended", function: "store", set: func(s *stack) {
			s.entries[sample] = video.Entry{Outcome: &video.Outcome{Name: "GenerationOverdue"}}
		}, want: "job a-paper-boat has ended with GenerationOverdue"},
		{name: "stored", function: "store", set: func(s *stack) { s.accepted(t, sample); s.stored[sample] = true }, want: "stored already"},
		{name: "to be stored", function: "store", set: func(s *stack) { s.accepted(t, sample) }, want: "a-paper-boat theirs completed"},
		{name: "none, and it is free", function: "check", free: true, set: func(*stack) {}, want: "a-paper-boat made generating", ran: "submit a-paper-boat"},
		{name: "stored, and it is free", function: "check", free: true, set: func(s *stack) { s.accepted(t, sample); s.stored[sample] = true },
			want: "a-paper-boat-20261125T120000 made generating", ran: "submit a-paper-boat-20261125T120000"},
		{name: "to be stored, and it is free", function: "store", free: true, set: func(s *stack) { s.accepted(t, sample); s.checks = 2 },
			want: "a-paper-boat made completed", ran: "check a-paper-boat, check a-paper-boat"},
		{name: "never done", function: "store", free: true, set: func(s *stack) { s.accepted(t, sample); s.checks = 99 }, want: "not done yet",
			ran: strings.TrimSuffix(strings.Repeat("check a-paper-boat, ", maxChecks), ", ")},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStack()
			test.set(s)
			f := s.filler(test.free)
			f.Job = test.job
			event, err := f.Event(t.Context(), test.function)
			got := ""
			var job video.Job
			if err == nil {
				if err := json.Unmarshal(event, &job); err != nil {
					t.Fatal(err)
				}
				got = fmt.Sprintln(job.ID, job.GenerationID, job.Status)
			} else if lacks := (*Lacking)(nil); errors.As(err, &lacks) {
				got = err.Error()
			} else {
				t.Fatal(err)
			}
			if !strings.Contains(got, test.want) || strings.Join(s.ran, ", ") != test.ran {
				t.Errorf("got %s after %q", got, s.ran)
			}
		})
	}
}
