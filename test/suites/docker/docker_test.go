package docker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/test/harness/checkout"
	"github.com/takeup/takeup/test/suites/commands"
)

// world is a copy of the repository with a stack and a Docker engine.
type world struct {
	dir   string
	env   []string
	stack *stack.Stack
	lines map[string]bool // every command line, also those of scripts
}

// TestInvoke runs every function in Lambda's container, against a stack that make up started.
func TestInvoke(t *testing.T) {
	w := &world{dir: checkout.New(t, "../../.."), lines: map[string]bool{}}
	// An engine that is started here can't reach a registry for the base image.
	w.env = checkout.Env(w.dir, "DOCKER_HOST="+engine(t), "SAM_SKIP_PULL_IMAGE=1")
	w.must(t, "make up")
	var err error
	if w.stack, err = stack.Open(filepath.Join(w.dir, ".takeup")); err != nil {
		t.Fatal(err)
	}
	// In the order of the state machine: each step needs what the one before it left.
	t.Run("submit", w.testSubmit)
	t.Run("check", w.testCheck)
	t.Run("store", w.testStore)
	t.Run("authorize", w.testAuthorize)
	t.Run("prompts", w.testPrompts)
	t.Run("api", w.testAPI)
	t.Run("store, with nothing there", w.testStoreAlone)
	t.Run("a redrive", w.testRedrive)
	t.Run("a function that fails", w.testFails)
	t.Run("a deployed stack", w.testDeployed)
	t.Run("SAM's own command", w.testRecipe)
	for _, command := range commands.InDocker() {
		if !w.lines[command] {
			t.Errorf("%q needs Docker, and is not typed here", command)
		}
	}
}

// typed runs a command line in a shell. It returns stdout, stderr and the error.
func (w *world) typed(t *testing.T, line string, env ...string) (out, said string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	for line := range strings.Lines(line) {
		w.lines[strings.TrimSuffix(line, "\n")] = true
	}
	cmd := checkout.Shell(ctx, w.dir, slices.Concat(w.env, env), line)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	err = cmd.Run()
	t.Logf("%5.1f s $ %s\n%s", time.Since(began).Seconds(), line, stdout.String())
	return stdout.String(), stderr.String(), err
}

// must is typed for a command that has to succeed.
func (w *world) must(t *testing.T, line string, env ...string) string {
	t.Helper()
	out, said, err := w.typed(t, line, env...)
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", line, err, out, said)
	}
	return out
}

// answer runs a function and decodes its response.
func answer[T any](t *testing.T, w *world, line string, env ...string) T {
	t.Helper()
	out := w.must(t, line, env...)
	var got T
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%s returned %q: %v", line, out, err)
	}
	return got
}

const (
	job = "a-paper-boat"
	// there makes the commands after it treat the local stack like one in AWS.
	there = "eval \"$(takeup env)\"\n"
)

func (w *world) testSubmit(t *testing.T) {
	first := answer[video.Job](t, w, "make invoke FUNCTION=submit")
	if first.ID != job || first.Status != video.Generating || first.GenerationID == "" {
		t.Errorf("it returned %+v", first)
	}
	if again := answer[video.Job](t, w, "takeup invoke submit"); again.GenerationID != first.GenerationID {
		t.Errorf("again, it returned %+v", again)
	}
}

func (w *world) testCheck(t *testing.T) {
	for _, got := range []video.Job{
		answer[video.Job](t, w, "make invoke FUNCTION=check"),
		answer[video.Job](t, w, there+"takeup invoke check --job a-paper-boat --stack takeup", "YES=1"),
	} {
		if got.ID != job || got.Status != video.Completed {
			t.Errorf("it returned %+v", got)
		}
	}
}

func (w *world) testStore(t *testing.T) {
	if got := answer[video.Job](t, w, "make invoke FUNCTION=store"); got.ID != job || got.Status != video.Stored {
		t.Errorf("it returned %+v", got)
	}
	w.stored(t, job)
}

// stored fails the test if a job's video is not in the bucket.
func (w *world) stored(t *testing.T, id string) {
	t.Helper()
	pages := s3.NewListObjectsV2Paginator(w.stack.S3(), &s3.ListObjectsV2Input{Bucket: aws.String(w.stack.Outputs["VideosBucket"]), Prefix: aws.String(objectkey.Videos)})
	there := map[objectkey.Kind]bool{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range page.Contents {
			if key, ok := objectkey.Parse(*object.Key); ok && key.Job.ID == id {
				there[key.Kind] = true
			}
		}
	}
	if !there[objectkey.KindVideo] || !there[objectkey.KindManifest] {
		t.Errorf("of job %s there are %v", id, there)
	}
}

func (w *world) testAuthorize(t *testing.T) {
	got := answer[struct {
		PolicyDocument struct {
			Statement []struct{ Effect string }
		} `json:"policyDocument"`
	}](t, w, "make invoke FUNCTION=authorize")
	if s := got.PolicyDocument.Statement; len(s) != 1 || s[0].Effect != "Allow" {
		t.Errorf("it returned %+v", got)
	}
}

func (w *world) testPrompts(t *testing.T) {
	if got := w.must(t, "make invoke FUNCTION=prompts"); got != "null\n" {
		t.Errorf("it returned %q", got)
	}
}

