package retries

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/test/harness/executions"
	"github.com/takeup/takeup/test/harness/lambdas"
)

// waitLimit bounds the wait for a job. It is far more than any should take.
const waitLimit = 3 * time.Minute

// play is what a step does for one job: it reports each of the errors once, and then does its
// work.
type play struct {
	step   string
	errors []string
}

// faults tells the functions which errors to report.
type faults struct {
	mu    sync.Mutex
	steps map[string]string // the steps, by AWS's names of the functions
	plays map[string]*play  // by job id
	tried map[string]int    // how often each job's step was entered
}

// ServeHTTP answers with an error's name, or with nothing.
func (f *faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var event struct {
		Execution string // from Submit
		ID        string // from the others
	}
	if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.plays[event.Execution+event.ID]
	if p == nil || p.step != f.steps[strings.TrimPrefix(r.URL.Path, "/")] {
		return
	}
	n := f.tried[event.Execution+event.ID]
	f.tried[event.Execution+event.ID] = n + 1
	if n < len(p.errors) {
		_, _ = io.WriteString(w, p.errors[n]) // a function that is gone sends no more requests
	}
}

func times(n int, name string) []string { return slices.Repeat([]string{name}, n) }

func TestRetries(t *testing.T) {
	w := start(t)
	type want struct {
		outcome string // empty if the job ends with a video
		tried   int    // how often the failing step was entered; 0 means any number
	}
	type job struct {
		play
		want
	}
	jobs := map[string]job{
		// One error more than Store retries for a paid video.
		"unavailable-for-hours": {play{"Store", times(14, "VideoUnavailable")}, want{"", 15}},
		"unavailable-for-good":  {play{"Store", times(15, "VideoUnavailable")}, want{"VideoUnavailable", 15}},
	}
	for _, step := range []string{"Submit", "Check", "Store"} {
		for _, name := range []string{
			"Lambda.CodeArtifactUserPendingException", "Sandbox.Failure", "Runtime.OutOfMemory", "AnErrorThatNobodyNamed",
			"ServiceUnavailable", "Lambda.TooManyRequestsException",
		} {
			id := strings.ToLower(step + "-" + strings.ReplaceAll(name, ".", "-"))
			jobs[id] = job{play{step, times(10, name)}, want{}}
		}
		jobs[strings.ToLower(step)+"-for-good"] = job{play{step, times(21, "Sandbox.Failure")}, want{"Sandbox.Failure", 21}}
	}
	// All steps share one list of the outcomes that end a job. A contract test checks the
	// template's list.
	for _, kind := range video.Outcomes() {
		if !kind.Retried && !kind.Settled {
			jobs["check-"+strings.ToLower(kind.Name)] = job{play{"Check", times(1, kind.Name)}, want{kind.Name, 1}}
		}
	}
	for id, j := range jobs {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			got := w.run(t, id, j.play)
			if got.outcome != j.outcome || j.tried > 0 && got.tried != j.tried || got.stored != (j.outcome == "") {
				t.Errorf("got %+v, want %+v", got, j.want)
			}
			if got.tried <= len(j.errors)-1 {
				t.Errorf("%s was entered %d times, and should have failed %d times", j.step, got.tried, len(j.errors))
			}
		})
	}
}

// world is a deployed stack whose steps fail on demand.
type world struct {
	stack  *stack.Stack
	faults *faults
	s3     *s3.Client
	sfn    *sfn.Client
}

// start deploys the template with faulty in front of each step. The state machine's waits are a
// thousand times shorter.
func start(t *testing.T) *world {
	f := &faults{steps: map[string]string{}, plays: map[string]*play{}, tried: map[string]int{}}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	local, err := stack.Start(t.Context(), stack.Options{
		Root: root, StateDir: filepath.Join(root, ".takeup/retries"),
		Simulator:  []string{"--job-seconds", "1"},
		Parameters: map[string]string{"FirstWaitSeconds": "1", "CheckIntervalSeconds": "1", "PollWindowSeconds": "30"},
		Env:        []string{"SFN_WAIT_SCALE=0.001", "FAULTS_URL=" + server.URL},
		Output:     t.Output(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := local.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	w := &world{stack: local, faults: f, s3: local.S3(), sfn: sfn.NewFromConfig(local.Config())}
	binary := filepath.Join(t.TempDir(), "faulty")
	if err := lambdas.Build(t.Context(), filepath.Join(root, "test"), "suites/retries/faulty", binary); err != nil {
		t.Fatal(err)
	}
	name := stack.StackName
	reply, err := cloudformation.NewFromConfig(local.Config()).DescribeStackResources(t.Context(), &cloudformation.DescribeStackResourcesInput{StackName: &name})
	if err != nil {
		t.Fatal(err)
	}
	functions := lambda.NewFromConfig(local.Config())
	for _, r := range reply.StackResources {
		step, isFunction := strings.CutSuffix(*r.LogicalResourceId, "Function")
		if !isFunction || !slices.Contains([]string{"Submit", "Check", "Store"}, step) {
			continue
		}
		f.steps[*r.PhysicalResourceId] = step
		real := filepath.Join(root, ".takeup/build", *r.LogicalResourceId, "bootstrap")
		code := zipped(t, map[string]string{"bootstrap": binary, "real": real})
		_, err := functions.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{
			FunctionName: r.PhysicalResourceId, ZipFile: code,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(f.steps) != 3 {
		t.Fatalf("the stack has the steps %v", f.steps)
	}
	return w
}

// zipped returns a zip of programs, keyed by their names in it.
func zipped(t *testing.T, programs map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, path := range programs {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		header := &zip.FileHeader{Name: name, Method: zip.Deflate}
		header.SetMode(0o755)
		to, err := z.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// outcome is how a job ended.
type outcome struct {
	outcome string
	tried   int
	stored  bool
}

// run runs a job to its end.
func (w *world) run(t *testing.T, id string, p play) outcome {
	t.Helper()
	w.faults.mu.Lock()
	w.faults.plays[id] = &p
	w.faults.mu.Unlock()
	started, err := executions.Start(t.Context(), w.sfn, w.stack.Outputs["StateMachineArn"], id, fmt.Sprintf(`{"prompt":"a paper boat, %s"}`, id))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		execution, err := w.sfn.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &started})
		if err != nil {
			t.Fatal(err)
		}
		if execution.Status != types.ExecutionStatusRunning {
			got := outcome{}
			if execution.Error != nil {
				got.outcome = *execution.Error
			}
			w.faults.mu.Lock()
			got.tried = w.faults.tried[id]
			w.faults.mu.Unlock()
			if execution.Status != types.ExecutionStatusSucceeded {
				return got
			}
			var job video.Job
			if err := json.Unmarshal([]byte(*execution.Output), &job); err != nil {
				t.Fatal(err)
			}
			bucket, key := w.stack.Outputs["VideosBucket"], objectkey.Manifest(job.Locator())
			_, err := w.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
			got.stored = err == nil
			return got
		}
		select {
		case <-ctx.Done():
			t.Fatalf("it did not end")
		case <-tick.C:
		}
	}
}
