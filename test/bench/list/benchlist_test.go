package list

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/takeup/takeup/internal/video"
)

// TestMain also serves as the function of TestFunction, which starts the test binary as a
// process.
func TestMain(m *testing.M) {
	if os.Getenv("START_AS") == "function" {
		serveForEver("http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/")
	}
	os.Exit(m.Run())
}

// serveForEver answers each request with its path and query. At /end it exits.
func serveForEver(runtime string) {
	for {
		next, err := http.Get(runtime + "next")
		if err != nil {
			os.Exit(1)
		}
		var event events.APIGatewayProxyRequest
		_ = json.NewDecoder(next.Body).Decode(&event)
		next.Body.Close()
		answer := events.APIGatewayProxyResponse{StatusCode: http.StatusOK, Body: fmt.Sprint(event.HTTPMethod, event.Path, event.MultiValueQueryStringParameters, event.Body)}
		switch event.Path {
		case "/end":
			os.Exit(0)
		case "/refused":
			answer.StatusCode = http.StatusTeapot
		}
		body, _ := json.Marshal(answer)
		posted, err := http.Post(runtime+next.Header.Get("Lambda-Runtime-Aws-Request-Id")+"/response", "application/json", strings.NewReader(string(body)))
		if err != nil {
			os.Exit(1)
		}
		posted.Body.Close()
	}
}

func TestFunction(t *testing.T) {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f, err := startFunction(t.Context(), path, []string{"START_AS=function"}, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		request request
		want    string // empty means an error
	}{
		{request{method: "GET", path: "/videos?limit=5&q=a%20b"}, "GET/videosmap[limit:[5] q:[a b]]"},
		{post("a boat"), `POST/v2/video/generationsmap[]{"prompt":"a boat"}`},
		{request{method: "GET", path: "/refused"}, ""},
		{request{method: "GET", path: "/end"}, ""},
		{request{method: "GET", path: "/videos"}, ""},
	} {
		got, took, err := f.ask(t.Context(), test.request)
		if string(got) != test.want || (err == nil) != (test.want != "") || (err == nil) != (took > 0) {
			t.Errorf("%s %s: %q in %s, %v", test.request.method, test.request.path, got, took, err)
		}
	}
	if err := f.stop(); err != nil {
		t.Error(err)
	}
}

func TestCounter(t *testing.T) {
	aws := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Method+r.URL.Path) }))
	defer aws.Close()
	c, err := newCounter()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.sendTo(aws.URL, "takeup-ApiFunction-1"); err != nil {
		t.Fatal(err)
	}
	for _, call := range []struct{ method, agent, target string }{
		{"POST", "aws-sdk-go-v2/1 app/takeup-ApiFunction-1", "DynamoDB_20120810.Query"},
		{"POST", "aws-sdk-go-v2/1 app/takeup-ApiFunction-1", "DynamoDB_20120810.Query"},
		{"GET", "aws-sdk-go-v2/1 app/takeup-ApiFunction-1", ""},
		{"POST", "aws-sdk-go-v2/1 app/takeup-StoreFunction-1", "DynamoDB_20120810.Query"},
		{"GET", "Mozilla/5.0", ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), call.method, c.Address+"/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("User-Agent", call.agent)
		r.Header.Set("X-Amz-Target", call.target)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(response.Body); string(body) != call.method+"/x" {
			t.Errorf("the answer is %q", body)
		}
		response.Body.Close()
	}
	got := c.take()
	if want := map[string]int{"Query": 2, "GET of S3": 1}; !maps.Equal(got, want) || sum(got) != 3 {
		t.Errorf("counted %v", got)
	}
	if again := c.take(); sum(again) != 0 {
		t.Errorf("counted %v again", again)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// Each day has equally many jobs, whatever the time of day, and the given number failed.
func TestFinished(t *testing.T) {
	for _, at := range []string{"2026-08-21T00:00:10Z", "2026-08-21T23:59:00Z"} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		const jobs = 970
		perDay, lost, ids := map[string]int{}, 0, map[string]bool{}
		for n := range jobs {
			entry, err := finished(n, jobs, now)
			if err != nil {
				t.Fatal(err)
			}
			perDay[entry.CreatedAt.Format(time.DateOnly)]++
			ids[entry.ID] = true
			if entry.State() == video.StateFailed {
				lost++
			} else if entry.State() != video.StateCompleted {
				t.Errorf("%s is %s", entry.ID, entry.State())
			}
			if entry.CreatedAt.After(now) || !video.ValidID(entry.ID) {
				t.Errorf("%s was created at %s", entry.ID, entry.CreatedAt)
			}
		}
		if len(ids) != jobs || len(perDay) != days || perDay["2026-08-21"] < jobs/days || lost != failed {
			t.Errorf("%d jobs over %d days, %d of them today; %d failed", len(ids), len(perDay), perDay["2026-08-21"], lost)
		}
	}
}

