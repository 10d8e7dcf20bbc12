package e2e

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

// ask calls the API with its token. It decodes the reply, and fails the test unless the status
// is want.
func ask[T any](w *world, t *testing.T, want int, method, path string) T {
	t.Helper()
	status, _, reply := call(t, method, w.stack.API+path, w.stack.Token, "")
	return read[T](t, want, status, reply)
}

// listAll walks through the pages of a list.
func (w *world) listAll(t *testing.T, query string) []api.Video {
	t.Helper()
	var all []api.Video
	for cursor := ""; ; {
		page := ask[api.VideoList](w, t, http.StatusOK, http.MethodGet, "/videos?limit=7"+query+cursor)
		all = append(all, page.Videos...)
		if page.Next == nil {
			return all
		}
		cursor = "&cursor=" + *page.Next
	}
}

// testVideos reads one job in every way that the API offers.
func (w *world) testVideos(t *testing.T) {
	job, prompt := w.order(t, "looked-at", func(string) {})
	if got := ask[api.Video](w, t, http.StatusOK, http.MethodGet, api.PathOf(api.VideoPath, job)); got.Estimate == nil || got.Estimate.UsualSeconds == nil || *got.Estimate.UsualSeconds < 1 || got.Video != nil {
		t.Errorf("at its start it is %+v", got)
	}
	w.stored(t, job)
	got := ask[api.Video](w, t, http.StatusOK, http.MethodGet, api.PathOf(api.VideoPath, job))
	file := w.served(t, job)
	if got.Status != video.StateCompleted || got.Request == nil || got.Request.Prompt() != prompt || got.Cost == nil || got.Cost.USD != 0.98 || got.Manifest == nil || got.Video.Bytes != int64(len(file)) {
		t.Fatalf("got %+v", got)
	}
	for url, disposition := range map[string]string{got.Video.URL: "inline", got.Video.DownloadURL: "attachment"} {
		status, header, body := call(t, http.MethodGet, url, "", "")
		if status != http.StatusOK || !bytes.Equal(body, file) || !strings.HasPrefix(header.Get("Content-Disposition"), disposition+`; filename="`+job) {
			t.Errorf("%s: %d, %v", disposition, status, header)
		}
	}
	// A client that follows the redirect drops the token, as curl does.
	status, header, body := call(t, http.MethodGet, w.stack.API+api.PathOf(api.ContentPath, job), w.stack.Token, "")
	if status != http.StatusOK || !bytes.Equal(body, file) || !strings.HasPrefix(header.Get("Content-Disposition"), "attachment") {
		t.Errorf("its content: %d, %v, %.100s", status, header, body)
	}
	code, _, reply := call(t, http.MethodPost, w.stack.API+api.StatusesPath, w.stack.Token, `{"ids":["nobody","`+job+`"]}`)
	statuses := read[api.StatusList](t, http.StatusOK, code, reply).Statuses
	if len(statuses) != 1 || statuses[0].ID != job || statuses[0].Status != video.StateCompleted || *statuses[0].Paid != video.PaidYes || statuses[0].Redrivable {
		t.Errorf("its status is %+v", statuses)
	}
	today := got.Manifest.CreatedAt.UTC().Format(time.DateOnly)
	for _, query := range []string{"", "&status=completed", "&model=" + catalogue.Default(all.Models()), "&q=" + url.QueryEscape(prompt), "&from=" + today} {
		found := slices.DeleteFunc(w.listAll(t, query), func(v api.Video) bool { return v.ID != job })
		if len(found) != 1 || found[0].Status != video.StateCompleted || found[0].Video == nil {
			t.Errorf("listed by %q as %+v", query, found)
		}
	}
}

