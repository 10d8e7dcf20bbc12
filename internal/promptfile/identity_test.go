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

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/promptfile"
	"github.com/takeup/takeup/internal/table/record"
	"github.com/takeup/takeup/internal/video"
)

const (
	form      = "uploads/file-abcdefghijklmnopqrstuvwxyz.txt"
	otherForm = "uploads/file-abcdefghijklmnopqrstuvwxya.txt"
)

// TestTheSameFileIsTheSameRequest plays the events of some uploads in every order, each
// redelivered at the end, with every fault at every call, and with another of the events
// delivered during every call.
func TestTheSameFileIsTheSameRequest(t *testing.T) {
	for _, test := range []struct {
		name     string
		uploads  []put
		jobs     int
		rejected int // files with a rejection
		// reordered has the minimum and maximum number of jobs if S3 notifies of the
		// uploads in another order, where that makes a difference.
		reordered [2]int
	}{
		{"one file", []put{{key: "a.txt", text: "A"}}, 1, 0, [2]int{}},
		{"uploaded again", []put{{key: "a.txt", text: "A"}, {key: "a.txt", text: "A"}}, 1, 0, [2]int{}},
		{"copied onto itself", []put{{key: "a.txt", text: "A"}, {key: "a.txt", text: "A", copied: true}}, 1, 0, [2]int{}},
		{"A, B", []put{{key: "a.txt", text: "A"}, {key: "a.txt", text: "B"}}, 2, 0, [2]int{}},
		{"A, B, A", []put{{key: "a.txt", text: "A"}, {key: "a.txt", text: "B"}, {key: "a.txt", text: "A"}}, 2, 0, [2]int{}},
		{"A, B, and A restored", []put{{key: "a.txt", text: "A"}, {key: "a.txt", text: "B"}, {key: "a.txt", text: "A", copied: true}}, 2, 0, [2]int{}},
		{"two keys", []put{{key: "a.txt", text: "A"}, {key: "b.txt", text: "A"}}, 2, 0, [2]int{}},
		{"moved", []put{{key: "a.txt", text: "A"}, {key: "done/a.txt", text: "A", copied: true}}, 1, 0, [2]int{}},
		{"moved to a name that is no prompt file's", []put{{key: "a.txt", text: "A"}, {key: "a.txt.done", text: "A", copied: true}}, 1, 0, [2]int{}},
		{"moved two times", []put{{key: "a.txt", text: "A"}, {key: "b.txt", text: "A", copied: true}, {key: "c.txt", text: "A", copied: true}}, 1, 0, [2]int{}},
		{"moved, and uploaded anew at the old key", []put{{key: "a.txt", text: "A"}, {key: "done/a.txt", text: "A", copied: true}, {key: "a.txt", text: "A"}}, 1, 0, [2]int{1, 2}},
		{"two keys, one of them moved", []put{{key: "a.txt", text: "A"}, {key: "b.txt", text: "A"}, {key: "done/a.txt", text: "A", copied: true}}, 2, 0, [2]int{}},
		{"copied in from elsewhere", []put{{key: "a.txt", text: "A", copied: true}}, 1, 0, [2]int{}},
		{"copied in from elsewhere, and moved", []put{{key: "a.txt", text: "A", copied: true}, {key: "done/a.txt", text: "A", copied: true}}, 1, 0, [2]int{}},
		{"copied in from elsewhere, then uploaded elsewhere", []put{{key: "a.txt", text: "A", copied: true}, {key: "b.txt", text: "A"}}, 2, 0, [2]int{1, 2}},
		{"a request object, moved", []put{{key: "a.json", text: `{"prompt":"A"}`}, {key: "done/a.json", text: `{"prompt":"A"}`, copied: true}}, 1, 0, [2]int{}},
		{"a form", []put{{key: form, text: "A"}}, 1, 0, [2]int{}},
		{"a form, sent again", []put{{key: form, text: "A"}, {key: form, text: "A"}}, 1, 0, [2]int{}},
		{"a form, sent with another text", []put{{key: form, text: "A"}, {key: form, text: "B"}}, 1, 1, [2]int{}},
		{"a form, sent with two others", []put{{key: form, text: "A"}, {key: form, text: "B"}, {key: form, text: "C"}}, 1, 1, [2]int{}},
		{"a form, sent with what can't be used first", []put{{key: form, text: " "}, {key: form, text: "B"}}, 1, 1, [2]int{}},
		{"a form, moved", []put{{key: form, text: "A"}, {key: "done/a.txt", text: "A", copied: true}}, 1, 0, [2]int{}},
		{"a form's second text, moved", []put{{key: form, text: "A"}, {key: form, text: "B"}, {key: "done/b.txt", text: "B", copied: true}}, 1, 2, [2]int{1, 2}},
		{"a form's second text, uploaded elsewhere", []put{{key: form, text: "A"}, {key: form, text: "B"}, {key: "b.txt", text: "B"}}, 2, 1, [2]int{}},
		{"a form's second text, uploaded elsewhere and moved", []put{{key: form, text: "A"}, {key: form, text: "B"}, {key: "b.txt", text: "B"}, {key: "done/b.txt", text: "B", copied: true}}, 2, 1, [2]int{2, 3}},
		{"two forms with one text", []put{{key: form, text: "A"}, {key: otherForm, text: "A"}}, 2, 0, [2]int{}},
		{"a system file", []put{{key: "._a.txt", text: "A"}, {key: "a/.DS_Store", text: "A", copied: true}}, 0, 0, [2]int{}},
		{"what can't be used", []put{{key: "a.txt", text: " "}, {key: "a.txt", text: " ", copied: true}, {key: "b.png", text: "A"}}, 0, 2, [2]int{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			plays := 0
			for order := range orders(len(test.uploads)) {
				inTurn := slices.IsSorted(order)
				check := func(p *play) {
					t.Helper()
					plays++
					jobs, rejected := p.jobs(), len(p.rejected)
					if p.failed != nil {
						t.Fatalf("%v, %s: %v", order, p.about, p.failed)
					}
					if inTurn && p.about == "undisturbed" && (jobs != test.jobs || rejected != test.rejected) {
						t.Fatalf("%v, %s: %d jobs and %d rejections, not %d and %d: %v, %v", order, p.about, jobs, rejected, test.jobs, test.rejected, p.started, p.rejected)
					}
					if len(p.refused) != rejected {
						t.Fatalf("%v, %s: rejected %v, and kept as jobs %v", order, p.about, p.rejected, p.refused)
					}
					fewest, most := test.jobs, test.jobs
					if test.reordered != [2]int{} {
						fewest, most = test.reordered[0], test.reordered[1]
					}
					if jobs < fewest || jobs > most {
						t.Fatalf("%v, %s: %d jobs: %v, rejected %v", order, p.about, jobs, p.started, p.rejected)
					}
				}
				whole := newPlay(t, test.uploads)
				whole.about = "undisturbed"
				whole.deliver(order...)
				whole.deliver(order...)
				whole.deliver(slices.Sorted(slices.Values(order))...)
				check(whole)
				// Inject each fault at each call, and another event at each call.
				for call := range whole.calls {
					for _, f := range []fault{before, after, conflict, conflictAfter} {
						p := newPlay(t, test.uploads)
						p.about, p.faultAt, p.fault = fmt.Sprintf("fault %d at call %d", f, call), call, f
						p.deliver(order...)
						check(p)
					}
					for other := range test.uploads {
						p := newPlay(t, test.uploads)
						p.about = fmt.Sprintf("event %d at call %d", other, call)
						p.hookAt, p.hook = call, func() { p.deliver(other) }
						p.deliver(order...)
						check(p)
					}
				}
			}
			t.Logf("%d plays", plays)
		})
	}
}

