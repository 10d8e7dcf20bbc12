package e2e

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/test/harness/executions"
)

var update = flag.Bool("update", false, "write the golden file of the corpus")

// The outcomes of an attempt.
const (
	refused = "refused" // nothing is bought, and the sender is told why
	ignored = "ignored" // nothing happens but a line in the log
	same    = "same"    // it is the job of an earlier attempt
	started = "started" // one video is bought
)

// The ways in.
const (
	byUniversal = "POST universal"
	byLegacy    = "POST legacy"
	byText      = "a .txt file"
	byObject    = "a .json file"
	byTerminal  = "takeup generate -f"
	byHand      = "by hand"
)

// attempt is one input by one way in, and its outcome.
type attempt struct {
	way     string
	outcome string
	job     string // the job that was started, or existed
	said    string // why it was refused
}

// corpus makes attempts on the stack.
type corpus struct {
	*world
	terminal commandLine

	mu    sync.Mutex
	lines map[string]attempt // the lines of the prompt files' log, by key and version
	read  time.Time
}

// testCorpus tries each input of the corpus by each way that can carry it. The provider's ledger
// must have a charge for each video that should be bought, and no other.
func (w *world) testCorpus(t *testing.T) {
	w.finished(t)
	ledgerBefore := w.provider.Ledger()
	generations, creates := len(ledgerBefore.Generations), len(ledgerBefore.Creates)
	c := &corpus{world: w, terminal: w.commandLine(t), lines: map[string]attempt{}}
	c.terminal.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.terminal.dir, "TAKEUP_URL=" + w.stack.API, "TAKEUP_TOKEN=" + w.stack.Token}

	rows := inputs()
	made := make([][]attempt, len(rows))
	t.Run("inputs", func(t *testing.T) {
		for i, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				t.Parallel()
				made[i] = c.try(t, row)
			})
		}
	})

	count := map[string]int{}
	ways := map[string]bool{}
	due := map[string]string{} // what started each job
	var said strings.Builder
	for i, row := range rows {
		for _, a := range made[i] {
			count[a.outcome]++
			ways[a.way] = true
			by := row.name + ", " + a.way
			switch other := due[a.job]; {
			case a.outcome == started && other != "":
				t.Errorf("%s: it started job %s, as did %s", by, a.job, other)
			case a.outcome == started:
				due[a.job] = by
			case a.outcome == same && other == "":
				t.Errorf("%s: no attempt before started its job %s", by, a.job)
			}
		}
		said.WriteString(refusals(row.name, made[i]))
	}
	w.finished(t)
	ledger := w.provider.Ledger()
	charges := map[string]int{}
	total := 0
	for _, g := range ledger.Generations[generations:] {
		if g.ChargedCredits > 0 {
			charges[jobOf(g.ClientRequestID)]++
			total++
		}
	}
	for job, by := range due {
		if charges[job] != 1 {
			t.Errorf("%s: its job %s was charged %d times", by, job, charges[job])
		}
	}
	for _, create := range ledger.Creates[creates:] {
		if due[jobOf(create.ClientRequestID)] == "" {
			t.Errorf("the provider was sent what no attempt should have: %.300s", create.Body)
		}
	}
	if len(rows) < 100 {
		t.Errorf("the corpus has only %d inputs", len(rows))
	}
	if *update || !t.Failed() {
		golden(t, "testdata/corpus.golden", said.String())
	}
	t.Logf("corpus: inputs=%d ways=%d attempts=%d refused=%d ignored=%d same=%d started=%d charges=%d",
		len(rows), len(ways), count[refused]+count[ignored]+count[same]+count[started], count[refused], count[ignored], count[same], count[started], total)
}

// try makes the attempts of one input and checks their outcomes.
func (c *corpus) try(t *testing.T, row input) []attempt {
	if len(row.sent) > 10 {
		c.prompt(row.sent) // no log may contain it
	}
	if row.play != nil {
		made := row.play(c, t)
		var outcomes []string
		for _, a := range made {
			outcomes = append(outcomes, a.outcome)
		}
		if !slices.Equal(outcomes, row.wants) {
			t.Errorf("it came to %q, not %q: %+v", outcomes, row.wants, made)
		}
		return made
	}
	var made []attempt
	for _, way := range row.ways() {
		a := c.by(t, way, row)
		made = append(made, a)
		if a.outcome != row.want {
			t.Errorf("%s: %s, not %s: %s", way, a.outcome, row.want, a.said)
			continue
		}
		if row.want == started {
			c.accepted(t, a, row.sent)
		}
	}
	return made
}

// accepted waits until the provider has accepted a job, with the prompt that it should get.
func (c *corpus) accepted(t *testing.T, a attempt, prompt string) {
	t.Helper()
	var bought []sim.Generation
	await(t, "the provider to accept "+a.job, func() bool {
		bought = c.generations(a.job)
		return len(bought) > 0
	})
	var request struct{ Prompt string }
	if err := json.Unmarshal(bought[0].Request, &request); err != nil || prompt != "" && request.Prompt != prompt {
		t.Errorf("%s: the provider was sent %+.100q, not %+.100q (%v)", a.way, request.Prompt, prompt, err)
	}
}

// by makes one attempt.
func (c *corpus) by(t *testing.T, way string, row input) attempt {
	t.Helper()
	file := "corpus/" + slug(row.name) + "/prompt"
	switch way {
	case byUniversal:
		return c.post(t, way, api.GenerationsPath, row.body())
	case byLegacy:
		return c.post(t, way, api.KlingGenerationPath, row.body())
	case byText:
		return c.file(t, way, file+".txt", row.content)
	case byObject:
		return c.file(t, way, file+".json", row.body())
	case byTerminal:
		return c.terminalAttempt(t, row)
	case byHand:
		return c.hand(t, "corpus-"+slug(row.name), row.body())
	}
	t.Fatalf("there is no way %s", way)
	return attempt{}
}