func TestCheck(t *testing.T) {
	good := Options{Jobs: leastJobs, Rounds: 1, Watch: time.Second}
	for what, change := range map[string]func(*Options){
		"few jobs":         func(o *Options) { o.Jobs = leastJobs - 1 },
		"few earlier jobs": func(o *Options) { o.EarlierJobs = 1 },
		"no jobs":          func(o *Options) { o.Jobs = 0 },
		"no round":         func(o *Options) { o.Rounds = 0 },
		"no look":          func(o *Options) { o.Watch = 0 },
	} {
		o := good
		change(&o)
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("%s: it is not refused", what)
		}
	}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}

func TestWrite(t *testing.T) {
	times := func(ms ...int) (all []time.Duration) {
		for _, n := range ms {
			all = append(all, time.Duration(n)*time.Millisecond)
		}
		return all
	}
	r := &Report{
		Jobs: 10_000, EarlierJobs: 1000, Rounds: 3, Watch: time.Minute,
		Now: []Measured{
			{Name: firstPage, Calls: []int{1, 2, 1}, Of: map[string]int{"Query": 1}, Times: times(30, 10, 20)},
			{Name: rarePage, Calls: []int{9}, Of: map[string]int{"Query": 9}, Times: times(40)},
			{Name: oneRunning, Calls: []int{1}, Of: map[string]int{"Query": 1}, Times: times(6)},
			{Name: oneFinished, Calls: []int{1}, Of: map[string]int{"Query": 1}, Times: times(5)},
			{Name: create, Calls: []int{4}, Of: map[string]int{"Query": 1, "PutItem": 3}, Times: times(9)},
			{Name: openPage, Calls: []int{46}, Of: map[string]int{"Query": 46}},
		},
		Earlier: []Measured{
			{Name: firstPage, Calls: []int{51}, Of: map[string]int{"GET of S3": 50, "ListExecutions": 1}, Times: times(100)},
			{Name: rarePage},
			{Name: oneRunning, Calls: []int{5}, Times: times(8)},
			{Name: oneFinished, Calls: []int{1}, Times: times(4)},
			{Name: create, Calls: []int{2}, Times: times(7)},
			{Name: openPage, Calls: []int{801}},
		},
		Bare:    Bare{List: times(10), Job: times(3), Item: times(2)},
		Opening: Opening{Cards: 740, Waited: 600},
	}
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	const want = `10000 jobs over 60 days in the table, 30 of them running and 5 failed; 1000 jobs at commit b998656
3 rounds; the calls are the median and the most; the page was open for 1m0s

`
	if !strings.HasPrefix(b.String(), want) {
		t.Errorf("it begins %s", b.String())
	}
	for _, line := range []string{
		"GET /videos?limit=50 1 2 20.0 30.0 51 51 100.0 100.0",
		"GET /videos?q=, a rare word 9 9 40.0 40.0 - - - -",
		"the open page, 10 jobs running 46 46 - - 801 801 - -",
		"a bare Query of 51 jobs 1 1 10.0 10.0",
		"GET /videos?limit=50: 1 Query; at b998656: 50 GET of S3, 1 ListExecutions",
		"the page's first cards: after 740 ms, of which it waited 600 ms for answers",
		"POST: 3 PutItem, 1 Query; at b998656: none",
		"list_calls=1 get_calls=1 post_calls=4 open_page_calls=46 first_cards_ms=140 list_ms_ratio=2.00 get_ms_ratio=2.00",
	} {
		found := false
		for got := range strings.Lines(b.String()) {
			found = found || strings.Join(strings.Fields(got), " ") == line
		}
		if !found {
			t.Errorf("there is no line %q in\n%s", line, b.String())
		}
	}
	if !strings.HasSuffix(b.String(), "get_ms_ratio=2.00\n") {
		t.Error("the last line is another")
	}
}