// orders yields each order of n things.
func orders(n int) func(func([]int) bool) {
	return func(yield func([]int) bool) {
		var next func(taken []int) bool
		next = func(taken []int) bool {
			if len(taken) == n {
				return yield(slices.Clone(taken))
			}
			for i := range n {
				if !slices.Contains(taken, i) && !next(append(taken, i)) {
					return false
				}
			}
			return true
		}
		next(nil)
	}
}

// put is one upload to the bucket, or a copy within it or into it.
type put struct {
	key, text string
	copied    bool
}

type fault int

const (
	none          fault = iota
	before              // the call fails without effect
	after               // the call takes effect, but fails
	conflict            // a conditional write is refused
	conflictAfter       // it is refused because its first try went through
)

// errPlanned is the error of an injected fault.
var errPlanned = &video.ServiceUnavailable{Doing: "a call", Err: errors.New("planned")}

// play is one run of events, with fakes of S3, the contents and the jobs.
type play struct {
	about    string
	uploads  []put
	files    *promptfile.Files
	contents contents
	started  map[string]video.Request
	rejected map[string]string
	refused  map[string]bool // by the id of the refusal's job
	calls    int
	faultAt  int
	fault    fault
	hookAt   int
	hook     func()
	failed   error
}

func newPlay(t *testing.T, uploads []put) *play {
	t.Helper()
	p := &play{uploads: uploads, contents: contents{}, started: map[string]video.Request{}, rejected: map[string]string{}, refused: map[string]bool{}, faultAt: -1, hookAt: -1}
	p.files = promptfile.New(p, playContents{p}, p, "videos", func() time.Time { return at }, slog.New(slog.DiscardHandler))
	return p
}

