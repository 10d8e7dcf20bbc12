package browser

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/provider/aimlapi/pricelist/refresh"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

// world is a deployed stack with the page, the simulated provider behind it, and a browser.
type world struct {
	stack    *stack.Stack
	provider *sim.Server
	front    *front
	page     string // the page's URL
	browser  context.Context
}

// These words in a prompt decide the fate of its generation at the provider.
const (
	refused   = "a famous person" // by moderation
	unending  = "endless"         // never completes
	attended  = "a paper boat"    // goes on until the test completes it
	inSeconds = 2.0               // all others
)

// start deploys the template on an engine of its own, whose state is in the directory dir.
func start(t *testing.T, dir string) *world {
	if err := os.MkdirAll(screenshots, 0o755); err != nil {
		t.Fatal(err)
	}
	settings := script.DefaultSettings()
	balance := 1000.0
	settings.Keys, settings.JobSeconds, settings.BalanceUSD = []string{"key-of-the-browser-tests-0001"}, inSeconds, &balance
	provider, err := sim.New(sim.Config{Settings: settings, Seed: 1, Decide: decide})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(provider)
	t.Cleanup(server.Close)
	w := &world{provider: provider}
	w.stack, err = stack.Start(t.Context(), stack.Options{
		Root: "../../..", StateDir: "../../../.takeup/browser-" + dir,
		Provider: &stack.Provider{BaseURL: server.URL, Key: settings.Keys[0]},
		Parameters: map[string]string{
			"FirstWaitSeconds": "1", "CheckIntervalSeconds": "1", "BusyWaitSeconds": "1", "LookupFirstSeconds": "5",
			"MaxUsdPerDay": "0", "MaxInFlight": "0",
			"ApiRequestsPerSecond": "1000", "ApiBurst": "1000",
			// Each tab loads the whole page.
			"PublicRequestsPerSecond": "1000", "PublicBurst": "1000",
		},
		Output: t.Output(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.stack.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	if _, err := refresh.Prices(t.Context(), lambda.NewFromConfig(w.stack.Config()), w.stack.Outputs["PricesFunction"]); err != nil {
		t.Fatal(err)
	}
	w.front = newFront(t, w.stack.API)
	w.page = w.front.server.URL + "/"
	w.browser = newBrowser(t)
	return w
}

func decide(accepted script.Accepted) script.Fate {
	switch text := string(accepted.Request); {
	case strings.Contains(text, refused):
		return script.Fate{Outcome: script.OutcomeError, ErrorName: "ContentPolicyViolation", ErrorMessage: "The prompt shows a person who is known"}
	case strings.Contains(text, unending), strings.Contains(text, attended):
		return script.Fate{Outcome: script.OutcomeNever}
	}
	return script.Fate{}
}

// settings changes the simulator's settings.
func (w *world) settings(t *testing.T, change func(*script.Settings)) {
	t.Helper()
	settings := w.provider.Settings()
	change(&settings)
	if err := w.provider.Change(settings); err != nil {
		t.Fatal(err)
	}
}

// bought returns the generations that the provider accepted for a prompt.
func (w *world) bought(prompt string) []sim.Generation {
	ledger := w.provider.Ledger()
	var ids []string
	for _, create := range ledger.Creates {
		var body struct {
			Prompt string `json:"prompt"`
		}
		if json.Unmarshal([]byte(create.Body), &body) == nil && body.Prompt == prompt {
			ids = append(ids, create.ClientRequestID)
		}
	}
	return slices.DeleteFunc(ledger.Generations, func(g sim.Generation) bool { return !slices.Contains(ids, g.ClientRequestID) })
}

// complete completes the generation of a prompt with the word attended.
func (w *world) complete(t *testing.T, prompt string) {
	t.Helper()
	w.boughtOnce(t, prompt)
	for _, g := range w.bought(prompt) {
		if err := w.provider.Complete(g.ID); err != nil {
			t.Error(err)
		}
	}
}

// boughtOnce fails the test unless the provider accepted a prompt exactly once.
func (w *world) boughtOnce(t *testing.T, prompt string) {
	t.Helper()
	if got := w.bought(prompt); len(got) != 1 {
		t.Errorf("the provider accepted %q %d times", prompt, len(got))
	}
}

// part is a test of the page. Those of a list are run in its order: the later ones use the videos
// of those before.
type part struct {
	name string
	run  func(*world, *testing.T)
}

// TestRequests sends requests in all ways, and follows what becomes of them.
func TestRequests(t *testing.T) {
	t.Parallel()
	start(t, "requests").play(t, []part{
		{"nothing yet", (*world).testEmpty}, // needs a list without videos
		{"a wrong token", (*world).testWrongToken},
		{"a prompt becomes a video", (*world).testVideo},
		{"a curl command", (*world).testCurl},
		{"a failure", (*world).testFailure},
		{"a redrive", (*world).testRedrive},
		{"a cancel", (*world).testCancel},
		{"a discard", (*world).testDiscard},
		{"no room", (*world).testNoRoom},
		{"no answer of the provider", (*world).testNoAnswer},
		{"no copy", (*world).testNoCopy},
		{"a cap", (*world).testCapped},
		{"a pause", (*world).testPaused},
		{"a double click", (*world).testDoubleClick},
		{"a lost answer", (*world).testLostAnswer},
		{"refused fields", (*world).testRefusedFields},
		{"every model", (*world).testModels},
		{"prompt files", (*world).testFiles},
		{"a reload", (*world).testReload},
		{"a replaced token", (*world).testExchangedToken},
		{"no mouse", (*world).testKeyboard},
	})
}

// TestPage uses the page with videos in it.
func TestPage(t *testing.T) {
	t.Parallel()
	start(t, "page").play(t, []part{
		{"some videos", (*world).testSome},
		{"a cancel", (*world).testCancel}, // as above, for the filters
		{"a slow API", (*world).testSlow},
		{"a failing API", (*world).testFailing},
		{"one round trip", (*world).testRoundTrip},
		{"filters", (*world).testFilters},
		{"a long search", (*world).testSearch},
		{"what was spent", (*world).testUsage},
		{"a month's usage", (*world).testUsageMonth},
		{"how it looks", (*world).testLooks},
		{"few bytes before a video is played", (*world).testBytes},
		{"older videos", (*world).testOlder},
		{"one request for all running jobs", (*world).testOneRequest},
		{"a batch", (*world).testBatch},
		{"a batch at a cap", (*world).testBatchCancelled},
		{"a batch with a failure", (*world).testBatchRetried},
		{"an upload that fails", (*world).testBatchUpload},
		{"a draft", (*world).testDraft},
		{"templates", (*world).testTemplates},
		{"several lines", (*world).testLines},
		{"many files", (*world).testManyFiles},
		{"variations", (*world).testVariations},
		{"late answers", (*world).testLateAnswers},
		{"what is in view", (*world).testLayout},
		{"a second tab", (*world).testSecondTab},
		{"a token that is kept", (*world).testKeptToken},
		{"the line is back", (*world).testOnline},
		{"an end that nobody sees", (*world).testTold},
	})
}

func (w *world) play(t *testing.T, parts []part) {
	for _, p := range parts {
		if !t.Run(p.name, func(t *testing.T) { p.run(w, t) }) && t.Context().Err() != nil {
			return
		}
	}
}
