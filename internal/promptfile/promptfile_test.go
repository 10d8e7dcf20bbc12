package promptfile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/caps"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/promptfile"
	"github.com/takeup/takeup/internal/table/record"
	"github.com/takeup/takeup/internal/video"
)

// objects is a bucket with one version of one file, and what was written to it.
type objects struct {
	content string
	getErr  error
	putErr  error
	asked   []*s3.GetObjectInput
	read    int
	written map[string]string
}

func (b *objects) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	b.asked = append(b.asked, in)
	if b.getErr != nil {
		return nil, b.getErr
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(io.TeeReader(strings.NewReader(b.content), counter{&b.read}))}, nil
}

type counter struct{ n *int }

func (c counter) Write(p []byte) (int, error) { *c.n += len(p); return len(p), nil }

func (b *objects) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	if b.putErr != nil {
		return nil, b.putErr
	}
	body, err := io.ReadAll(in.Body)
	if b.written == nil {
		b.written = map[string]string{}
	}
	b.written[*in.Bucket+"/"+*in.Key] = string(body)
	return &s3.PutObjectOutput{}, err
}

// contents stores contents in memory. The version of a content is its printed value.
type contents map[string]record.Content

func (c contents) Content(_ context.Context, sum string) (record.Content, string, error) {
	known := c[sum]
	if known.Job == "" {
		return known, "", nil
	}
	return known, fmt.Sprint(known), nil
}

func (c contents) PutContent(ctx context.Context, sum string, content record.Content, version string) error {
	if _, at, _ := c.Content(ctx, sum); at != version {
		return &video.Conflict{ID: content.Job}
	}
	c[sum] = content
	return nil
}

// starter records what it started.
type starter struct {
	ids     []string
	prompts []string
	models  []string
	origins []video.Origin
	refused []string
	err     error
}

func (s *starter) Start(_ context.Context, id string, r video.Request, from video.Origin) (jobs.Receipt, error) {
	if s.err != nil {
		return jobs.Receipt{}, s.err
	}
	known := slices.Contains(s.ids, id)
	s.origins = append(s.origins, from)
	s.ids, s.prompts, s.models = append(s.ids, id), append(s.prompts, r.Prompt()), append(s.models, r.Model())
	return jobs.Receipt{View: view.View{ID: id}, Known: known}, nil
}

func (s *starter) Refuse(_ context.Context, id string, why *video.InvalidRequest, from video.Origin) error {
	s.refused = append(s.refused, fmt.Sprintf("%.8s %s/%s %s: %v", id, from.Bucket, from.Key, from.Version, why))
	return s.err
}

var at = time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)

func kept(name, key, version string) string {
	return fmt.Sprintf(`{"eventSource":"aws:s3","eventName":%q,"eventTime":"2026-08-21T12:00:00.000Z","s3":{"bucket":{"name":"prompts"},"object":{"key":%q,"versionId":%q,"eTag":"e1","sequencer":"01"}}}`,
		name, key, version)
}

func event(records ...string) json.RawMessage {
	return json.RawMessage(`{"Records":[` + strings.Join(records, ",") + `]}`)
}

func files(b *objects, s *starter, log io.Writer) *promptfile.Files {
	return promptfile.New(b, contents{}, s, nil, "videos", func() time.Time { return at }, slog.New(slog.NewJSONHandler(log, nil)))
}

