package video_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/hookurl"
)

// Only Whole has a webhook's URL. All other forms have its host and a mark, by which equal requests
// are recognized.
func TestWebhookIsSecret(t *testing.T) {
	const address = "https://hooks.example.com:8443/takeup?token=s3cret"
	request := video.RequestOf(map[string]any{"model": "m", "prompt": "a boat", "webhook": address})
	marked, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	var read, whole video.Request
	if err := json.Unmarshal(marked, &read); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(request.Whole(), &whole); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(read)
	if err != nil {
		t.Fatal(err)
	}
	for form, text := range map[string]string{"JSON": string(marked), "body": string(request.Body()), "text": request.String(), "outline": string(request.Outline().Whole())} {
		if strings.Contains(text, "s3cret") || strings.Contains(text, "/takeup") {
			t.Errorf("its %s has the URL: %s", form, text)
		}
	}
	if !strings.Contains(string(marked), `"webhook":"hooks.example.com:8443^`) || string(again) != string(marked) {
		t.Errorf("it is marked as %s, then as %s", marked, again)
	}
	if read.Hash() != request.Hash() || whole.Hash() != request.Hash() {
		t.Error("the marked request is another one")
	}
	if read.Webhook() != "" || whole.Webhook() != address || hookurl.Host(read.WebhookField()) != "hooks.example.com:8443" || hookurl.Host(address) != "hooks.example.com:8443" {
		t.Errorf("read as %q and %q, at %q and %q", read.Webhook(), whole.Webhook(), read.WebhookField(), request.WebhookField())
	}
	other := video.RequestOf(map[string]any{"model": "m", "prompt": "a boat", "webhook": address + "x"})
	without := video.RequestOf(map[string]any{"model": "m", "prompt": "a boat"})
	if other.Hash() == request.Hash() || without.Hash() == request.Hash() || hookurl.Host(without.WebhookField()) != "" {
		t.Error("another webhook is the same request")
	}
}
