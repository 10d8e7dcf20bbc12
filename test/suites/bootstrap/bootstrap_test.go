package bootstrap

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/batches"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/provider/aimlapi/pricelist"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/test/harness/lambdas"
)

// world is the built functions and the services that they call.
type world struct {
	*services
	all      map[string]lambdas.Function
	binaries map[string]string
}

// invoke runs a function as the template sets it up.
func (w *world) invoke(t *testing.T, name string, event []byte) outcome {
	t.Helper()
	env := w.platform()
	maps.Copy(env, w.all[name].Environment)
	return invoke(t, w.binaries[name], w.all[name].Timeout, env, event)
}

func TestBootstraps(t *testing.T) {
	services := newServices(t)
	all, err := lambdas.Functions(root, services.parameters())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{services: services, all: all, binaries: build(t, all)}
	want := []string{"api", "authorize", "batch", "check", "deliver", "outbox", "prices", "prompts", "settle", "store", "submit", "watch"}
	for _, name := range want {
		if _, ok := all[name]; !ok {
			t.Fatalf("the template has no function in functions/%s", name)
		}
	}
	if len(all) != len(want) {
		t.Errorf("the template has %d functions; run the new one here, too", len(all))
	}
	// In the order of the state machine: each step needs what the one before it left.
	t.Run("submit", w.testSubmit)
	t.Run("check", w.testCheck)
	t.Run("store", w.testStore)
	t.Run("api", w.testAPI)
	t.Run("authorize", w.testAuthorize)
	t.Run("prompts", w.testPrompts)
	t.Run("settle", w.testSettle)
	t.Run("outbox", w.testOutbox)
	t.Run("deliver", w.testDeliver)
	t.Run("prices", w.testPrices)
	t.Run("watch", w.testWatch)
	t.Run("batch", w.testBatch)
	t.Run("without settings", w.testNoSettings)
}

func (w *world) testSubmit(t *testing.T) {
	job := answered[video.Job](t, w.invoke(t, "submit", event(t, "submit")))
	if job.ID != "a-paper-boat" || job.Status != video.Generating || job.Provider != "aimlapi" || job.Handle == "" || job.WaitSeconds < 1 {
		t.Errorf("it returned %+v", job)
	}
	bought := w.provider.Ledger().Generations
	if len(bought) != 1 || !strings.HasPrefix(bought[0].ID, job.GenerationID) || bought[0].ClientRequestID != "a-paper-boat.1" {
		t.Errorf("the provider has %+v", bought)
	}
	if n := len(w.jobs.All()); n != 6 {
		t.Errorf("the table has %d items, and not the job, its request, the day, the control, the counters of the month and those of the day", n)
	}

	refused := w.invoke(t, "submit", []byte(`{"execution":"seven","input":{"prompt":"a paper boat","duration":7}}`))
	if got := failedWith(t, refused, "InvalidRequest"); !strings.Contains(got.Message, "5 or 10") {
		t.Errorf("the message is %s", got.Message)
	}
	if strings.Contains(string(refused.log), "a paper boat") {
		t.Errorf("the prompt is logged: %s", refused.log)
	}
}

// testCheck checks the sample event's generation, which was submitted long ago.
func (w *world) testCheck(t *testing.T) {
	overdue := failedWith(t, w.invoke(t, "check", event(t, "check")), "GenerationOverdue")
	if !strings.Contains(overdue.Message, "60ac7c34") {
		t.Errorf("the message is %s", overdue.Message)
	}
	w.retrieves(`{"id":"60ac7c34-3224-4b14-8e7d-0aa0db708325:kling-video/v1/pro/text-to-video","status":"completed","video":{"url":"https://cdn.example/video.mp4"}}`)
	if job := answered[video.Job](t, w.invoke(t, "check", event(t, "check"))); job.Status != video.Completed || job.WaitSeconds < 1 {
		t.Errorf("it returned %+v", job)
	}
}

// testStore stores the video that Submit bought.
func (w *world) testStore(t *testing.T) {
	served, url := w.served(t)
	// The event's generation is not the job's, so it is not stored as the job's video.
	failedWith(t, w.invoke(t, "store", event(t, "store")), "InvalidRequest")
	bought := w.provider.Ledger().Generations[0].ID
	w.retrieves(fmt.Sprintf(`{"id":%q,"status":"completed","video":{"url":%q}}`, bought, url))
	const sample = "60ac7c34-3224-4b14-8e7d-0aa0db708325"
	id, _, _ := strings.Cut(bought, ":")
	got := w.invoke(t, "store", []byte(strings.ReplaceAll(string(event(t, "store")), sample, id)))
	job := answered[video.Job](t, got)
	address, ours := strings.CutPrefix(job.Video, "s3://"+lambdas.VideosBucket+"/")
	key, parsed := objectkey.Parse(address)
	if job.Status != video.Stored || !ours || !parsed || key.Kind != objectkey.KindVideo || key.Job.ID != "a-paper-boat" {
		t.Errorf("it returned %+v", job)
	}
	file, _ := w.s3.Object(lambdas.VideosBucket, address)
	if string(file.Body) != string(served) {
		t.Errorf("%d bytes are stored, and not the %d that were served", len(file.Body), len(served))
	}
	if _, ok := w.s3.Object(lambdas.VideosBucket, objectkey.Manifest(key.Job)); !ok {
		t.Error("there is no manifest")
	}
	if strings.Contains(string(got.log), "ksSign") {
		t.Errorf("the URL is logged: %s", got.log)
	}
}

