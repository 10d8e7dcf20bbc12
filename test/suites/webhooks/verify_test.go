package webhooks_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/takeup/takeup/internal/notify/webhook/sign"
)

// webhook is a webhook as a receiver gets it.
type webhook struct {
	Secret  string            `json:"secret"` // that the receiver has
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	Now     int64             `json:"now"` // in seconds since 1970
	name    string
	good    bool
}

// The secrets of the tests, as the template generates them.
var (
	current  = "whsec_" + strings.Repeat("aBc1", 12)
	previous = "whsec_" + strings.Repeat("dEf2", 12)
)

// webhooks returns webhooks that Takeup signed, and others.
func webhooks(t *testing.T) []webhook {
	t.Helper()
	const body = `{"type":"video.completed","timestamp":"2026-08-21T12:02:10Z","data":{"id":"a.1","label":"ein Schiff – 船"}}`
	now := time.Now() // the libraries have no other clock
	signed := func(at time.Time, secrets ...string) map[string]string {
		var keys []sign.Secret
		for _, text := range secrets {
			key, err := sign.ParseSecret(text)
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, key)
		}
		header := sign.Header(keys, "a-paper-boat.1", at, []byte(body))
		headers := map[string]string{}
		for name := range header {
			headers[strings.ToLower(name)] = header.Get(name)
		}
		return headers
	}
	with := func(name, value string) map[string]string {
		headers := signed(now, current)
		headers[name] = value
		return headers
	}
	return []webhook{
		{current, signed(now, current), body, now.Unix(), "as it is sent", true},
		{current, signed(now, current, previous), body, now.Unix(), "after a rotation, with the new secret", true},
		{previous, signed(now, current, previous), body, now.Unix(), "after a rotation, with the old secret", true},
		{current, signed(now.Add(-4*time.Minute), current), body, now.Unix(), "four minutes old", true},
		{current, signed(now.Add(-6*time.Minute), current), body, now.Unix(), "six minutes old", false},
		{current, signed(now.Add(6*time.Minute), current), body, now.Unix(), "from the future", false},
		{current, signed(now, previous), body, now.Unix(), "signed with another secret", false},
		{current, signed(now, current), body + " ", now.Unix(), "with another body", false},
		{current, with("webhook-id", "a-paper-boat.2"), body, now.Unix(), "with another id", false},
		{current, with("webhook-timestamp", "1"), body, now.Unix(), "with another time", false},
		{current, with("webhook-timestamp", "soon"), body, now.Unix(), "without a time", false},
		{current, with("webhook-signature", "v1,"), body, now.Unix(), "with an empty signature", false},
		{current, with("webhook-signature", "v1"), body, now.Unix(), "without a signature", false},
		{current, with("webhook-signature", strings.Replace(signed(now, current)["webhook-signature"], "v1,", "v2,", 1)), body, now.Unix(), "with a signature of another kind", false},
	}
}

// accepts has a program say which webhooks its verifiers accept.
func accepts(t *testing.T, all []webhook, verifiers []string, program ...string) {
	t.Helper()
	input, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program[0], program[1:]...)
	var said bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", program, err, &said)
	}
	var accepted []map[string]bool
	if err := json.Unmarshal(out, &accepted); err != nil || len(accepted) != len(all) {
		t.Fatalf("%v says %s (%v)", program, out, err)
	}
	for i, w := range all {
		for _, verifier := range verifiers {
			if got, ok := accepted[i][verifier]; !ok || got != w.good {
				t.Errorf("%s, %s: accepted is %v", verifier, w.name, got)
			}
		}
	}
}

// code writes a program of the code in docs/webhooks.md and what calls it, and returns its file.
func code(t *testing.T, language, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(text), "```"+language+"\n")
	ours, _, ended := strings.Cut(after, "```\n")
	calls, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	if err != nil || !ok || !ended {
		t.Fatalf("docs/webhooks.md has no code in %s, or %v", language, err)
	}
	program := ours + "\n" + string(calls)
	if language == "go" {
		program = string(calls) + "\n" + ours
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestGo(t *testing.T) {
	all := webhooks(t)
	for _, w := range all {
		verifier, err := standardwebhooks.NewWebhook(w.Secret)
		if err != nil {
			t.Fatal(err)
		}
		header := http.Header{}
		for name, value := range w.Headers {
			header.Set(name, value)
		}
		if err := verifier.Verify([]byte(w.Body), header); (err == nil) != w.good {
			t.Errorf("the library, %s: %v", w.name, err)
		}
	}
	accepts(t, all, []string{"ours"}, "go", "run", code(t, "go", "verify.go"))
}

func TestPython(t *testing.T) {
	const python = "../../../.tools/standardwebhooks/bin/python"
	if _, err := os.Stat(python); err != nil {
		t.Fatalf("standardwebhooks is not installed: run make tools: %v", err)
	}
	accepts(t, webhooks(t), []string{"ours", "library"}, python, code(t, "python", "verify.py"))
}

func TestJavaScript(t *testing.T) {
	library, err := filepath.Abs("../../../tools/standardwebhooks/node_modules/standardwebhooks/package.json")
	if err == nil {
		_, err = os.Stat(library)
	}
	if err != nil {
		t.Fatalf("standardwebhooks is not installed: run make tools: %v", err)
	}
	accepts(t, webhooks(t), []string{"ours", "library"}, "node", code(t, "js", "verify.mjs"), library)
}
