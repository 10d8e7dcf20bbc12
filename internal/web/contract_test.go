package web_test

import (
	"bytes"
	"net/http/httptest"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/takeup/takeup/internal/simulator/contract"
	"github.com/takeup/takeup/internal/web"
)

// hold holds a reply against the provider's description of it.
func hold(t *testing.T, method string, w *httptest.ResponseRecorder) {
	t.Helper()
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("content type %q", got)
	}
	if method == "HEAD" {
		if w.Body.Len() > 0 {
			t.Errorf("a reply to HEAD has a body: %s", w.Body)
		}
		return
	}
	name := "generation"
	if w.Code >= 400 {
		name = "error"
	}
	replies, err := contract.Replies()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(replies[name]))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("https://contract.invalid/reply", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("https://contract.invalid/reply")
	if err != nil {
		t.Fatal(err)
	}
	reply, err := jsonschema.UnmarshalJSON(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	if err := schema.Validate(reply); err != nil {
		t.Errorf("%s is not the provider's %s: %v", w.Body, name, err)
	}
}

func TestPathsAreTheProviders(t *testing.T) {
	if web.LegacyPath != contract.LegacyPath || web.UniversalPath != contract.UniversalPath {
		t.Errorf("%s and %s are not the provider's paths", web.LegacyPath, web.UniversalPath)
	}
}