// served returns the file of the generation that was bought, and its URL.
func (w *world) served(t *testing.T) (file []byte, url string) {
	t.Helper()
	w.mu.Lock()
	w.fault = script.Fault{}
	w.mu.Unlock()
	id := w.provider.Ledger().Generations[0].ID
	var reply struct{ Video struct{ URL string } }
	if err := json.Unmarshal(get(t, w.url+"/v2/video/generations?generation_id="+id), &reply); err != nil {
		t.Fatal(err)
	}
	return get(t, reply.Video.URL), reply.Video.URL
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%d, %v: %s", response.StatusCode, err, body)
	}
	return body
}

func (w *world) testAPI(t *testing.T) {
	reply := answered[events.APIGatewayProxyResponse](t, w.invoke(t, "api", event(t, "api")))
	job := jobs.IDFromKey("api", "default", "a-paper-boat")
	var got struct{ ID, Status string }
	if err := json.Unmarshal([]byte(reply.Body), &got); err != nil || reply.StatusCode != http.StatusCreated || got.ID != job || got.Status != "queued" {
		t.Errorf("it returned (%v) %+v", err, reply)
	}
	if !slices.ContainsFunc(w.executions(), func(e started) bool { return e.Name == job && e.Machine == lambdas.StateMachine }) {
		t.Errorf("the executions are %+v", w.executions())
	}
}

func (w *world) testAuthorize(t *testing.T) {
	got := answered[events.APIGatewayCustomAuthorizerResponse](t, w.invoke(t, "authorize", event(t, "authorize")))
	if s := got.PolicyDocument.Statement; got.PrincipalID != "alice" || len(s) != 1 || s[0].Effect != "Allow" || !strings.HasSuffix(s[0].Resource[0], ":a1b2c3d4e5/takeup/*") {
		t.Errorf("it returned %+v", got)
	}
	wrong := strings.Replace(string(event(t, "authorize")), token, "wrong", 1)
	// API Gateway answers 401 to this text only.
	if refused := failedWith(t, w.invoke(t, "authorize", []byte(wrong)), "Unauthorized"); refused.Message != "Unauthorized" {
		t.Errorf("the message is %s", refused.Message)
	}
}

// testSettle runs a sweep. None of the jobs here has ended, or has lacked an execution for long.
func (w *world) testSettle(t *testing.T) {
	if got := w.invoke(t, "settle", event(t, "settle")); got.Failed || string(got.Body) != "null" {
		t.Errorf("it returned %s", got.Body)
	}
	if wrong := w.invoke(t, "settle", []byte(`{}`)); !wrong.Failed {
		t.Errorf("an event without a cause is accepted: %s", wrong.Body)
	}
}

// testOutbox tells nothing: the video that was stored here has just ended, and its record of the
// stream did not come.
func (w *world) testOutbox(t *testing.T) {
	if got := w.invoke(t, "outbox", event(t, "outbox")); got.Failed || string(got.Body) != "null" || !strings.Contains(string(got.log), `"told":0`) || !strings.Contains(string(got.log), `"xray_trace_id":"`+traceRoot+`"`) || strings.Contains(string(got.log), "ERROR") {
		t.Errorf("it returned %s: %s", got.Body, got.log)
	}
}

// testWatch finds the video that was bought and stored here, and nothing that needs a person.
func (w *world) testWatch(t *testing.T) {
	if got := w.invoke(t, "watch", event(t, "watch")); got.Failed || string(got.Body) != "null" || !strings.Contains(string(got.log), `"findings":0,"stuck":0`) {
		t.Errorf("it returned %s: %s", got.Body, got.log)
	}
}

// testDeliver keeps the webhook of a job that has none.
func (w *world) testDeliver(t *testing.T) {
	got := w.invoke(t, "deliver", event(t, "deliver"))
	w.mu.Lock()
	defer w.mu.Unlock()
	if got.Failed || string(got.Body) != "null" || len(w.messages) != 1 || !strings.HasPrefix(w.messages[0], lambdas.UndeliveredQueue+` {"id":"a-paper-boat.1"`) {
		t.Errorf("it returned %s, and sent %q: %s", got.Body, w.messages, got.log)
	}
}

