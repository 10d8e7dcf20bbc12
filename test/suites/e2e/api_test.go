package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/tokens"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/video"
)

func (w *world) testPaths(t *testing.T) {
	for _, test := range []struct {
		path    string
		created int
	}{{api.KlingGenerationPath, http.StatusCreated}, {api.GenerationsPath, http.StatusOK}} {
		body := fmt.Sprintf(`{"prompt":%q,"duration":10,"aspect_ratio":"9:16"}`, w.prompt("a lighthouse in the fog by "+test.path))
		status, header, reply := call(t, http.MethodPost, w.stack.API+test.path, w.stack.Token, body)
		got := read[api.Generation](t, test.created, status, reply)
		if got.Status != video.StateQueued || got.ID == "" || header.Get(api.JobHeader) != got.ID {
			t.Fatalf("%s: %s, %v", test.path, reply, header)
		}
		job, seen := got.ID, []video.State{got.Status}
		await(t, "job "+job, func() bool {
			status, _, reply = call(t, http.MethodGet, w.stack.API+test.path+"?"+api.ParamGenerationID+"="+job, w.stack.Token, "")
			got = read[api.Generation](t, http.StatusOK, status, reply)
			if got.Status != seen[len(seen)-1] {
				seen = append(seen, got.Status)
			}
			return got.Status == video.StateCompleted || got.Status == video.StateFailed
		})
		if want := []video.State{video.StateQueued, video.StateGenerating, video.StateCompleted}; !slices.Equal(seen, want) {
			t.Errorf("%s: the statuses were %v", test.path, seen)
		}
		w.stored(t, job)
		if bought := w.generations(job)[0]; bought.Seconds != 10 || bought.AspectRatio != "9:16" ||
			got.Meta == nil || got.Meta.Usage.Credits != bought.ChargedCredits {
			t.Errorf("%s: bought %+v, and reported %+v", test.path, bought, got.Meta)
		}
		if route := w.creates(job)[0].Route; route != api.KlingGenerationPath {
			t.Errorf("%s: the provider was asked on %s", test.path, route)
		}
		status, header, file := call(t, http.MethodGet, got.Video.URL, "", "")
		if status != http.StatusOK || header.Get("Content-Type") != "video/mp4" || !bytes.Equal(file, w.served(t, job)) {
			t.Errorf("%s: the file: %d, %d bytes, %v", test.path, status, len(file), header)
		}
	}
}

func (w *world) testRefusals(t *testing.T) {
	prompt := w.prompt("a request that is refused")
	good := fmt.Sprintf(`{"prompt":%q}`, prompt)
	tests := []struct {
		name, method, path, key, body string
		status                        int
		says                          []string
	}{
		{"no token", "POST", api.KlingGenerationPath, "", good, 401, nil},
		{"a wrong token", "POST", api.GenerationsPath, "wrong" + w.stack.Token, good, 401, nil},
		{"the provider's key", "POST", api.GenerationsPath, providerKey, good, 401, nil},
		{"no token for a GET", "GET", api.GenerationsPath + "?generation_id=a", "", "", 401, nil},
		{"every wrong field", "POST", api.KlingGenerationPath, w.stack.Token, fmt.Sprintf(`{"prompt":%q,"duration":7,"cfg_scale":2,"aspekt_ratio":"1:1"}`, prompt), 400,
			[]string{"duration is 7", "5 or 10", "cfg_scale is 2", "did you mean aspect_ratio"}},
		{"an unknown model", "POST", api.GenerationsPath, w.stack.Token, fmt.Sprintf(`{"model":"kling-video/v9/pro/text-to-video","prompt":%q}`, prompt), 400,
			[]string{"kling-video/v1/pro/text-to-video"}},
		{"no prompt", "POST", api.GenerationsPath, w.stack.Token, `{"prompt":" "}`, 400, []string{"prompt"}},
		{"no JSON", "POST", api.GenerationsPath, w.stack.Token, `{"prompt":`, 400, []string{"JSON"}},
		{"an unknown job", "GET", api.GenerationsPath + "?generation_id=api-none", w.stack.Token, "", 404, nil},
		{"no id", "GET", api.KlingGenerationPath, w.stack.Token, "", 400, []string{"generation_id"}},
		{"a wrong method", "PUT", api.GenerationsPath, w.stack.Token, good, 405, []string{"POST"}},
		{"another wrong method", "DELETE", api.KlingGenerationPath, w.stack.Token, "", 405, []string{"POST"}},
		{"a wrong path", "POST", "/v2/video/generation", w.stack.Token, good, 404, []string{api.GenerationsPath}},
		{"a wrong path for a GET", "GET", "/v1/images", w.stack.Token, "", 404, []string{api.GenerationsPath}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, _, reply := call(t, test.method, w.stack.API+test.path, test.key, test.body)
			got := read[api.Error](t, test.status, status, reply)
			if test.status == http.StatusUnauthorized {
				return // MiniStack ignores the template's gateway responses, which define the shape
			}
			path, _, _ := strings.Cut(test.path, "?")
			if got.StatusCode != test.status || got.RequestID == "" || !strings.HasSuffix(got.Path, path) || got.Timestamp == "" {
				t.Errorf("not the provider's shape: %s", reply)
			}
			said := got.Message.String()
			for _, words := range test.says {
				if !strings.Contains(said, words) {
					t.Errorf("it lacks %q: %s", words, reply)
				}
			}
			if status == 400 && strings.Contains(test.name, "field") {
				if len(got.Message.List) != 3 {
					t.Errorf("not a message a field: %s", reply)
				}
			}
		})
	}
	if w.sent(prompt) {
		t.Error("the provider was sent a request that was refused")
	}
}

