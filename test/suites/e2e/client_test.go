package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/video"
)

// call makes one HTTP call, with an Authorization header unless key is empty.
func call(t *testing.T, method, url, key, body string, headers ...string) (int, http.Header, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, got
}

// read decodes a reply. It fails the test unless the status is want.
func read[T any](t *testing.T, want, status int, body []byte) T {
	t.Helper()
	if status != want {
		t.Fatalf("status %d instead of %d: %s", status, want, body)
	}
	return decode[T](t, body)
}

func decode[T any](t *testing.T, body []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return v
}

// invokeAPI invokes ApiFunction as API Gateway does. It decodes the reply, and fails the test
// unless the status is want.
func invokeAPI[T any](w *world, t *testing.T, want int, method, path, body string, headers ...string) (T, error) {
	var reply T
	path, query, _ := strings.Cut(path, "?")
	request := events.APIGatewayProxyRequest{
		Resource: "/{proxy+}", Path: path, HTTPMethod: method, Body: body,
		Headers:               map[string]string{"Content-Type": "application/json", "Host": "probe"},
		PathParameters:        map[string]string{"proxy": strings.TrimPrefix(path, "/")},
		QueryStringParameters: map[string]string{},
		RequestContext:        events.APIGatewayProxyRequestContext{Stage: "takeup", Path: "/takeup" + path, RequestID: "probe"},
	}
	if name, value, ok := strings.Cut(query, "="); ok {
		request.QueryStringParameters[name] = value
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Headers[name] = value
	}
	answer, err := w.invoke(t.Context(), "ApiFunction", request)
	if err != nil {
		return reply, err
	}
	var response events.APIGatewayProxyResponse
	if err := json.Unmarshal(answer, &response); err != nil || response.StatusCode != want {
		return reply, fmt.Errorf("%s %s: %d, %s (%w)", method, path, response.StatusCode, response.Body, err)
	}
	return reply, json.Unmarshal([]byte(response.Body), &reply)
}

// post starts a job by the API and returns its id.
func (w *world) post(t *testing.T, body string, headers ...string) string {
	t.Helper()
	status, _, reply := call(t, http.MethodPost, w.stack.API+api.GenerationsPath, w.stack.Token, body, headers...)
	return read[api.Generation](t, http.StatusOK, status, reply).ID
}

// end waits for a job to end and returns the API's view of it.
func (w *world) end(t *testing.T, job string) api.Generation {
	t.Helper()
	var got api.Generation
	await(t, "the end of job "+job, func() bool {
		status, _, reply := call(t, http.MethodGet, w.stack.API+api.GenerationsPath+"?"+api.ParamGenerationID+"="+job, w.stack.Token, "")
		got = read[api.Generation](t, http.StatusOK, status, reply)
		return got.Status == video.StateCompleted || got.Status == video.StateFailed
	})
	return got
}

// stored waits for a job to be stored. It fails the test unless its video was bought once and is
// byte for byte what the provider serves.
func (w *world) stored(t *testing.T, job string) api.Generation {
	t.Helper()
	got := w.end(t, job)
	if got.Status != video.StateCompleted || got.Video == nil || got.Error != nil {
		t.Fatalf("job %s has not completed: %+v, %+v", job, got, got.Error)
	}
	w.boughtOnce(t, job)
	locator := w.entry(t, job).Locator()
	file := w.object(t, objectkey.Video(locator))
	if !bytes.Equal(file, w.served(t, job)) {
		t.Errorf("the video of job %s has %d bytes, and they are not those that the provider serves", job, len(file))
	}
	body := w.object(t, objectkey.Manifest(locator))
	if err := w.schema.Validate(decode[any](t, body)); err != nil {
		t.Errorf("the manifest of job %s is not as docs/manifest.schema.json has it: %v", job, err)
	}
	manifest := decode[video.Manifest](t, body)
	if manifest.Polls == 0 || manifest.CompletedAt.IsZero() || manifest.Seconds == 0 || manifest.PipelineVersion == "(devel)" {
		t.Errorf("the manifest of job %s has %+v", job, manifest)
	}
	if manifest.ID != job || manifest.Bytes != int64(len(file)) || manifest.CRC32 != video.CRC32(crc32.ChecksumIEEE(file)) {
		t.Errorf("the manifest of job %s has %+v", job, manifest)
	}
	return got
}