// testCancel cancels a job that the provider has no room for. It is never submitted again.
func (w *world) testCancel(t *testing.T) {
	job, _ := w.order(t, "cancelled", func(job string) {
		w.fail(job, func(call script.Call) script.Fault {
			if call.Kind != script.KindCreate {
				return script.Fault{}
			}
			return script.Fault{Status: http.StatusTooManyRequests, RetryAfter: "2"}
		})
	})
	await(t, "a refusal", func() bool { return len(w.creates(job)) > 0 })
	var got api.Video
	await(t, "a moment at which it isn't being submitted", func() bool {
		status, header, reply := call(t, http.MethodDelete, w.stack.API+api.PathOf(api.VideoPath, job), w.stack.Token, "")
		if status == http.StatusConflict && header.Get("Retry-After") != "" {
			return false
		}
		got = read[api.Video](t, http.StatusOK, status, reply)
		return true
	})
	sent := len(w.creates(job))
	if got.Status != video.StateCancelled || got.Error == nil || got.Error.Name != "Cancelled" || got.Error.Paid != "no" || got.Error.Redrivable {
		t.Fatalf("got %+v, %+v", got, got.Error)
	}
	w.endedWith(t, job, "Cancelled", "nothing was paid")
	if len(w.generations(job)) > 0 || len(w.creates(job)) != sent {
		t.Errorf("it was submitted %d times, %d of them before it was cancelled", len(w.creates(job)), sent)
	}
	ask[api.Video](w, t, http.StatusOK, http.MethodDelete, api.PathOf(api.VideoPath, job))
	if refused := ask[api.Error](w, t, http.StatusConflict, http.MethodPost, api.PathOf(api.RedrivePath, job)); !strings.Contains(fmt.Sprint(refused.Message), "stays") {
		t.Errorf("a redrive: %v", refused.Message)
	}
}

// testDiscard gives up a video while it is generated, and then wants it after all.
func (w *world) testDiscard(t *testing.T) {
	job, _ := w.order(t, "given-up", func(job string) { w.doom(job, script.Fate{Outcome: script.OutcomeNever}) })
	await(t, "the generation", func() bool {
		return ask[api.Video](w, t, http.StatusOK, http.MethodGet, api.PathOf(api.VideoPath, job)).Status == video.StateGenerating
	})
	if refused := ask[api.Error](w, t, http.StatusConflict, http.MethodDelete, api.PathOf(api.VideoPath, job)); !strings.Contains(fmt.Sprint(refused.Message), "will charge") {
		t.Errorf("without discard: %v", refused.Message)
	}
	if got := ask[api.Video](w, t, http.StatusAccepted, http.MethodDelete, api.PathOf(api.VideoPath, job)+"?discard=true"); !got.Discard || got.Status != video.StateGenerating {
		t.Errorf("with it: %+v", got)
	}
	w.complete(t, job)
	w.endedWith(t, job, "Discarded", "charged all the same")
	w.boughtOnce(t, job)
	got := ask[api.Video](w, t, http.StatusOK, http.MethodGet, api.PathOf(api.VideoPath, job))
	if got.Status != video.StateDiscarded || got.Error.Paid != "yes" || got.Cost == nil || got.Cost.USD != 0.98 {
		t.Errorf("it ended as %+v, %+v", got, got.Error)
	}
	ask[api.Video](w, t, http.StatusAccepted, http.MethodPost, api.PathOf(api.RedrivePath, job))
	w.succeeded(t, job+"-r1")
	w.stored(t, job)
	if found := slices.DeleteFunc(w.listAll(t, ""), func(v api.Video) bool { return v.ID != job }); len(found) != 1 || found[0].Status != video.StateCompleted {
		t.Errorf("listed as %+v", found)
	}
}

// testDiscardStored removes a stored video from the bucket.
func (w *world) testDiscardStored(t *testing.T) {
	job, _ := w.order(t, "removed", func(string) {})
	w.stored(t, job)
	ask[api.Error](w, t, http.StatusConflict, http.MethodDelete, api.PathOf(api.VideoPath, job))
	if got := ask[api.Video](w, t, http.StatusOK, http.MethodDelete, api.PathOf(api.VideoPath, job)+"?discard=true"); got.Status != video.StateDiscarded || got.Cost == nil {
		t.Errorf("got %+v", got)
	}
	if keys := w.objects(t, job); len(keys) > 0 {
		t.Errorf("there are %v", keys)
	}
	if got := w.end(t, job); got.Error == nil || got.Error.Name != "Discarded" {
		t.Errorf("on the provider's path it is %+v", got)
	}
}

