package engines_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/wait"
)

// engine is a running DynamoDB engine. Where one differs from DynamoDB, AWS's documentation
// decides, and the test does not apply to that engine.
type engine struct {
	url string
	// turn lets one call through at a time. moto checks a condition and writes in two steps, and
	// another write can come between them.
	turn *sync.Mutex
	// tokens says whether the engine supports ClientRequestToken. moto does not.
	tokens bool
}

// engines returns how to start each engine on a port.
func engines() map[string]func(port int) (program string, args, env []string) {
	return map[string]func(int) (string, []string, []string){
		"MiniStack": func(port int) (string, []string, []string) {
			return "../../../.tools/ministack/bin/ministack", nil,
				[]string{"BIND_HOST=127.0.0.1", "GATEWAY_PORT=" + strconv.Itoa(port), "SFTP_ENABLED=0", "IOT_MTLS_ENABLED=0"}
		},
		"moto": func(port int) (string, []string, []string) {
			return "../../../.tools/moto/bin/moto_server", []string{"-H", "127.0.0.1", "-p", strconv.Itoa(port)}, nil
		},
	}
}

// waitLimit bounds the start of an engine.
const waitLimit = time.Minute

func start(t *testing.T, name string, how func(int) (string, []string, []string)) engine {
	t.Helper()
	port, err := stack.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	program, args, env := how(port)
	if program, err = filepath.Abs(program); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	cmd.Env = append(env, "TMPDIR="+dir, "HOME="+dir, "PATH="+os.Getenv("PATH"), "DOCKER_HOST=unix://"+filepath.Join(dir, "no-docker"))
	if err := cmd.Start(); err != nil {
		t.Fatalf("make test installs it: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have exited
		_ = cmd.Wait()
		_ = log.Close()
	})
	e := engine{url: "http://127.0.0.1:" + strconv.Itoa(port), tokens: name != "moto"}
	if name == "moto" {
		e.turn = &sync.Mutex{}
	}
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	for {
		if _, err = e.client(nil).ListTables(ctx, &dynamodb.ListTablesInput{}); err == nil {
			return e
		}
		if wait.For(ctx, 100*time.Millisecond) != nil {
			said, _ := os.ReadFile(log.Name())
			t.Fatalf("it does not answer: %v\n%s", err, said)
		}
	}
}

// turns is a transport that serializes calls.
type turns struct {
	http.RoundTripper
	turn *sync.Mutex
}

func (s turns) RoundTrip(r *http.Request) (*http.Response, error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	return s.RoundTripper.RoundTrip(r)
}

// readOnly is a transport that hides the WriteTo method of a request's body. The SDK closes the
// body once the response begins. WriteTo then returns io.EOF as an error, net/http closes the
// connection below the response, and the SDK sends the request again (aws-sdk-go-v2, issue 2737).
// A CreateTable that is sent again fails.
type readOnly struct{ http.RoundTripper }

func (t readOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	request := *r
	request.Body = struct{ io.ReadCloser }{r.Body}
	return t.RoundTripper.RoundTrip(&request)
}

// client returns a client whose calls pass through transport, if it is not nil.
func (e engine) client(transport http.RoundTripper) *dynamodb.Client {
	if transport == nil {
		transport = http.DefaultTransport
	}
	if e.turn != nil {
		transport = turns{transport, e.turn}
	}
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: &e.url, Region: "us-east-1", HTTPClient: &http.Client{Transport: readOnly{transport}},
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
}

// create creates a table with the keys that template.yaml gives it.
func (e engine) create(t *testing.T, name string) {
	t.Helper()
	key := func(name string, kind types.KeyType) types.KeySchemaElement {
		return types.KeySchemaElement{AttributeName: &name, KeyType: kind}
	}
	text := func(name string) types.AttributeDefinition {
		return types.AttributeDefinition{AttributeName: &name, AttributeType: types.ScalarAttributeTypeS}
	}
	index := func(name, hash string, more ...string) types.GlobalSecondaryIndex {
		return types.GlobalSecondaryIndex{
			IndexName: &name, KeySchema: []types.KeySchemaElement{key(hash, types.KeyTypeHash), key("place", types.KeyTypeRange)},
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: append(dynamotest.Projection(), more...)},
		}
	}
	byTurn := types.GlobalSecondaryIndex{
		IndexName: aws.String("by-turn"), KeySchema: []types.KeySchemaElement{key("wait", types.KeyTypeHash), key("turn", types.KeyTypeRange)},
		Projection: &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: dynamotest.TurnProjection()},
	}
	_, err := e.client(nil).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions:   []types.AttributeDefinition{text("pk"), text("sk"), text("status"), text("day"), text("place"), text("wait"), text("turn")},
		KeySchema:              []types.KeySchemaElement{key("pk", types.KeyTypeHash), key("sk", types.KeyTypeRange)},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{index("by-day", "day", "status"), index("by-status", "status"), byTurn},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (e engine) open(name string, transport http.RoundTripper) *table.Table {
	return table.New(e.client(transport), name, rand.Text, mathrand.N[time.Duration])
}

