package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

// testSDK runs the provider's own SDK, which drops the path of a base URL.
func (w *world) testSDK(t *testing.T) {
	python, err := filepath.Abs("../../../.tools/aimlapi/bin/python")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "video.mp4")
	sdk := exec.CommandContext(t.Context(), python, "samples/sdk.py", w.stack.API+"/v1", w.prompt("a lighthouse, by the provider's SDK"), path)
	var stderr bytes.Buffer
	sdk.Env, sdk.Stderr = append(os.Environ(), "API_TOKEN="+w.stack.Token), &stderr
	said, err := sdk.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, strings.ReplaceAll(stderr.String(), w.stack.Token, "TOKEN"))
	}
	got := decode[struct {
		Models, Statuses     []string
		Refused, Images, Job string
	}](t, said)
	var want []string
	for _, m := range catalogue.All(all.Models()) {
		want = append(want, m.Name)
	}
	if !slices.Equal(got.Models, want) {
		t.Errorf("it lists the models %q", got.Models)
	}
	// It shows why a request is refused, and what to do.
	for _, part := range []string{"seed is not a field that this model takes", "enhance_prompt is not a field"} {
		if !strings.Contains(got.Refused, part) {
			t.Errorf("its refusal has no %q: %s", part, got.Refused)
		}
	}
	if !strings.Contains(got.Images, "it takes text-to-video alone") {
		t.Errorf("its refusal of images is %s", got.Images)
	}
	if got.Statuses[0] != "queued" || got.Statuses[len(got.Statuses)-1] != "completed" {
		t.Errorf("it saw %q", got.Statuses)
	}
	w.stored(t, got.Job)
	if file, err := os.ReadFile(path); err != nil || !bytes.Equal(file, w.served(t, got.Job)) {
		t.Errorf("it got %d bytes, %v", len(file), err)
	}
	kept := ask[api.Video](w, t, http.StatusOK, http.MethodGet, api.PathOf(api.VideoPath, got.Job))
	if kept.Request == nil {
		t.Fatal("it has no request")
	}
	if name, _ := kept.Request.Value("external_task_id"); name != "sdk-1" || strings.Contains(w.creates(got.Job)[0].Body, "sdk-1") {
		t.Errorf("its own name of the job is kept as %v, and sent as %s", kept.Request, w.creates(got.Job)[0].Body)
	}
}

// testN8n makes the requests of n8n's node for the provider: it reads the models and their
// endpoints, posts with the options of its form, and polls until there is a URL.
func (w *world) testN8n(t *testing.T) {
	type model struct {
		ID, Type  string
		Endpoints []string
	}
	for _, path := range []string{"/models", "/v1/models"} {
		status, _, reply := call(t, http.MethodGet, w.stack.API+path, w.stack.Token, "", "X-Title: n8n AIMLAPI Node", "Content-Type: application/json")
		list := read[struct {
			Object string
			Data   []model
		}](t, http.StatusOK, status, reply)
		if list.Object != "list" || slices.ContainsFunc(list.Data, func(m model) bool { return m.ID == "" || m.Type != "video" || len(m.Endpoints) == 0 }) {
			t.Errorf("%s: %s", path, reply)
		}
		name := list.Data[len(list.Data)-1]
		prompt := w.prompt("a windmill, by way of n8n and " + path)
		body, err := json.Marshal(map[string]any{
			"model": name.ID, "prompt": prompt, "duration": 5, "aspect_ratio": "9:16", "type": "text-to-video", "external_task_id": "n8n-1",
		})
		if err != nil {
			t.Fatal(err)
		}
		endpoint := w.stack.API + name.Endpoints[0]
		status, _, reply = call(t, http.MethodPost, endpoint, w.stack.Token, string(body))
		job := read[api.Generation](t, http.StatusOK, status, reply).ID
		await(t, "the video that n8n waits for", func() bool {
			// n8n sends a Content-Type without a body.
			status, _, reply := call(t, http.MethodGet, endpoint+"?"+api.ParamGenerationID+"="+url.QueryEscape(job), w.stack.Token, "", "Content-Type: application/json")
			got := read[api.Generation](t, http.StatusOK, status, reply)
			return got.Status == video.StateCompleted && got.Video != nil && got.Video.URL != ""
		})
		w.stored(t, job)
	}
	// This is the form's default for this option.
	status, _, reply := call(t, http.MethodPost, w.stack.API+api.GenerationsPath, w.stack.Token, fmt.Sprintf(`{"prompt":%q,"type":"multi-image-to-video"}`, w.prompt("a windmill of images")))
	if got := read[api.Error](t, http.StatusBadRequest, status, reply); !strings.Contains(fmt.Sprint(got.Message), "type is") {
		t.Errorf("the message is %v", got.Message)
	}
}

