package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// losing is a proxy to an API. It cuts the connection in place of the first answers to a POST.
type losing struct {
	*httptest.Server
	mu     sync.Mutex
	lost   int
	counts []string // the retry count header of each POST
}

func lose(t *testing.T, api string, answers int) *losing {
	t.Helper()
	target, err := url.Parse(api)
	if err != nil {
		t.Fatal(err)
	}
	l := &losing{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(response *http.Response) error {
			l.mu.Lock()
			defer l.mu.Unlock()
			if response.Request.Method != http.MethodPost {
				return nil
			}
			l.counts = append(l.counts, response.Request.Header.Get("X-Stainless-Retry-Count"))
			if l.lost == answers {
				return nil
			}
			l.lost++
			return errors.New("the answer is lost")
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	l.Server = httptest.NewServer(proxy)
	t.Cleanup(l.Close)
	return l
}

// testRetried loses two answers to the provider's SDK. It sends its request three times, which
// is one video. Asked for the same video again, it buys another.
func (w *world) testRetried(t *testing.T) {
	python, err := filepath.Abs("../../../.tools/aimlapi/bin/python")
	if err != nil {
		t.Fatal(err)
	}
	proxy, prompt := lose(t, w.stack.API, 2), w.prompt("a lighthouse, whose answers are lost")
	sdk := exec.CommandContext(t.Context(), python, "samples/lost.py", proxy.URL+"/v1", prompt)
	var stderr bytes.Buffer
	sdk.Env, sdk.Stderr = append(os.Environ(), "API_TOKEN="+w.stack.Token), &stderr
	said, err := sdk.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, strings.ReplaceAll(stderr.String(), w.stack.Token, "TOKEN"))
	}
	got := decode[[]string](t, said)
	if !slices.Equal(proxy.counts, []string{"0", "1", "2", "0"}) || len(got) != 2 || got[0] == got[1] {
		t.Errorf("it sent POSTs with the counts %v, and got %v", proxy.counts, got)
	}
	bought := 0
	for _, create := range w.provider.Ledger().Creates {
		if strings.Contains(create.Body, prompt) {
			bought++
		}
	}
	if bought != 2 {
		t.Errorf("it bought %d videos for two calls", bought)
	}
	for _, job := range got {
		w.stored(t, job)
	}
	// The same request without a retry count asks for another video.
	body := fmt.Sprintf(`{"prompt":%q}`, w.prompt("a lighthouse, twice on purpose"))
	if first, second := w.post(t, body), w.post(t, body); first == second {
		t.Errorf("both are %s", first)
	} else if again := w.post(t, body, "X-Stainless-Retry-Count: 1"); again != second {
		t.Errorf("the retry of %s is %s", second, again)
	}
}