func entry(t *testing.T, id string) video.Entry {
	t.Helper()
	request, err := catalogue.OfPrompt(all.Models(), "a paper boat crosses a flooded street")
	if err != nil {
		t.Fatal(err)
	}
	return video.Entry{ID: id, Request: request, RequestHash: request.Hash(), CreatedAt: time.Now()}
}

// lossy loses the answers to the first writes. The writes themselves take effect.
type lossy struct{ left atomic.Int64 }

func (l *lossy) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	target := r.Header.Get("X-Amz-Target")
	if err != nil || target == "DynamoDB_20120810.Query" || l.left.Add(-1) < 0 {
		return response, err
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return nil, errors.New("the answer was lost")
}

func TestEngines(t *testing.T) {
	for name, how := range engines() {
		t.Run(name, func(t *testing.T) {
			e := start(t, name, how)
			e.create(t, "jobs")
			t.Run("one winner", e.testOneWinner)
			t.Run("lost answers", e.testLostAnswers)
			t.Run("whole transactions", e.testTransactions)
			t.Run("sendings", e.testSendings)
			t.Run("a job that is forgotten", e.testForgotten)
			t.Run("a table that is paused", e.testPaused)
			t.Run("times", e.testTimes)
			t.Run("progress", e.testProgress)
			t.Run("claims", e.testClaims)
			t.Run("a line", e.testLine)
			t.Run("a scan of pages", e.testScan)
			t.Run("the index of unfinished jobs", e.testUnfinished)
			t.Run("pages of the indexes", e.testList)
		})
	}
}