func (w *world) testIdempotency(t *testing.T) {
	const key = "an-idempotency-key"
	prompt := w.prompt("two otters juggle one stone")
	// The same request, written in two ways.
	bodies := []string{
		fmt.Sprintf(`{"prompt":%q,"duration":5}`, prompt),
		fmt.Sprintf(`{ "duration": "5", "ratio": "16:9", "prompt": %q }`, prompt),
	}
	ids := make([]string, len(bodies))
	var both sync.WaitGroup
	for i, body := range bodies {
		both.Go(func() {
			status, _, reply := call(t, http.MethodPost, w.stack.API+api.GenerationsPath, w.stack.Token, body, "Idempotency-Key: "+key)
			var got api.Generation
			if err := json.Unmarshal(reply, &got); err != nil || status != http.StatusOK {
				t.Errorf("%d, %v: %s", status, err, reply)
			}
			ids[i] = got.ID
		})
	}
	both.Wait()
	job := jobs.IDFromKey("api", tokens.Default, key)
	if ids[0] != job || ids[1] != job {
		t.Fatalf("the jobs are %v, and not %s", ids, job)
	}
	w.stored(t, job)
	if again := w.post(t, bodies[1], "Idempotency-Key: "+key); again != job {
		t.Errorf("after its end it is another job: %s", again)
	}
	w.succeeded(t, job)
	w.boughtOnce(t, job)
	if n := len(w.creates(job)); n != 1 {
		t.Errorf("the provider was asked %d times", n)
	}
}

func (w *world) testMismatch(t *testing.T) {
	const key = "Idempotency-Key: a-key-for-two-bodies"
	first, other := w.prompt("the first of two bodies"), w.prompt("the other of two bodies")
	job := w.post(t, fmt.Sprintf(`{"prompt":%q}`, first), key)
	refused := func() {
		t.Helper()
		status, _, reply := call(t, http.MethodPost, w.stack.API+api.KlingGenerationPath, w.stack.Token, fmt.Sprintf(`{"prompt":%q}`, other), key)
		got := read[api.Error](t, http.StatusUnprocessableEntity, status, reply)
		if !strings.Contains(got.Message.Text, api.IdempotencyKeyHeader) {
			t.Errorf("the message is %s", reply)
		}
	}
	refused() // while it runs
	w.stored(t, job)
	refused() // after it has ended
	if w.sent(other) {
		t.Error("the second body was submitted")
	}
}
