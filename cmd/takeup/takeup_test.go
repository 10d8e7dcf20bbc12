package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vbauerster/mpb/v8"

	"github.com/takeup/takeup/internal/localstack"
	"github.com/takeup/takeup/internal/video"
)

func TestRequest(t *testing.T) {
	for _, test := range []struct {
		name   string
		prompt string
		given  parameters
		want   string // the request's JSON, or
		wrong  []string
	}{
		{
			name: "a prompt alone", prompt: "a\n\"b\" $5 \\",
			want: `{"aspect_ratio":"16:9","duration":5,"model":"kling-video/v1/pro/text-to-video","prompt":"a\n\"b\" $5 \\"}`,
		},
		{
			name: "everything", prompt: "p",
			given: parameters{Model: "kling-video/v1/standard/text-to-video", Duration: "10", AspectRatio: "1:1", NegativePrompt: "blur", CfgScale: "0.7"},
			want:  `{"aspect_ratio":"1:1","cfg_scale":0.7,"duration":10,"model":"kling-video/v1/standard/text-to-video","negative_prompt":"blur","prompt":"p"}`,
		},
		{name: "no prompt", wrong: []string{"\n  prompt is empty"}},
		{name: "several", prompt: "p", given: parameters{Duration: "7", CfgScale: "2"}, wrong: []string{"\n  duration is \"7\"", "\n  cfg_scale is \"2\""}},
		{name: "a model", prompt: "p", given: parameters{Model: "kling"}, wrong: []string{"\n  model \"kling\""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			request, err := test.given.request(test.prompt)
			if test.want != "" {
				data, encoded := json.Marshal(request)
				if err = errors.Join(err, encoded); err != nil || string(data) != test.want {
					t.Errorf("got %s, %v, want %s", data, err, test.want)
				}
				return
			}
			err = explain(err)
			if exitStatus(err, false) != exitUsage {
				t.Fatalf("got %v", err)
			}
			for _, words := range test.wrong {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("%q is not in %q", words, err)
				}
			}
		})
	}
}