func TestFilesThatStartAJob(t *testing.T) {
	for _, test := range []struct{ event, key, decoded, content, prompt, model string }{
		{"ObjectCreated:Put", "a.txt", "a.txt", "a boat\n", "a boat", ""},
		{"ObjectCreated:Post", "A.TXT", "A.TXT", "a boat\r\n", "a boat", ""},
		{"ObjectCreated:Copy", "in+a+folder/two+words%2B.Txt", "in a folder/two words+.Txt", "\ufeffa boat", "a boat", ""},
		{"ObjectCreated:CompleteMultipartUpload", "%E6%97%A5%E6%9C%AC.txt", "日本.txt", "line 1\nline 2\n\n", "line 1\nline 2\n", ""},
		{"ObjectCreated:Put", "r.JSON", "r.JSON", "\ufeff{\"prompt\":\"a boat\",\"model\":\"kling-video/v1/standard/text-to-video\"}\n", "a boat", "kling-video/v1/standard/text-to-video"},
		{"ObjectCreated:Put", "a%25zz.txt", "a%zz.txt", strings.Repeat("x", 60<<10), strings.Repeat("x", 60<<10), ""},
	} {
		b, s := &objects{content: test.content}, &starter{}
		var log bytes.Buffer
		if err := files(b, s, &log).Handle(t.Context(), event(kept(test.event, test.key, "v1"))); err != nil {
			t.Errorf("%s: %v", test.key, err)
			continue
		}
		if len(s.ids) != 1 || !video.ValidID(s.ids[0]) || !strings.HasPrefix(s.ids[0], "file-") || s.prompts[0] != test.prompt {
			t.Errorf("%s: started %v with %.40q", test.key, s.ids, s.prompts)
		}
		if want := test.model; want != "" && s.models[0] != want {
			t.Errorf("%s: model %s", test.key, s.models[0])
		}
		if in := b.asked[0]; *in.Bucket != "prompts" || *in.Key != test.decoded || aws.ToString(in.VersionId) != "v1" || in.IfMatch != nil {
			t.Errorf("%s: asked for %s of %s, version %v", test.key, *in.Key, *in.Bucket, in.VersionId)
		}
		if want := (video.Origin{Trigger: video.TriggerFile, Bucket: "prompts", Key: test.decoded, Version: "v1"}); s.origins[0] != want {
			t.Errorf("%s: comes from %+v", test.key, s.origins[0])
		}
		if len(b.written) > 0 || len(s.refused) > 0 {
			t.Errorf("%s: wrote %v, refused %v", test.key, b.written, s.refused)
		}
		if lines := strings.Count(log.String(), "\n"); lines != 1 || strings.Contains(log.String(), "boat") {
			t.Errorf("%s: logged %s", test.key, &log)
		}
	}
}

func TestFilesThatCantBeUsed(t *testing.T) {
	for _, test := range []struct {
		key, content, reason string
		err                  error
		fields               int
	}{
		{key: "a.txt", content: "", reason: "prompt is empty", fields: 1},
		{key: "a.txt", content: "\xff\xfea\x00", reason: "prompt looks like UTF-16; save it as UTF-8", fields: 1},
		{key: "a.json", content: "{\"prompt\":\"K\xf6ln\"}", reason: "the request looks like Windows-1252 (Latin-1); save it as UTF-8", fields: 1},
		{key: "a.txt", content: "a\x00b boat", reason: "U+0000 (NUL) at character 2", fields: 1},
		{key: "a.txt", content: strings.Repeat("x", 64<<10+1), reason: "larger than 64 KiB"},
		{key: "a.txt", content: strings.Repeat("x", 1<<20), reason: "larger than 64 KiB"},
		{key: "a.txt", content: strings.Repeat("x", 64<<10), reason: "at most 65536", fields: 1},
		{key: "a.json", content: "a boat", reason: "line 1, column 1: it looks like plain text", fields: 1},
		{key: "a.json", content: `[{"prompt":"a"}]`, reason: "JSON object", fields: 1},
		{key: "a.json", content: `{"prompt":"a boat","duration":7,"cfg_scale":2}`, reason: "duration is 7; it takes 5 or 10", fields: 2},
		{key: "a.png", reason: `ends in ".png"`},
		{key: "a.txt.bak", reason: `ends in ".bak"`},
		{key: "README", reason: "no extension"},
		{key: "a.txt", err: &smithy.GenericAPIError{Code: "InvalidObjectState"}, reason: "archive storage class"},
	} {
		b, s := &objects{content: test.content, getErr: test.err}, &starter{}
		if err := files(b, s, io.Discard).Handle(t.Context(), event(kept("ObjectCreated:Put", test.key, "v1"))); err != nil {
			t.Errorf("%s: %v", test.key, err)
			continue
		}
		var got bucket.Rejection
		if err := json.Unmarshal([]byte(b.written["videos/rejected/"+test.key+".json"]), &got); err != nil || len(b.written) != 1 {
			t.Errorf("%s: wrote %v", test.key, b.written)
			continue
		}
		if got.Bucket != "prompts" || got.Key != test.key || got.VersionID != "v1" || !got.At.Equal(at) ||
			!strings.Contains(got.Reason, test.reason) || len(got.Fields) != test.fields {
			t.Errorf("%s: got %+v, want the reason %q and %d fields", test.key, got, test.reason, test.fields)
		}
		if len(s.refused) != 1 || !strings.HasPrefix(s.refused[0], "refused- prompts/"+test.key+" v1: the request was refused and nothing was paid") || !strings.Contains(s.refused[0], test.reason) {
			t.Errorf("%s: refused %q", test.key, s.refused)
		}
		if len(s.ids) > 0 || b.read > 64<<10+1 {
			t.Errorf("%s: started %v, read %d bytes", test.key, s.ids, b.read)
		}
	}
}

