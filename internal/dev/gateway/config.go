package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/takeup/takeup/internal/dev/template"
)

// Config configures a gateway.
type Config struct {
	// Stage is MiniStack's URL of the API's stage, and S3 that of its S3.
	Stage string `json:"stage"`
	S3    string `json:"s3"`
	// Responses are the API's gateway responses, by type.
	Responses map[string]template.GatewayResponse `json:"responses"`
}

// Later returns handlers of the API and of S3 that answer 503 until the file with their Config,
// as JSON, exists. The functions get the gateway's addresses before the stack is deployed, and
// the configuration is known only afterwards. The file is read once.
func Later(file string, now func() time.Time) (api, s3 http.Handler) {
	l := &later{file: file, now: now}
	return l.handler(func() http.Handler { return l.api }), l.handler(func() http.Handler { return l.s3 })
}

type later struct {
	file string
	now  func() time.Time

	mu      sync.Mutex
	api, s3 http.Handler
}

func (l *later) handler(which func() http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := l.load(); err != nil {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "the stack is not deployed yet: "+err.Error(), http.StatusServiceUnavailable)
			return
		}
		which().ServeHTTP(w, r)
	})
}

func (l *later) load() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.api != nil {
		return nil
	}
	data, err := os.ReadFile(l.file)
	if err != nil {
		return err
	}
	var c Config
	if err := json.Unmarshal(data, &c); err != nil {
		return fmt.Errorf("%s: %w", l.file, err)
	}
	stage, err := url.Parse(c.Stage)
	if err != nil {
		return fmt.Errorf("%s: %w", l.file, err)
	}
	s3, err := url.Parse(c.S3)
	if err != nil {
		return fmt.Errorf("%s: %w", l.file, err)
	}
	l.api, l.s3 = NewAPI(stage, c.Responses, l.now), NewS3(s3)
	return nil
}
