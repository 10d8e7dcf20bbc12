package e2e

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/tokens"
	"github.com/takeup/takeup/internal/api/tokensecret"
	"github.com/takeup/takeup/internal/video"
)

// testOwners creates a token, whose jobs show their owner everywhere, and revokes it.
func (w *world) testOwners(t *testing.T) {
	token, err := tokens.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret := tokensecret.New(w.secrets, w.stack.Outputs["ApiTokenSecret"])
	change := func(change func(tokens.Tokens) (tokens.Tokens, error)) {
		t.Helper()
		if err := secret.Change(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	change(func(all tokens.Tokens) (tokens.Tokens, error) { return all.With("bob", token) })
	w.mu.Lock()
	w.private = append(w.private, token)
	w.mu.Unlock()
	await(t, "the new token", func() bool {
		status, _, _ := call(t, http.MethodGet, w.stack.API+"/videos?limit=1", token, "")
		return status == http.StatusOK
	})

	body := fmt.Sprintf(`{"prompt":%q}`, w.prompt("a paper boat of two owners"))
	post := func(token string, headers ...string) string {
		t.Helper()
		status, _, reply := call(t, http.MethodPost, w.stack.API+api.GenerationsPath, token, body, headers...)
		return read[api.Generation](t, http.StatusOK, status, reply).ID
	}
	const again = "X-Stainless-Retry-Count: 1"
	first, keyed := post(token), post(token, "Idempotency-Key: of-two-owners")
	if others := []string{post(w.stack.Token, again), post(w.stack.Token, "Idempotency-Key: of-two-owners")}; slices.Contains(others, first) || slices.Contains(others, keyed) {
		t.Errorf("another's jobs are %v, and bob's %s and %s", others, first, keyed)
	}
	if retried := post(token, again); retried != first {
		t.Errorf("bob's retry is %s, and not %s", retried, first)
	}
	w.stored(t, first)
	w.stored(t, keyed)
	var listed []string
	await(t, "the list of bob's jobs", func() bool {
		listed = nil
		for _, v := range w.listAll(t, "&owner=bob") {
			listed = append(listed, v.ID)
		}
		return len(listed) >= 2
	})
	if want := []string{keyed, first}; !slices.Equal(listed, want) {
		t.Errorf("bob's are %v, and not %v", listed, want)
	}
	w.usedBy(t, "bob", first, keyed)
	got := ask[struct {
		Owner    string
		Origin   video.Origin
		Manifest video.Manifest
	}](w, t, http.StatusOK, http.MethodGet, api.PathOf(api.VideoPath, first))
	if want := (video.Origin{Trigger: video.TriggerAPI, Token: "bob"}); got.Owner != "bob" || got.Origin != want || got.Manifest.Origin != want {
		t.Errorf("it is shown as %+v", got)
	}

	change(func(all tokens.Tokens) (tokens.Tokens, error) { return all.Without("bob") })
	await(t, "the end of the token", func() bool {
		status, _, _ := call(t, http.MethodGet, w.stack.API+"/videos?limit=1", token, "")
		return status == http.StatusUnauthorized
	})
	held, err := w.secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: new(w.stack.Outputs["ApiTokenSecret"])})
	if err != nil || *held.SecretString != fmt.Sprintf(`{%q:%q}`, tokens.Default, w.stack.Token) {
		t.Error("the secret does not hold the one token that was made with the stack")
	}
}