// deliver delivers the events of uploads, retrying each until it is handled, as Lambda
// does.
func (p *play) deliver(numbers ...int) {
	for _, n := range numbers {
		name := "ObjectCreated:Put"
		if p.uploads[n].copied {
			name = "ObjectCreated:Copy"
		}
		payload := fmt.Appendf(nil, `{"Records":[{"eventSource":"aws:s3","eventName":%q,"eventTime":%q,"s3":{"bucket":{"name":"prompts"},"object":{"key":%q,"versionId":"v%d"}}}]}`,
			name, at.Add(time.Duration(n)*time.Millisecond).Format(time.RFC3339Nano), url.QueryEscape(p.uploads[n].key), n)
		var err error
		for range 3 {
			if err = p.files.Handle(context.Background(), payload); err == nil {
				break
			}
		}
		if err != nil {
			p.failed = errors.Join(p.failed, err)
		}
	}
}

// call makes one call, and injects its fault.
func (p *play) call(do func(), conditional bool) error {
	n := p.calls
	p.calls++
	if n == p.hookAt {
		p.hook()
	}
	f := none
	if n == p.faultAt {
		f = p.fault
	}
	switch {
	case f == before:
		return errPlanned
	case f == conflict && conditional:
		return &video.Conflict{}
	}
	do()
	switch {
	case f == after:
		return errPlanned
	case f == conflictAfter && conditional:
		return &video.Conflict{}
	}
	return nil
}

// jobs returns how many jobs were started.
func (p *play) jobs() int { return len(p.started) }

func (p *play) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	var n int
	if _, err := fmt.Sscanf(*in.VersionId, "v%d", &n); err != nil || p.uploads[n].key != *in.Key {
		return nil, fmt.Errorf("asked for version %s of %s", *in.VersionId, *in.Key)
	}
	body := io.NopCloser(strings.NewReader(p.uploads[n].text))
	return &s3.GetObjectOutput{Body: body}, p.call(func() {}, false)
}

func (p *play) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	body, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	return &s3.PutObjectOutput{}, p.call(func() { p.rejected[*in.Key] = string(body) }, false)
}

func (p *play) Refuse(_ context.Context, id string, _ *video.InvalidRequest, _ video.Origin) error {
	return p.call(func() { p.refused[id] = true }, false)
}

func (p *play) Start(_ context.Context, id string, r video.Request, _ video.Origin) (jobs.Receipt, error) {
	receipt := jobs.Receipt{View: view.View{ID: id}}
	var mismatch error
	err := p.call(func() {
		if was, ok := p.started[id]; !ok {
			p.started[id] = r
		} else if was.Hash() != r.Hash() {
			mismatch = &jobs.Mismatch{ID: id}
		} else {
			receipt.Known = true
		}
	}, false)
	if err == nil {
		err = mismatch
	}
	return receipt, err
}

type playContents struct{ p *play }