// testPrices fetches the simulator's price list, and then finds it unchanged.
func (w *world) testPrices(t *testing.T) {
	first := answered[pricelist.Result](t, w.invoke(t, "prices", event(t, "prices")))
	if again := answered[pricelist.Result](t, w.invoke(t, "prices", event(t, "prices"))); !first.Changed || again.Changed || !again.Asked || again.Models != len(catalogue.All(all.Models())) {
		t.Errorf("it returned %+v, then %+v", first, again)
	}
	if wrong := w.invoke(t, "prices", []byte(`[]`)); !wrong.Failed {
		t.Errorf("an invalid event is accepted: %s", wrong.Body)
	}
}

// testBatch plans the file of the sample event's batch, and makes the results of the run.
func (w *world) testBatch(t *testing.T) {
	const key = "boats.csv"
	etag := w.s3.Put(lambdas.PromptsBucket, key, []byte("prompt\na paper boat of a file\n"))
	file := record.Source{Bucket: lambdas.PromptsBucket, Key: key, Version: strings.Trim(etag, `"`)}
	b := record.Batch{ID: "batches-a", Name: "boats", CreatedAt: time.Now(), Format: "csv", Attended: true}
	b.Arrive(file)
	entries := table.New(w.jobs, lambdas.JobsTable, func() string { return "mark" }, func(time.Duration) time.Duration { return 0 })
	if _, _, err := entries.CreateBatch(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	plan := []byte(strings.Replace(string(event(t, "batch")), `"report"`, `"plan"`, 1))
	if planned := answered[batches.Planned](t, w.invoke(t, "batch", plan)); planned.Next != batches.GoEnd || planned.Bucket != lambdas.VideosBucket {
		t.Errorf("the plan is %+v", planned)
	}
	if made, _, err := entries.Batch(t.Context(), b.ID); err != nil || made.State != record.Planned || made.Todo != 1 {
		t.Errorf("planned, it is %+v, %v", made, err)
	}
	got := w.invoke(t, "batch", event(t, "batch"))
	if report := answered[batches.Report](t, got); report.Videos != 1 || report.Stored != 0 {
		t.Errorf("the report is %+v", report)
	}
	results, ok := w.s3.Object(lambdas.VideosBucket, objectkey.BatchResults(b.ID, "csv"))
	if !ok || !strings.Contains(string(results.Body), "new") {
		t.Errorf("the results are %s", results.Body)
	}
	if strings.Contains(string(got.log), "paper boat") {
		t.Errorf("the prompt is logged: %s", got.log)
	}
	failedWith(t, w.invoke(t, "batch", []byte(`{"step":"guess","batch":"batches-a","run":1}`)), "BadTask")
}

func (w *world) testPrompts(t *testing.T) {
	const text = "a paper boat crosses a flooded street"
	w.s3.Put(lambdas.PromptsBucket, "evening/a paper boat.txt", []byte(text))
	before := len(w.executions())
	got := w.invoke(t, "prompts", event(t, "prompts"))
	if got.Failed || string(got.Body) != "null" {
		t.Fatalf("it returned %s", got.Body)
	}
	started := w.executions()[before:]
	if len(started) != 1 || !strings.Contains(started[0].Input, text) || !strings.HasPrefix(started[0].Name, "file-") {
		t.Errorf("the executions are %+v", started)
	}
	failedWith(t, w.invoke(t, "prompts", []byte(`{"Records":[]}`)), "NotAnEvent")
}

// optional returns the variables that a function can do without.
func optional() []string {
	return []string{"RESUBMIT_LOST", "LOOPBACK_SOURCES", "CORS_ORIGIN", "STACK_WEBHOOK", "WEBHOOK_URL_SECRET", "NOTIFY_TOPIC_ARN"}
}

// testNoSettings starts each function with no variables: it must exit and name all that are
// missing at once.
func (w *world) testNoSettings(t *testing.T) {
	for name, f := range w.all {
		t.Run(name, func(t *testing.T) {
			api := runtimeAPI(t, nil)
			cmd := exec.CommandContext(t.Context(), w.binaries[name])
			cmd.Env = []string{"AWS_LAMBDA_RUNTIME_API=" + api.Address}
			said, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() < 1 {
				t.Fatalf("it ended with %v: %s", err, said)
			}
			jsonLines(t, said)
			for _, variable := range slices.AppendSeq([]string{"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}, maps.Keys(f.Environment)) {
				if !slices.Contains(optional(), variable) && !strings.Contains(string(said), variable) {
					t.Errorf("it doesn't name %s: %s", variable, said)
				}
			}
		})
	}
}