func TestProvider(t *testing.T) {
	for _, test := range []struct {
		name  string
		given purchase
		want  *localstack.Provider
		wrong string
	}{
		{name: "none"},
		{name: "the real one", given: purchase{Key: "k\n"}, want: &localstack.Provider{BaseURL: defaultProvider, Key: "k"}},
		{name: "another", given: purchase{Key: "k", BaseURL: "https://x.example.com/api/"}, want: &localstack.Provider{BaseURL: "https://x.example.com/api", Key: "k"}},
		{name: "a stand-in", given: purchase{Key: "k", BaseURL: "http://127.0.0.1:9"}, want: &localstack.Provider{BaseURL: "http://127.0.0.1:9", Key: "k"}},
		{name: "an address without a key", given: purchase{BaseURL: "https://x.example.com"}, wrong: "AIMLAPI_KEY is not"},
		{name: "plain http", given: purchase{Key: "k", BaseURL: "http://x.example.com"}, wrong: "takes https://host"},
		{name: "no URL", given: purchase{Key: "k", BaseURL: "x.example.com"}, wrong: "takes https://host"},
		{name: "no key", given: purchase{Key: "my key"}, wrong: "the bare key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.given.provider()
			if test.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), test.wrong) || test.given.Key != "" && strings.Contains(err.Error(), test.given.Key+" ") {
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

func TestNobodyPaysUnasked(t *testing.T) {
	empty, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer empty.Close()
	w := newTestWorld(t)
	w.in = empty
	provider := &localstack.Provider{BaseURL: defaultProvider, Key: "secret"}
	var no *declined
	if err := (purchase{}).agree(w.world, provider); !errors.As(err, &no) || !strings.Contains(err.Error(), "YES=1") {
		t.Errorf("without a terminal: %v", err)
	}
	if err := (purchase{Yes: true}).agree(w.world, provider); err != nil {
		t.Errorf("with YES=1: %v", err)
	}
	if said := w.text.String(); !strings.Contains(said, "about 1 USD") || !strings.Contains(said, defaultProvider) || strings.Contains(said, "secret") {
		t.Errorf("it said %q", said)
	}
}

func TestCommandLine(t *testing.T) {
	f := newFakeAPI(t)
	f.posts, f.gets = []answer{posted()}, []answer{f.completed()}
	f.videos = []http.HandlerFunc{serveVideo("a video")}
	t.Chdir(t.TempDir())
	for _, test := range []struct {
		name string
		args []string
		exit int
		want string
	}{
		{"generate by address", []string{"generate", "--url", f.URL, "--token", token, "--out", "here", "--", "-a prompt"}, 0, ""},
		{"generate without a stack", []string{"generate", "a prompt"}, exitFailed, "no stack is running in .takeup; `make up` starts one; or give the address"},
		{"a wrong field", []string{"generate", "--url", f.URL, "--duration", "7", "a prompt"}, exitUsage, "duration"},
		{"no command", []string{"fly"}, exitUsage, "unexpected argument fly"},
		{"down without a stack", []string{"down"}, 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newTestWorld(t)
			err := command(t.Context(), w.world, test.args)
			if exitStatus(err, false) != test.exit || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
	if content, err := os.ReadFile(filepath.Join("here", "api-1.mp4")); err != nil || string(content) != "a video" {
		t.Errorf("the file has %q, %v", content, err)
	}
	if f.calls[0].body["prompt"] != "-a prompt" {
		t.Errorf("it sent %v", f.calls[0].body)
	}
}

func TestRunReadsTheEnvironment(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("PROMPT", "a prompt")
	t.Setenv("DURATION", "7")
	t.Setenv("CFG_SCALE", "2")
	t.Setenv("AIMLAPI_KEY", "k")
	err := command(t.Context(), newTestWorld(t).world, []string{"run"})
	var invalid *video.InvalidRequest
	if !errors.As(err, &invalid) || len(invalid.Fields) != 2 {
		t.Errorf("got %v", err)
	}
}

// TestMakePassesAnyPrompt runs the Makefile's run with another recipe, which
// shows what arrives.
func TestMakePassesAnyPrompt(t *testing.T) {
	probe := filepath.Join(t.TempDir(), "probe.mk")
	recipe := "\nrun other: ; @printf '%s|%s|%s' \"$$PROMPT\" \"$$AIMLAPI_KEY\" \"$$MAKEFLAGS\"\n"
	if err := os.WriteFile(probe, []byte(recipe), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(environment []string, args ...string) string {
		// Without what run needs: this is about its recipe's environment.
		args = append([]string{"-s", "-f", "Makefile", "-f", probe, "takeup=", "ministack=", "sam="}, args...)
		cmd := exec.CommandContext(t.Context(), "make", args...)
		cmd.Dir, cmd.Env = filepath.Join("..", ".."), append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, environment...)
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

func TestDisplayDrawsABar(t *testing.T) {
	w := newTestWorld(t)
	var screen bytes.Buffer
	d := &display{out: &screen, now: w.now, began: w.now(), expect: 10 * time.Second, last: "sending"}
	refresh := make(chan any)
	d.draw(mpb.WithManualRefresh(refresh))
	if err := w.sleep(t.Context(), 4*time.Second); err != nil {
		t.Fatal(err)
	}
	d.state("generating")
	refresh <- w.now()
	refresh <- w.now()
	d.close()
	d.close()
	for _, words := range []string{"   4.0 s  generating\n", "generating, about 6 s left", "4.0 s ["} {
		if !strings.Contains(screen.String(), words) {
			t.Errorf("%q is not in\n%s", words, screen.String())
		}
	}
	if err := w.sleep(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := d.estimate(); got != "generating, longer than usual" || d.fraction() >= 1 {
		t.Errorf("late: %q, %v", got, d.fraction())
	}
}