func TestRecordsWithNothingToDo(t *testing.T) {
	for name, b := range map[string]*objects{
		kept("ObjectCreated:Put", "folder/", "v1"):             {},
		kept("ObjectCreated:Put", "folder.txt/", "v1"):         {},
		kept("ObjectCreated:Put", "a/._boat.txt", "v1"):        {content: "\x00\x05\x16\x07 a boat"},
		kept("ObjectRemoved:Delete", "a.txt", "v1"):            {},
		kept("ObjectCreated:Put", "deleted.txt", "v1"):         {getErr: &smithy.GenericAPIError{Code: "NoSuchVersion"}},
		kept("ObjectCreated:Put", "deleted.txt", ""):           {getErr: &smithy.GenericAPIError{Code: "NoSuchKey"}},
		kept("ObjectCreated:Put", "replaced.txt", "null"):      {getErr: &smithy.GenericAPIError{Code: "PreconditionFailed"}},
		kept("ObjectCreated:Put", "a-delete-marker.txt", "v2"): {getErr: &smithy.GenericAPIError{Code: "MethodNotAllowed"}},
	} {
		s := &starter{}
		if err := files(b, s, io.Discard).Handle(t.Context(), event(name)); err != nil || len(s.ids)+len(b.written) > 0 {
			t.Errorf("%s: %v, started %v, wrote %v", name, err, s.ids, b.written)
		}
	}
	if err := files(&objects{}, &starter{}, io.Discard).Handle(t.Context(), json.RawMessage(`{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"prompts"}`)); err != nil {
		t.Errorf("S3's test event: %v", err)
	}
}

func TestWithoutVersionsTheContentMustMatchTheUpload(t *testing.T) {
	for _, version := range []string{"", "null"} {
		b := &objects{content: "a boat"}
		if err := files(b, &starter{}, io.Discard).Handle(t.Context(), event(kept("ObjectCreated:Put", "a.txt", version))); err != nil {
			t.Fatal(err)
		}
		if in := b.asked[0]; in.VersionId != nil || aws.ToString(in.IfMatch) != `"e1"` {
			t.Errorf("version %q: asked for version %v, if match %v", version, in.VersionId, in.IfMatch)
		}
	}
}

func TestAFailedRecordDoesNotStopTheOthers(t *testing.T) {
	good := kept("ObjectCreated:Put", "good.txt", "v1")
	for name, test := range map[string]struct {
		b       *objects
		s       *starter
		records []string
		want    any
		started int
	}{
		"a bad escape":    {&objects{content: "x"}, &starter{}, []string{kept("ObjectCreated:Put", "a%zz.txt", "v1"), good}, new(*promptfile.BadRecord), 1},
		"not UTF-8":       {&objects{content: "x"}, &starter{}, []string{good, kept("ObjectCreated:Put", "%ff.txt", "v1")}, new(*promptfile.BadRecord), 1},
		"no key":          {&objects{content: "x"}, &starter{}, []string{good, kept("ObjectCreated:Put", "", "v1"), good}, new(*promptfile.BadRecord), 2},
		"another source":  {&objects{content: "x"}, &starter{}, []string{`{"eventSource":"aws:sqs"}`, `{}`, `3`, good}, new(*promptfile.BadRecord), 1},
		"S3 throttles":    {&objects{getErr: &smithy.GenericAPIError{Code: "SlowDown"}}, &starter{}, []string{good}, new(*video.ServiceUnavailable), 0},
		"S3 denies":       {&objects{getErr: &smithy.GenericAPIError{Code: "AccessDenied"}}, &starter{}, []string{good}, new(*video.ServiceUnavailable), 0},
		"no rejection":    {&objects{putErr: io.ErrUnexpectedEOF}, &starter{}, []string{kept("ObjectCreated:Put", "a.png", "v1"), good}, new(*video.ServiceUnavailable), 0},
		"the start fails": {&objects{content: "x"}, &starter{err: &video.ServiceUnavailable{Err: io.EOF}}, []string{good, good}, new(*video.ServiceUnavailable), 0},
	} {
		err := files(test.b, test.s, io.Discard).Handle(t.Context(), event(test.records...))
		var unhandled *promptfile.Unhandled
		if !errors.As(err, &unhandled) || !errors.As(err, test.want) {
			t.Errorf("%s: got %v, want %T", name, err, test.want)
		}
		if len(test.s.ids) != test.started {
			t.Errorf("%s: started %v", name, test.s.ids)
		}
	}
}

func TestAVersionParsedDifferentlyIsTheSameJob(t *testing.T) {
	s := &starter{err: &jobs.Mismatch{ID: "a"}}
	if err := files(&objects{content: "x"}, s, io.Discard).Handle(t.Context(), event(kept("ObjectCreated:Put", "a.txt", "v1"))); err != nil {
		t.Error(err)
	}
}