// form requests an upload form from the API.
func (w *world) form(t *testing.T) api.Upload {
	t.Helper()
	status, _, reply := call(t, http.MethodPost, w.stack.API+api.UploadsPath, w.stack.Token, `{"type":"txt"}`)
	return read[api.Upload](t, http.StatusCreated, status, reply)
}

// sendForm uploads a text by a form and returns S3's answer.
func sendForm(t *testing.T, form api.Upload, content string) (int, string) {
	t.Helper()
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	for name, value := range form.Fields {
		if err := parts.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	file, err := parts.CreateFormFile("file", "any name.txt")
	if err == nil {
		_, err = io.WriteString(file, content)
	}
	if err != nil || parts.Close() != nil {
		t.Fatal(err)
	}
	status, _, answer := call(t, http.MethodPost, form.URL, "", body.String(), "Content-Type: "+parts.FormDataContentType())
	return status, string(answer)
}

// testForm uploads a prompt file by a form of the API.
func (w *world) testForm(t *testing.T) {
	prompt := w.prompt("a harbour at dawn, uploaded by a form")
	form := w.form(t)
	if form.MaxBytes != video.MaxRequestBytes {
		t.Errorf("at most %d bytes", form.MaxBytes)
	}
	if status, answer := sendForm(t, form, prompt); status != http.StatusNoContent {
		t.Fatalf("the upload: %d, %s", status, answer)
	}
	await(t, "the job of the upload", func() bool {
		return slices.ContainsFunc(w.listAll(t, "&status=completed"), func(v api.Video) bool { return v.Prompt != nil && *v.Prompt == prompt })
	})
	if status, answer := sendForm(t, w.form(t), strings.Repeat("x", video.MaxRequestBytes+1)); status < 400 || !strings.Contains(answer, "EntityTooLarge") {
		t.Errorf("a file that is too large: %d, %s", status, answer)
	}
}

// testOpen requests, without the token, what needs none.
func (w *world) testOpen(t *testing.T) {
	status, header, body := call(t, http.MethodGet, w.stack.API+"/openapi.json", "", "")
	if description := decode[map[string]any](t, body); status != http.StatusOK || description["openapi"] != "3.1.0" {
		t.Errorf("the description: %d, %v", status, header)
	}
	for _, path := range []string{api.KlingGenerationPath, api.GenerationsPath, "/videos", "/videos/a", "/uploads"} {
		status, header, body := call(t, http.MethodOptions, w.stack.API+path, "", "", "Origin: https://example.com", "Access-Control-Request-Method: GET")
		if status != http.StatusNoContent || header.Get("Allow") == "" || len(body) > 0 || header.Get("Access-Control-Allow-Methods") != "" {
			t.Errorf("OPTIONS %s: %d, %v", path, status, header)
		}
	}
	for _, path := range []string{"/videos", "/videos/a", "/videos/a/content", "/models", "/openapi.jsonx"} {
		if status, _, reply := call(t, http.MethodGet, w.stack.API+path, "", ""); status != http.StatusUnauthorized {
			t.Errorf("%s without the token: %d, %s", path, status, reply)
		}
	}
}

// finished waits until no job runs.
func (w *world) finished(t *testing.T) {
	t.Helper()
	running := new([]api.Video)
	defer func() {
		for _, job := range *running {
			t.Logf("still running: %s, %s", job.ID, job.Status)
		}
	}()
	await(t, "the end of all jobs", func() bool {
		*running = w.listAll(t, "&status=running")
		return len(*running) == 0
	})
}