// testUnfinished lists the jobs without an outcome, oldest first, and no others.
func (e engine) testUnfinished(t *testing.T) {
	e.create(t, "unfinished")
	jobs := e.open("unfinished", nil)
	for n := range 30 {
		job := entry(t, fmt.Sprintf("job-%02d", n))
		job.CreatedAt = time.Date(2026, 8, 21, 10, 0, n, 0, time.UTC)
		if n%3 == 0 {
			job.Outcome = video.NewOutcome(&video.Cancelled{}, job.CreatedAt)
		}
		if _, _, err := jobs.Create(t.Context(), job); err != nil {
			t.Fatal(err)
		}
	}
	all, err := jobs.Unfinished(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range all {
		got = append(got, one.ID)
	}
	if len(got) != 20 || !slices.IsSorted(got) || slices.Contains(got, "job-00") {
		t.Errorf("got %v", got)
	}
}

// testOneWinner has many callers create the same job, and then replace the same version of it.
func (e engine) testOneWinner(t *testing.T) {
	const writers = 20
	race := func(write func(*table.Table) error) {
		t.Helper()
		var won, conflicts atomic.Int64
		var group sync.WaitGroup
		for range writers {
			group.Go(func() {
				err := write(e.open("jobs", nil))
				var conflict *video.Conflict
				switch {
				case err == nil:
					won.Add(1)
				case errors.As(err, &conflict):
					conflicts.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		group.Wait()
		if won.Load() != 1 || conflicts.Load() != writers-1 {
			t.Errorf("%d won, %d lost", won.Load(), conflicts.Load())
		}
	}
	race(func(jobs *table.Table) error { _, _, err := jobs.Create(t.Context(), entry(t, "winner")); return err })
	read, version, err := e.open("jobs", nil).Get(t.Context(), "winner")
	if err != nil {
		t.Fatal(err)
	}
	race(func(jobs *table.Table) error { _, _, err := jobs.Update(t.Context(), read, version); return err })
	_, _, err = e.open("jobs", nil).Update(t.Context(), entry(t, "absent"), version)
	var conflict *video.Conflict
	if !errors.As(err, &conflict) {
		t.Errorf("what isn't there was replaced: %v", err)
	}
}

// testLostAnswers loses the answer to a write. Once: the SDK's retry meets the effect of the
// first try. Every time: a read has to decide.
func (e engine) testLostAnswers(t *testing.T) {
	for _, times := range []int64{1, 3} {
		id := fmt.Sprintf("lost-%d", times)
		transport := &lossy{}
		jobs := e.open("jobs", transport)
		transport.left.Store(times)
		written, version, err := jobs.Create(t.Context(), entry(t, id))
		if err != nil {
			t.Fatalf("its own write is not recognized: %v", err)
		}
		transport.left.Store(times)
		written.Attempt = 7
		if _, _, err = jobs.Update(t.Context(), written, version); err != nil {
			t.Fatalf("its own update is not recognized: %v", err)
		}
		if read, version, err := jobs.Get(t.Context(), id); err != nil || read.Attempt != 7 || version != "2" {
			t.Errorf("read %+v, version %s, %v", read, version, err)
		}
	}
}

// testTransactions: a token makes a transaction idempotent. A failed condition cancels the whole
// transaction and returns the item.
func (e engine) testTransactions(t *testing.T) {
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	put := func(sort, mark string) *types.Put {
		return &types.Put{
			TableName: aws.String("jobs"), Item: map[string]types.AttributeValue{"pk": text("t"), "sk": text(sort), "mark": text(mark)},
			ConditionExpression: aws.String("attribute_not_exists(pk)"), ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}
	}
	write := func(token string, puts ...*types.Put) error {
		in := &dynamodb.TransactWriteItemsInput{ClientRequestToken: &token}
		for _, p := range puts {
			in.TransactItems = append(in.TransactItems, types.TransactWriteItem{Put: p})
		}
		_, err := e.client(nil).TransactWriteItems(t.Context(), in)
		return err
	}
	token := rand.Text()
	if err := write(token, put("a", "1"), put("b", "1")); err != nil {
		t.Fatal(err)
	}
	if err := write(token, put("a", "1"), put("b", "1")); e.tokens && err != nil {
		t.Errorf("the same transaction again: %v", err)
	}
	err := write(rand.Text(), put("c", "2"), put("a", "2"))
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) || len(cancelled.CancellationReasons) != 2 {
		t.Fatalf("got %v", err)
	}
	reason := cancelled.CancellationReasons[1]
	if mark, ok := reason.Item["mark"].(*types.AttributeValueMemberS); aws.ToString(reason.Code) != "ConditionalCheckFailed" || !ok || mark.Value != "1" {
		t.Errorf("the reason is %+v", reason)
	}
	got, err := e.client(nil).GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String("jobs"), Key: map[string]types.AttributeValue{"pk": text("t"), "sk": text("c")}, ConsistentRead: aws.Bool(true),
	})
	if err != nil || len(got.Item) > 0 {
		t.Errorf("a cancelled transaction wrote %v, %v", got.Item, err)
	}
}

func (e engine) testTimes(t *testing.T) {
	jobs := e.open("jobs", nil)
	want := schedule.Past{
		Seen:    []schedule.Seen{{By: 20 * time.Second}, {After: 83100 * time.Millisecond, By: 90 * time.Second}},
		Charges: []int64{1_960_000, 1},
	}
	if err := jobs.PutTimes(t.Context(), "m/n", 5, want, ""); err != nil {
		t.Fatal(err)
	}
	past, version, err := jobs.Times(t.Context(), "m/n", 5)
	if err != nil || !reflect.DeepEqual(past, want) || version != "1" {
		t.Errorf("read %v, version %q, %v", past, version, err)
	}
	var conflict *video.Conflict
	if err := jobs.PutTimes(t.Context(), "m/n", 5, want, ""); !errors.As(err, &conflict) {
		t.Errorf("overwritten: %v", err)
	}
}

// testScan scans more than one page, which is limited to a megabyte.
func (e engine) testScan(t *testing.T) {
	e.create(t, "many")
	jobs := e.open("many", nil)
	const n = 40
	small := entry(t, "")
	for i := range n {
		job := small
		job.ID = fmt.Sprintf("job-%d", i)
		job.Candidate = fmt.Sprintf("%030000d", i)
		if _, _, err := jobs.Create(t.Context(), job); err != nil {
			t.Fatal(err)
		}
	}
	ids, err := table.NewScan(e.client(nil), "many").IDs(t.Context())
	slices.Sort(ids)
	if err != nil || len(slices.Compact(ids)) != n {
		t.Errorf("%d of %d ids, %v", len(ids), n, err)
	}
}