func (c playContents) Content(ctx context.Context, sum string) (known record.Content, version string, err error) {
	err = c.p.call(func() { known, version, _ = c.p.contents.Content(ctx, sum) }, false)
	return known, version, err
}

func (c playContents) PutContent(ctx context.Context, sum string, content record.Content, version string) error {
	var refused error
	err := c.p.call(func() { refused = c.p.contents.PutContent(ctx, sum, content, version) }, true)
	if err == nil {
		err = refused
	}
	return err
}

// The rejection of a form's second text says what to do.
func TestAFormIsOneVideo(t *testing.T) {
	p := newPlay(t, []put{{key: form, text: "A"}, {key: form, text: "B"}})
	p.deliver(0, 1)
	var said bucket.Rejection
	if err := json.Unmarshal([]byte(p.rejected["rejected/"+form+".json"]), &said); err != nil {
		t.Fatal(err)
	}
	if said.VersionID != "v1" || !strings.Contains(said.Reason, "one video") || !strings.Contains(said.Reason, "new form") {
		t.Errorf("it says %+v", said)
	}
}

func TestSystem(t *testing.T) {
	for key, want := range map[string]bool{
		"._boat.txt": true, "a/b/._.DS_Store": true, ".DS_Store": true, "a/.ds_store": true, "Thumbs.db": true, "a/THUMBS.DB": true,
		"desktop.ini": true, "a/Desktop.ini": true, "~$boat.txt": true, "a/~$prompt.json": true, "folder/": true, "folder.txt/": true,
		"folder_$folder$": true, "a/b_$folder$": true, "__MACOSX/boat.txt": true, "a/__MACOSX/b/boat.txt": true, ".~lock.boat.txt#": true,
		".localized": true, "ehthumbs.db": true, "$RECYCLE.BIN/boat.txt": true, "System Volume Information/x.txt": true, ".AppleDouble/boat.txt": true,
		"boat.txt": false, "_boat.txt": false, "~boat.txt": false, ".boat.txt": false, "a._b.txt": false, "thumbs.db.txt": false,
		"desktop.ini.txt": false, "DS_Store.txt": false, "$folder$.txt": false, "MACOSX/boat.txt": false, "a~$b.txt": false, "boat": false,
	} {
		if got := promptfile.System(key); got != want {
			t.Errorf("%q: %v", key, got)
		}
	}
}

// An id depends on the bucket, the key and the bytes, and on nothing else.
func TestJobID(t *testing.T) {
	sum := promptfile.Sum([]byte("a boat"))
	if sum != "1cb78dba07d74a7bd0991ee37f386d08bf1b464436976c68ecc4367b8746ac90" { // as by sha256sum
		t.Errorf("the sum is %s", sum)
	}
	base := promptfile.JobID("prompts", "a.txt", sum)
	for name, id := range map[string]string{
		"another bucket": promptfile.JobID("others", "a.txt", sum), "another key": promptfile.JobID("prompts", "b.txt", sum),
		"other bytes": promptfile.JobID("prompts", "a.txt", promptfile.Sum([]byte("a boat\n"))),
	} {
		if id == base || !video.ValidID(id) {
			t.Errorf("%s: %s", name, id)
		}
	}
	if promptfile.JobID("prompts", form, sum) != promptfile.JobID("prompts", form, promptfile.Sum(nil)) {
		t.Error("the bytes count under a form's key")
	}
	for _, key := range []string{"uploads/a.txt", "uploads/file-abc.txt", "x/" + form, form + ".txt", strings.ToUpper(form), strings.Replace(form, ".txt", ".exe", 1)} {
		if promptfile.JobID("prompts", key, sum) == promptfile.JobID("prompts", key, promptfile.Sum(nil)) {
			t.Errorf("%s is taken for a form's key", key)
		}
	}
	name, err := jobs.RandomID("file", bytes.NewReader(make([]byte, 16)))
	if err != nil {
		t.Fatal(err)
	}
	for _, extension := range []string{"txt", "json"} {
		key := objectkey.Upload(name, extension)
		if promptfile.JobID("prompts", key, sum) != promptfile.JobID("prompts", key, promptfile.Sum(nil)) {
			t.Errorf("%s is not taken for a form's key", key)
		}
	}
}