// boughtOnce fails the test unless the provider accepted a job and charged for it exactly once.
func (w *world) boughtOnce(t *testing.T, job string) {
	t.Helper()
	bought := w.generations(job)
	if len(bought) != 1 || bought[0].ChargedCredits == 0 {
		t.Fatalf("the provider accepted job %s %d times: %+v", job, len(bought), bought)
	}
}

// served returns the provider's file for a job, fetched as a client fetches it.
func (w *world) served(t *testing.T, job string) []byte {
	t.Helper()
	id := w.generations(job)[0].ID
	key := w.provider.Settings().Keys[0]
	status, _, reply := call(t, http.MethodGet, w.providerURL+api.GenerationsPath+"?"+api.ParamGenerationID+"="+id, key, "")
	got := read[api.Generation](t, http.StatusOK, status, reply)
	if got.Video == nil {
		t.Fatalf("the provider gives no video: %s", reply)
	}
	status, _, file := call(t, http.MethodGet, got.Video.URL, "", "")
	if status != http.StatusOK || len(file) == 0 {
		t.Fatalf("the provider's file: %d, %d bytes", status, len(file))
	}
	return file
}

// sample is the provider's sample script. It sends a duration as a string and aspect_ratio by
// its old name, and takes a base URL and a key. It returns the reply to its POST and the last
// reply to a GET.
func sample(t *testing.T, base, key, path, prompt string) (created, last []byte) {
	t.Helper()
	body, err := json.Marshal(map[string]string{
		"model": "kling-video/v1/pro/text-to-video", "prompt": prompt, "ratio": "16:9", "duration": "5",
	})
	if err != nil {
		t.Fatal(err)
	}
	status, _, created := call(t, http.MethodPost, base+path, key, string(body))
	if status >= 400 {
		t.Fatalf("refused: %d %s", status, created)
	}
	id := decode[api.Generation](t, created).ID
	await(t, "generation "+id, func() bool {
		status, _, last = call(t, http.MethodGet, base+path+"?"+api.ParamGenerationID+"="+id, key, "")
		got := read[api.Generation](t, http.StatusOK, status, last).Status
		return !slices.Contains([]video.State{"waiting", "active", video.StateQueued, video.StateGenerating}, got)
	})
	return created, last
}

// testClient runs the same client against the provider and against the API: the shapes of the
// replies must not differ.
func (w *world) testClient(t *testing.T) {
	for _, path := range []string{api.KlingGenerationPath, api.GenerationsPath} {
		theirCreated, theirs := sample(t, w.providerURL, providerKey, path, w.prompt("a kite over dunes, straight from the provider"))
		created, ours := sample(t, w.stack.API, w.stack.Token, path, w.prompt("a kite over dunes, by way of takeup"))
		if status := decode[api.Generation](t, created).Status; status != "queued" {
			t.Errorf("%s: a POST returned %q", path, status)
		}
		got := decode[api.Generation](t, ours)
		if got.Status != video.StateCompleted || got.Video == nil {
			t.Fatalf("%s: %s", path, ours)
		}
		if status, _, file := call(t, http.MethodGet, got.Video.URL, "", ""); status != http.StatusOK || !bytes.Equal(file, w.served(t, got.ID)) {
			t.Errorf("%s: the file: %d, %d bytes", path, status, len(file))
		}
		for _, name := range fields(t, theirCreated) {
			if !slices.Contains(fields(t, created), name) {
				t.Errorf("%s: the reply to a POST has no %s: %s", path, name, created)
			}
		}
		if a, b := fields(t, theirs), fields(t, ours); !slices.Equal(a, b) {
			t.Errorf("%s: a reply to a GET has the fields %v, and the provider's %v", path, b, a)
		}
	}
}

func fields(t *testing.T, object []byte) []string {
	t.Helper()
	return slices.Sorted(maps.Keys(decode[map[string]json.RawMessage](t, object)))
}