func TestInvalidEvents(t *testing.T) {
	for _, payload := range []string{"", "null", "[]", "3", "{}", `{"Records":[]}`, `{"Records":{}}`, `{"prompt":"a boat"}`, "not json"} {
		var not *promptfile.NotAnEvent
		if err := files(&objects{}, &starter{}, io.Discard).Handle(t.Context(), json.RawMessage(payload)); !errors.As(err, &not) || !strings.Contains(err.Error(), "S3's event notifications") {
			t.Errorf("%q: got %v", payload, err)
		}
	}
}

func FuzzHandle(f *testing.F) {
	f.Add("a+b%2B.txt", "v1", "a boat")
	f.Add("%ff.json", "", `{"prompt":"a boat"}`)
	f.Add("a%z", "null", "\xef\xbb\xbf{}")
	f.Add("\x80\x80.TXT/", "v", "\r\n")
	f.Add("a/._b.txt", "v", "\x00\x05\x16\x07")
	f.Add("uploads/file-abcdefghijklmnopqrstuvwxyz.txt", "v", "a boat")
	f.Fuzz(func(t *testing.T, key, version, content string) {
		b, s := &objects{content: content}, &starter{}
		quoted := func(s string) string { out, _ := json.Marshal(s); return string(out) }
		payload := event(fmt.Sprintf(`{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"p"},"object":{"key":%s,"versionId":%s}}}`, quoted(key), quoted(version)))
		err := files(b, s, io.Discard).Handle(context.Background(), payload)
		var bad *promptfile.BadRecord
		if err != nil && !errors.As(err, &bad) {
			t.Fatalf("got %v", err)
		}
		for _, id := range s.ids {
			if !video.ValidID(id) {
				t.Errorf("id %q", id)
			}
		}
		for written := range b.written {
			if len(strings.TrimPrefix(written, "videos/")) > 1024 {
				t.Errorf("wrote to a key of %d bytes", len(written))
			}
		}
		if decoded, _ := url.QueryUnescape(key); err == nil && !promptfile.System(decoded) && len(s.ids)+len(b.written) != 1 {
			t.Errorf("%q: started %v, rejected %v", key, s.ids, b.written)
		}
	})
}

func FuzzEvent(f *testing.F) {
	f.Add([]byte(event(kept("ObjectCreated:Put", "a.txt", "v1"))))
	f.Add([]byte(`{"Records":[null,3,{"s3":[]}]}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		err := files(&objects{content: "a boat"}, &starter{}, io.Discard).Handle(context.Background(), payload)
		var bad *promptfile.BadRecord
		var not *promptfile.NotAnEvent
		if err != nil && !errors.As(err, &bad) && !errors.As(err, &not) {
			t.Fatalf("got %v", err)
		}
	})
}

// A file is rejected, in the API's words, if no cap has room for its video. Uploaded again
// once there is room, it starts its job.
func TestAFileOverACap(t *testing.T) {
	full := &caps.Refused{Limit: "day", Price: 12_500_000, Amount: caps.Amount{Limit: 10_000_000, ResetsAt: at}}
	b, s := &objects{content: "a boat"}, &starter{err: full}
	known := contents{}
	f := promptfile.New(b, known, &refusing{s}, nil, "videos", func() time.Time { return at }, slog.New(slog.DiscardHandler))
	if err := f.Handle(t.Context(), event(kept("ObjectCreated:Put", "a.txt", "v1"))); err != nil {
		t.Fatal(err)
	}
	var rejection bucket.Rejection
	if err := json.Unmarshal([]byte(b.written["videos/rejected/a.txt.json"]), &rejection); err != nil || rejection.Reason != full.Error() || len(rejection.Fields) != 0 {
		t.Errorf("rejected as %+v, %v", rejection, err)
	}
	if len(s.refused) != 1 || !strings.Contains(s.refused[0], full.Error()) {
		t.Errorf("kept as %q", s.refused)
	}
	s.err = nil
	if err := f.Handle(t.Context(), event(kept("ObjectCreated:Put", "a.txt", "v2"))); err != nil || len(s.ids) != 1 {
		t.Errorf("once there is room: %v, started %v", err, s.ids)
	}
}

// refusing is a starter that records refusals even if starting fails.
type refusing struct{ *starter }

func (r *refusing) Refuse(ctx context.Context, id string, why *video.InvalidRequest, from video.Origin) error {
	_ = r.starter.Refuse(ctx, id, why, from)
	return nil
}
