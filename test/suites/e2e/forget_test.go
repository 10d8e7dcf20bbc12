package e2e

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/internal/video"
)

// testForgotten forgets a stored video: its prompt is removed from the table, the lists and the
// manifest. The video stays, and the same request is still the same job.
func (w *world) testForgotten(t *testing.T) {
	job, prompt := w.order(t, "forgotten", func(job string) { w.doom(job, script.Fate{Outcome: script.OutcomeNever}) })
	await(t, "the generation", func() bool {
		return ask[api.Video](w, t, http.StatusOK, http.MethodGet, api.PathOf(api.VideoPath, job)).Status == video.StateGenerating
	})
	if refused := ask[api.Error](w, t, http.StatusConflict, http.MethodPost, api.PathOf(api.ForgetPath, job)); !strings.Contains(fmt.Sprint(refused.Message), "wait until it has ended") {
		t.Errorf("while it is generated: %v", refused.Message)
	}
	w.complete(t, job)
	w.stored(t, job)
	locator := w.entry(t, job).Locator()
	whole := w.object(t, objectkey.Manifest(locator))
	if !strings.Contains(string(whole), prompt) {
		t.Fatalf("the manifest is %s", whole)
	}
	c := w.commandLine(t)
	if said := c.run(t, "forget", job); !strings.Contains(said, job+"  forgotten") || !strings.Contains(said, "Step Functions") {
		t.Errorf("printed %s", said)
	}
	got := ask[api.Forgotten](w, t, http.StatusOK, http.MethodPost, api.PathOf(api.ForgetPath, job))
	if got.Video.ForgottenAt == nil || got.Video.Prompt != nil || got.Video.Cost == nil || got.Video.Status != video.StateCompleted || len(got.Stays) < 3 {
		t.Errorf("it is %+v", got)
	}
	body := w.object(t, objectkey.Manifest(locator))
	manifest := decode[video.Manifest](t, body)
	if err := w.schema.Validate(decode[any](t, body)); err != nil || strings.Contains(string(body), prompt) || manifest.RequestHash == "" {
		t.Errorf("the manifest is %s, %v", body, err)
	}
	for name, reply := range map[string]string{"shown": api.PathOf(api.VideoPath, job), "listed": "/videos?limit=50"} {
		if status, _, said := call(t, http.MethodGet, w.stack.API+reply, w.stack.Token, ""); status != http.StatusOK || strings.Contains(string(said), prompt) {
			t.Errorf("%s: %d, %s", name, status, said)
		}
	}
	if !slices.ContainsFunc(w.listAll(t, ""), func(v api.Video) bool { return v.ID == job }) {
		t.Error("it is not listed any more")
	}
	if refused := ask[api.Error](w, t, http.StatusConflict, http.MethodPost, api.PathOf(api.RedrivePath, job)); !strings.Contains(fmt.Sprint(refused.Message), "forgotten") {
		t.Errorf("a redrive: %v", refused.Message)
	}
	if again := w.post(t, fmt.Sprintf(`{"prompt":%q}`, prompt), "Idempotency-Key: forgotten"); again != job {
		t.Errorf("the same request is %s", again)
	}
	w.boughtOnce(t, job)
	if file := w.object(t, objectkey.Video(locator)); len(file) == 0 {
		t.Error("the video is gone")
	}
}

// probePoster stores a poster and reads it by the URL that it then has.
func (w *world) probePoster(t *testing.T) error {
	id := w.fresh()
	w.shelved(t, id)
	picture := append([]byte("RIFF\x18\x00\x00\x00WEBPVP8 "), make([]byte, 16)...)
	body := `{"webp":"` + base64.StdEncoding.EncodeToString(picture) + `"}`
	got, err := invokeAPI[api.File](w, t, http.StatusOK, http.MethodPut, api.PathOf(api.PosterPath, id), body)
	if err != nil {
		return err
	}
	if got.PosterURL == nil {
		return errors.New("it has no poster")
	}
	if status, header, stored := call(t, http.MethodGet, *got.PosterURL, "", ""); status != http.StatusOK || !bytes.Equal(stored, picture) || header.Get("Content-Type") != "image/webp" {
		return fmt.Errorf("the poster: %d, %q, %s", status, stored, header.Get("Content-Type"))
	}
	return nil
}

func (w *world) probeForget(t *testing.T) error {
	id := w.fresh()
	w.shelved(t, id)
	got, err := invokeAPI[api.Forgotten](w, t, http.StatusOK, http.MethodPost, api.PathOf(api.ForgetPath, id), "")
	if err == nil && got.Video.ForgottenAt == nil {
		err = errors.New("it is not forgotten")
	}
	return err
}
