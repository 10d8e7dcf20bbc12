package sim_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

const (
	v1pro = "kling-video/v1/pro/text-to-video"
	key   = "key-of-the-tests"
)

// clock is a time that advances only when a test advances it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is a simulator on a loopback address, with its clock.
type world struct {
	t      *testing.T
	server *sim.Server
	clock  *clock
	url    string
	client *http.Client
	logged *bytes.Buffer // readable after close
	close  func()        // waits for all calls to end
}

// newWorld starts a world with jobs of 100 s, 10 s of them queued, and 100 USD.
func newWorld(t *testing.T, edit func(*sim.Config)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{now: time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)}, logged: &bytes.Buffer{}}
	cfg := sim.Config{Settings: script.DefaultSettings(), Clock: w.clock.Now, Seed: 1,
		Logger: slog.New(slog.NewJSONHandler(w.logged, nil))}
	balance := 100.0
	cfg.Settings.Keys, cfg.Settings.BalanceUSD, cfg.Settings.JobSeconds = []string{key, "second-key"}, &balance, 100
	if edit != nil {
		edit(&cfg)
	}
	var err error
	if w.server, err = sim.New(cfg); err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(w.server)
	t.Cleanup(listening.Close)
	w.close = listening.Close
	w.url, w.client = listening.URL, listening.Client()
	return w
}

// answer is a reply that was read completely.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
}

// try makes a call. Headers come in pairs; the tests' key is added unless they set another.
func (w *world) try(method, target, body string, headers ...string) (answer, error) {
	w.t.Helper()
	if target[0] == '/' {
		target = w.url + target
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, target, bytes.NewReader([]byte(body)))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := w.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	read, err := io.ReadAll(response.Body)
	if closeErr := response.Body.Close(); err == nil {
		err = closeErr
	}
	return answer{response.StatusCode, response.Header, read}, err
}

func (w *world) call(method, target, body string, headers ...string) answer {
	w.t.Helper()
	a, err := w.try(method, target, body, headers...)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// create makes a generation and returns its ID.
func (w *world) create(clientID string) string {
	w.t.Helper()
	a := w.call("POST", contract.LegacyPath, `{"model":"`+v1pro+`","prompt":"a paper boat"}`, "X-Client-Request-Id", clientID)
	if a.status != http.StatusCreated {
		w.t.Fatalf("create: %d %s", a.status, a.body)
	}
	var made struct{ ID string }
	a.into(w.t, &made)
	return made.ID
}

// generation is a retrieve's reply as a client decodes it.
type generation struct {
	ID, Status string
	Video      *struct{ URL string }
	Error      *struct{ Name, Message string }
	Meta       *struct {
		Usage struct {
			CreditsUsed int64 `json:"credits_used"`
		}
	}
}

func (w *world) retrieve(id string) generation {
	w.t.Helper()
	a := w.call("GET", contract.LegacyPath+"?generation_id="+url.QueryEscape(id), "")
	if a.status != http.StatusOK {
		w.t.Fatalf("retrieve: %d %s", a.status, a.body)
	}
	var g generation
	a.into(w.t, &g)
	return g
}

// conforms checks a reply against a schema of the contract.
func conforms(t *testing.T, name string, body []byte) {
	t.Helper()
	replies, err := contract.Replies()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(replies[name]))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("https://contract.invalid/"+name, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("https://contract.invalid/" + name)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if err := schema.Validate(reply); err != nil {
		t.Errorf("%s: %v\n%s", name, err, body)
	}
}
