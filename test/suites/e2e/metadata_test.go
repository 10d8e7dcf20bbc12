package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/api"
)

// testMetadata sends pairs with a request and in a prompt file. They are in the view, the manifest
// and the lists, and the provider gets none of them.
func (w *world) testMetadata(t *testing.T) {
	request := fmt.Sprintf(`{"prompt":%q,"metadata":{"project":"canary boats","scene.no":"7 = VII"}}`, w.prompt("a boat with pairs"))
	pairs := map[string]string{"project": "canary boats", "scene.no": "7 = VII"}
	posted := w.post(t, request, "Idempotency-Key: with-metadata")
	if again := w.post(t, request, "Idempotency-Key: with-metadata"); again != posted {
		t.Errorf("the same request is %s, and not %s", again, posted)
	}
	other := strings.Replace(request, "canary boats", "other boats", 1)
	if status, _, reply := call(t, http.MethodPost, w.stack.API+api.GenerationsPath, w.stack.Token, other, "Idempotency-Key: with-metadata"); status != http.StatusUnprocessableEntity {
		t.Errorf("with other pairs the key is answered %d: %s", status, reply)
	}
	key := "metadata.json"
	w.upload(t, key, []byte(request))
	uploaded := w.fileJob(key, []byte(request))
	await(t, "the job of the prompt file", func() bool {
		status, _, _ := call(t, http.MethodGet, w.stack.API+api.PathOf(api.VideoPath, uploaded), w.stack.Token, "")
		return status == http.StatusOK
	})
	for _, job := range []string{posted, uploaded} {
		w.stored(t, job)
		got := ask[api.Video](w, t, http.StatusOK, http.MethodGet, api.PathOf(api.VideoPath, job))
		if got.Request == nil || got.Manifest == nil || !maps.Equal(got.Request.Metadata(), pairs) || !maps.Equal(got.Manifest.Request.Metadata(), pairs) {
			t.Errorf("%s is shown as %+v", job, got)
		}
		if body := w.creates(job)[0].Body; strings.Contains(body, "canary boats") || strings.Contains(body, "metadata") {
			t.Errorf("the provider was sent %s", body)
		}
	}
	for query, want := range map[string]int{
		"&metadata.project=canary+boats": 2, "&metadata.project=canary+boats&metadata.scene.no=7+%3D+VII&status=completed": 2,
		"&metadata.project=canary+boats&metadata.scene.no=8": 0,
	} {
		await(t, "the list "+query, func() bool { return len(w.listAll(t, query)) == want })
	}
}