func (c *corpus) post(t *testing.T, way, path, body string, headers ...string) attempt {
	t.Helper()
	status, _, reply := call(t, http.MethodPost, c.stack.API+path, c.stack.Token, body, append(headers, "Content-Type: application/json")...)
	if status >= 400 {
		got := decode[api.Error](t, reply)
		if status >= 500 || got.StatusCode != status {
			t.Errorf("%s: %d %s", way, status, reply)
		}
		return attempt{way: way, outcome: refused, said: got.Message.String()}
	}
	return attempt{way: way, outcome: started, job: decode[api.Generation](t, reply).ID}
}

// file uploads a prompt file and reads its outcome in the log.
func (c *corpus) file(t *testing.T, way, key, content string) attempt {
	t.Helper()
	bucket := c.stack.Outputs["PromptsBucket"]
	reply, err := c.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(content)})
	if err != nil {
		t.Fatal(err)
	}
	return c.became(t, way, key, value(reply.VersionId))
}

// became waits for the log to show the outcome of a version of a prompt file.
func (c *corpus) became(t *testing.T, way, key, version string) attempt {
	t.Helper()
	var a attempt
	looks := 0
	await(t, "the event of "+key, func() (ok bool) {
		if looks++; looks%100 == 0 {
			c.world.flush(t)
		}
		a, ok = c.line(t, key, version)
		return ok
	})
	a.way = way
	if a.outcome == refused {
		reason := decode[bucket.Rejection](t, c.object(t, objectkey.Rejection(key))).Reason
		a.said = strings.ReplaceAll(reason, key, "KEY") // a form's key is new each time
	}
	return a
}

// line finds a version in the log, which all callers share.
func (c *corpus) line(t *testing.T, key, version string) (attempt, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.read) > 500*time.Millisecond {
		outcomes := map[string]string{"rejected": refused, "ignored": ignored, "known": same, "started": started}
		for _, line := range c.world.lines(t, "PromptsFunction") {
			var said struct{ Key, Version, Outcome, Job string }
			if json.Unmarshal([]byte(line), &said) == nil && outcomes[said.Outcome] != "" {
				c.lines[said.Key+"?"+said.Version] = attempt{outcome: outcomes[said.Outcome], job: said.Job}
			}
		}
		c.read = time.Now()
	}
	a, ok := c.lines[key+"?"+version]
	return a, ok
}

// terminalAttempt runs takeup generate with the input in a file.
func (c *corpus) terminalAttempt(t *testing.T, row input) attempt {
	t.Helper()
	file := filepath.Join(t.TempDir(), "prompt.txt")
	if row.object {
		file = filepath.Join(t.TempDir(), "request.json")
	}
	if err := os.WriteFile(file, []byte(row.content), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, told := c.terminal.command(t, "generate", "--no-wait", "-f", file)
	out, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() == 2:
		return attempt{way: byTerminal, outcome: refused, said: strings.TrimSpace(told.String())}
	case err != nil:
		t.Fatalf("takeup: %v: %s", err, told)
	}
	if row.told != "" && !strings.HasPrefix(told.String(), row.told) {
		t.Errorf("takeup says %q before it sends, and not %q", told, row.told)
	}
	return attempt{way: byTerminal, outcome: started, job: strings.TrimSpace(string(out))}
}

// hand starts an execution, whose input has to be JSON.
func (c *corpus) hand(t *testing.T, name, body string) attempt {
	t.Helper()
	execution, err := executions.Start(t.Context(), c.sfn, c.stack.Outputs["StateMachineArn"], name, body)
	if err != nil {
		t.Fatal(err)
	}
	var got *sfn.DescribeExecutionOutput
	await(t, "execution "+name, func() bool {
		if got, err = c.sfn.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &execution}); err != nil {
			t.Fatal(err)
		}
		return got.Status != types.ExecutionStatusRunning || len(c.generations(name)) > 0
	})
	if got.Status == types.ExecutionStatusFailed && value(got.Error) == "InvalidRequest" {
		var cause struct {
			Message string `json:"errorMessage"`
		}
		if json.Unmarshal([]byte(value(got.Cause)), &cause) != nil {
			cause.Message = value(got.Cause)
		}
		return attempt{way: byHand, outcome: refused, said: cause.Message}
	}
	return attempt{way: byHand, outcome: started, job: name}
}

// refusals formats how an input was refused in each way, for people to read.
func refusals(name string, made []attempt) string {
	ways := map[string][]string{}
	var order []string
	for _, a := range made {
		if a.outcome != refused {
			continue
		}
		if ways[a.said] == nil {
			order = append(order, a.said)
		}
		if !slices.Contains(ways[a.said], a.way) {
			ways[a.said] = append(ways[a.said], a.way)
		}
	}
	if len(order) == 0 {
		return ""
	}
	text := name + "\n"
	for _, said := range order {
		text += fmt.Sprintf("  %s:\n    %s\n", strings.Join(ways[said], ", "), strings.ReplaceAll(said, "\n", "\n    "))
	}
	return text + "\n"
}

// golden compares a text with a golden file, or updates the file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(path.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	lines := strings.Split(string(want), "\n")
	for i, line := range strings.Split(got, "\n") {
		if i >= len(lines) || line != lines[i] {
			t.Errorf("%s differs from line %d on, where it is now\n%s\nread it, and run with -update if it is right", name, i+1, line)
			return
		}
	}
	t.Errorf("%s has %d lines more than there are now", name, len(lines)-strings.Count(got, "\n")-1)
}

// slug returns a name of characters that keys and executions may have.
func slug(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, name)
}