// testContent fetches a file as players and downloaders do: by HEAD first, and with a token that
// they also send to S3.
func (w *world) testContent(t *testing.T) {
	job, _ := w.order(t, "headed", func(string) {})
	w.stored(t, job)
	file, content := w.served(t, job), w.stack.API+api.PathOf(api.ContentPath, job)
	status, header, _ := call(t, http.MethodHead, content, w.stack.Token, "")
	if status != http.StatusOK || header.Get("Content-Length") != fmt.Sprint(len(file)) || header.Get("Content-Type") != "video/mp4" {
		t.Errorf("HEAD: %d, %v", status, header)
	}
	curl := func(args ...string) string {
		t.Helper()
		said, err := exec.CommandContext(t.Context(), "curl", append([]string{"-s", "-H", "Authorization: Bearer " + w.stack.Token}, args...)...).Output()
		if err != nil {
			t.Fatalf("curl %q: %v", args, err)
		}
		return string(said)
	}
	if said := curl("-IL", content); !strings.Contains(said, " 200 ") || !strings.Contains(strings.ToLower(said), fmt.Sprintf("content-length: %d", len(file))) {
		t.Errorf("curl -IL: %s", said)
	}
	if said := curl("-L", content); said != string(file) {
		t.Errorf("curl -L got %d bytes", len(said))
	}
	// As wget --header does.
	if said := curl("-L", "--location-trusted", content); !strings.Contains(said, "Only one auth mechanism allowed") {
		t.Errorf("a token beside a signature gets %.200s", said)
	}
	urls := decode[api.File](t, []byte(curl(content+"?redirect=false")))
	if status, _, got := call(t, http.MethodGet, urls.DownloadURL, "", ""); status != http.StatusOK || !bytes.Equal(got, file) || urls.Bytes != int64(len(file)) {
		t.Errorf("by ?redirect=false: %d, %d bytes of %d", status, len(got), urls.Bytes)
	}
}

// testSlashes sends the paths of clients that join a base URL badly. Nothing is bought, and the
// answer says what is wrong.
func (w *world) testSlashes(t *testing.T) {
	prompt := w.prompt("a path with a slash too many")
	for _, path := range []string{"/" + api.GenerationsPath, api.GenerationsPath + "/", api.KlingGenerationPath + "//"} {
		status, _, reply := call(t, http.MethodPost, w.stack.API+path, w.stack.Token, fmt.Sprintf(`{"prompt":%q}`, prompt))
		got := read[api.Error](t, http.StatusNotFound, status, reply)
		if want := strings.TrimRight(strings.ReplaceAll(path, "//", "/"), "/"); !strings.Contains(got.Message.Text, "there is "+want+",") {
			t.Errorf("%s: %v", path, got.Message)
		}
	}
	if w.sent(prompt) {
		t.Error("it was bought")
	}
}

// testGateway checks API Gateway's own answers at the root, in the template's words.
func (w *world) testGateway(t *testing.T) {
	for _, test := range []struct {
		name, method, path, key, body string
		status                        int
		said                          string
	}{
		{"no token", http.MethodGet, "/videos", "", "", 401, "The token is missing or wrong"},
		{"a wrong token", http.MethodGet, "/videos", strings.Repeat("x", 48), "", 401, "The token is missing or wrong"},
		{"an unknown method", "BREW", "/videos", w.stack.Token, "", 404, "There is no such method or path"},
		{"a payload over 10 MiB", http.MethodPost, api.GenerationsPath, w.stack.Token, strings.Repeat(" ", 10<<20+1), 413, "The request is too large"},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, header, reply := call(t, test.method, w.stack.API+test.path, test.key, test.body)
			got := read[api.Error](t, test.status, status, reply)
			if !strings.HasPrefix(fmt.Sprint(got.Message), test.said) || got.Path != test.path || got.RequestID == "" || got.StatusCode != test.status || got.Timestamp == "" {
				t.Errorf("got %s", reply)
			}
			if header.Get("Content-Type") != "application/json" {
				t.Errorf("got %v", header)
			}
		})
	}
}
