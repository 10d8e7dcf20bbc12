package local

import (
	"bytes"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/cli/clitest"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/generate"
	devstack "github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/internal/video"
)

func TestProvider(t *testing.T) {
	for _, test := range []struct {
		name  string
		given providerOptions
		want  *devstack.Provider
		wrong string
	}{
		{name: "none"},
		{name: "the provider itself", given: providerOptions{key: "k\n"}, want: &devstack.Provider{BaseURL: defaultProvider, Key: "k"}},
		{name: "another", given: providerOptions{key: "k", baseURL: "https://x.example.com/api/"}, want: &devstack.Provider{BaseURL: "https://x.example.com/api", Key: "k"}},
		{name: "a simulator", given: providerOptions{key: "k", baseURL: "http://127.0.0.1:9"}, want: &devstack.Provider{BaseURL: "http://127.0.0.1:9", Key: "k"}},
		{name: "an address without a key", given: providerOptions{baseURL: "https://x.example.com"}, wrong: "AIMLAPI_KEY is not"},
		{name: "plain http", given: providerOptions{key: "k", baseURL: "http://x.example.com"}, wrong: "must be https://host"},
		{name: "no URL", given: providerOptions{key: "k", baseURL: "x.example.com"}, wrong: "must be https://host"},
		{name: "no key", given: providerOptions{key: "my key"}, wrong: "the bare key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.given.provider()
			if test.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), test.wrong) || test.given.key != "" && strings.Contains(err.Error(), test.given.key+" ") {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || (got == nil) != (test.want == nil) || got != nil && *got != *test.want {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestPaymentNeedsConfirmation(t *testing.T) {
	w := clitest.New(t)
	simulator, err := sim.New(sim.Config{Settings: script.DefaultSettings(), Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(simulator)
	defer server.Close()
	provider, boat := &devstack.Provider{BaseURL: server.URL, Key: "secret"}, clitest.Request(t, "a boat")
	var no *command.Declined
	if err := (providerOptions{}).confirm(t.Context(), w.Env, provider, boat); !errors.As(err, &no) || !strings.Contains(err.Error(), "YES=1") {
		t.Errorf("without a terminal: %v", err)
	}
	if err := (providerOptions{yes: true}).confirm(t.Context(), w.Env, provider, boat); err != nil {
		t.Errorf("with YES=1: %v", err)
	}
	if output := w.Out.String(); !strings.Contains(output, "The video costs 0.98 USD by the provider's price list.") || !strings.Contains(output, server.URL) || strings.Contains(output, "secret") {
		t.Errorf("it printed %q", output)
	}
	server.Close()
	w.Out.Reset()
	if err := (providerOptions{yes: true}).confirm(t.Context(), w.Env, provider, boat); err != nil || !strings.Contains(w.Out.String(), "The price of the video is unknown: ") {
		t.Errorf("without a list: %v, %s", err, &w.Out)
	}
}

func TestRunReadsTheEnvironment(t *testing.T) {
	t.Chdir(t.TempDir())
	w := clitest.New(t)
	for name, value := range map[string]string{
		"PROMPT": "a prompt", "MODEL": "kling-video/v1/standard/text-to-video", "DURATION": "10", "ASPECT_RATIO": "1:1", "NEGATIVE_PROMPT": "blur", "CFG_SCALE": "0.7",
	} {
		w.Vars[name] = value
	}
	r := runner{env: w.Env}
	const want = `{"aspect_ratio":"1:1","cfg_scale":0.7,"duration":10,"model":"kling-video/v1/standard/text-to-video","negative_prompt":"blur","prompt":"a prompt"}`
	request, err := r.request()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := request.MarshalJSON(); err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestMakePassesAnyPrompt runs the Makefile's target run with another recipe, which shows the
// environment that arrives.
func TestMakePassesAnyPrompt(t *testing.T) {
	probe := filepath.Join(t.TempDir(), "probe.mk")
	recipe := "\nrun other: ; @printf '%s|%s|%s' \"$$PROMPT\" \"$$AIMLAPI_KEY\" \"$$MAKEFLAGS\"\n"
	if err := os.WriteFile(probe, []byte(recipe), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(environment []string, args ...string) string {
		// The prerequisites of run are left out: only its recipe's environment is tested.
		args = append([]string{"-s", "-e", "-f", "Makefile", "-f", probe}, args...)
		cmd := exec.CommandContext(t.Context(), "make", args...)
		cmd.Dir, cmd.Env = clitest.Root(t), append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "takeup=", "ministack=", "sam="}, environment...)
		var out, problems bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &problems
		if err := cmd.Run(); err != nil {
			t.Fatalf("make %q: %v\n%s", args, err, problems.String())
		}
		return out.String()
	}
	for _, prompt := range []string{
		"costs $5", "$$ $(shell id) ${HOME} $@", `"double" 'single'`, "`id` $(id)", "# no comment", `back \ slash \`,
		"two\nlines", "тест 🎬", "a := b", "-x --y", "%s %d", "",
	} {
		if got, want := run(nil, "run", "PROMPT="+prompt, "AIMLAPI_KEY=a$b"), prompt+"|a$b|"; !strings.HasPrefix(got, want) || strings.Contains(got, "AIMLAPI_KEY=") {
			t.Errorf("from the command line, %q arrives as %q", prompt, got)
		}
		if got, want := run([]string{"PROMPT=" + prompt, "AIMLAPI_KEY=a$b"}, "run"), prompt+"|a$b|"; !strings.HasPrefix(got, want) {
			t.Errorf("from the environment, %q arrives as %q", prompt, got)
		}
	}
	if got := run([]string{"PROMPT=private", "AIMLAPI_KEY=secret"}, "other"); !strings.HasPrefix(got, "||") {
		t.Errorf("another target gets %q", got)
	}
}

func TestAdviceWithoutAStack(t *testing.T) {
	r := runner{env: clitest.New(t).Env}
	if _, err := r.request(); err == nil || !strings.Contains(err.Error(), `as in make run PROMPT="`) {
		t.Errorf("without a prompt: %v", err)
	}
	for _, ended := range []error{
		&video.Unauthorized{}, &video.OutOfCredits{}, &video.ProviderBusy{}, &video.CapReached{}, &video.SubmissionLost{}, &video.GenerationFailed{},
		&video.GenerationOverdue{}, &video.VideoUnavailable{Err: io.EOF}, &video.VideoRejected{}, &video.ServiceUnavailable{Err: io.EOF},
	} {
		name := video.OutcomeName(ended)
		output := withoutStack(&generate.NoVideo{ID: "a", Status: video.StateFailed, Outcome: &api.Outcome{Name: name, Message: ended.Error()}})
		if strings.Contains(output, "redrive") || strings.Contains(output, "secret") || !strings.Contains(output, name) {
			t.Errorf("%s: %s", name, output)
		}
	}
}