func (w *world) testAPI(t *testing.T) {
	for _, line := range []string{"make invoke FUNCTION=api", "cp events/api.json my-event.json\ntakeup invoke api --event my-event.json"} {
		got := answer[struct {
			StatusCode int    `json:"statusCode"`
			Body       string `json:"body"`
		}](t, w, line)
		if got.StatusCode != 201 || !strings.Contains(got.Body, `"queued"`) {
			t.Errorf("%s returned %+v", line, got)
		}
	}
}

// The sample's job is stored by now, so Submit and Check create another one.
func (w *world) testStoreAlone(t *testing.T) {
	got := answer[video.Job](t, w, "make invoke FUNCTION=store")
	if got.ID == job || got.Status != video.Stored {
		t.Errorf("it returned %+v", got)
	}
	w.stored(t, got.ID)
}

// A Submit that was invoked by hand leaves a job that a redrive resumes.
func (w *world) testRedrive(t *testing.T) {
	const id = "by-hand"
	w.must(t, `sed s/a-paper-boat/by-hand/ events/submit.json >by-hand.json && make invoke FUNCTION=submit EVENT=by-hand.json`)
	if got := w.must(t, "takeup redrive "+id+" --wait"); !strings.Contains(got, "completed") {
		t.Errorf("the redrive says %s", got)
	}
	w.stored(t, id)
}

func (w *world) testFails(t *testing.T) {
	// The sample of check names a generation that no account has, and the job of the sample of
	// submit. That job is stored, and the check must not end it.
	for _, test := range []struct{ line, want string }{
		{"make invoke FUNCTION=authorize EVENT=events/authorize.json", "AuthorizeFunction failed with Unauthorized"},
		{"make invoke FUNCTION=check EVENT=events/check.json", "CheckFunction failed with GenerationOverdue"},
		{"make invoke FUNCTION=publish", `there is no function "publish"; choose one of api, authorize, batch, check, deliver, outbox, prices, prompts, settle, store, submit, watch`},
		{"make invoke FUNCTION=check JOB=nobody", "there is no job nobody"},
	} {
		out, said, err := w.typed(t, test.line)
		if err == nil || !strings.Contains(said, test.want) {
			t.Errorf("%s: %v\n%s%s", test.line, err, out, said)
		}
	}
	if got := w.must(t, "takeup get "+job+" --json"); !strings.Contains(got, `"completed"`) {
		t.Errorf("job %s is now %s", job, got)
	}
}

// testDeployed passes the stack's name, as for a stack in AWS.
func (w *world) testDeployed(t *testing.T) {
	const invoke = there + "make invoke STACK=takeup "
	_, said, err := w.typed(t, invoke+"FUNCTION=submit")
	if err == nil || !strings.Contains(said, "It buys a video, at the price that takeup estimate shows, unless job a-paper-boat was submitted before") || !strings.Contains(said, "there is no terminal to ask in") {
		t.Errorf("nobody confirmed: %v\n%s", err, said)
	}
	if got := answer[video.Job](t, w, invoke+"FUNCTION=SubmitFunction YES=1"); got.ID != job {
		t.Errorf("it returned %+v", got)
	}
	_, said, err = w.typed(t, invoke+"FUNCTION=check YES=1")
	if err == nil || !strings.Contains(said, "the video of job a-paper-boat is stored already") {
		t.Errorf("nothing is made there: %v\n%s", err, said)
	}
}

// testRecipe follows docs/cli.md on SAM's own command: one command that keeps running in one
// terminal, and a block of commands in another.
func (w *world) testRecipe(t *testing.T) {
	text, err := os.ReadFile("../../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	all, err := commands.Find("docs/cli.md", string(text))
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(all, func(c commands.Command) bool { return strings.HasPrefix(c.Text, "takeup invoke --prepare") })
	if at < 0 {
		t.Fatal("docs/cli.md has no takeup invoke --prepare")
	}
	var recipe []string
	for _, c := range all[at:] {
		if c.Block == all[at].Block+1 {
			recipe = append(recipe, c.Text)
		}
	}

	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	w.lines[all[at].Text] = true
	prepare := checkout.Shell(ctx, w.dir, w.env, "exec "+all[at].Text)
	var said bytes.Buffer
	prepare.Stderr = &said
	out, err := prepare.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := prepare.Start(); err != nil {
		t.Fatal(err)
	}
	ready, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		got := answer[video.Job](t, w, strings.Join(recipe, "\n"))
		if got.ID != job || got.Status != video.Stored && got.Status != video.Generating {
			t.Errorf("it returned %+v", got)
		}
	}
	if signalled := prepare.Process.Signal(os.Interrupt); signalled != nil {
		t.Error(signalled)
	}
	if ended := prepare.Wait(); err != nil || ended != nil {
		t.Fatalf("%s: %v, %v\n%s%s", all[at], err, ended, ready, &said)
	}
	// The command in the document is the one that is printed.
	if command := strings.TrimSpace(strings.TrimPrefix(ready, "ready: ")); recipe[len(recipe)-1] != command {
		t.Errorf("docs/cli.md has %q, and takeup prints %q", recipe, command)
	}
}
