// Package sim simulates the provider (AI/ML API, its text-to-video models). It implements the provider's routes and
// replies, serves real mp4 files from signed URLs that expire, and injects faults on demand. It keeps a ledger of what it
// accepted and charged, which tests check the pipeline against.
//
// Time is the configured clock: a job ends when the clock says so, without a goroutine or a timer.
package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/models"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/cdn"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/clip"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/contract"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/modellist"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/order"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/report"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/internal/wait"
)

// Config configures a Server. Only Settings is required.
type Config struct {
	// Settings are the initial settings; see script.DefaultSettings.
	Settings script.Settings
	// Clock returns the time; nil is time.Now.
	Clock func() time.Time
	// Sleep delays a faulty call. It returns early, with the context's error, when the caller hangs up. Nil waits
	// on a timer.
	Sleep func(context.Context, time.Duration) error
	// Seed determines IDs, times and signatures.
	Seed uint64
	// BaseURL is the prefix of video URLs, without a trailing slash; empty is http and the request's own host.
	BaseURL string
	// Decide decides the fates of accepted creates; nil leaves them to the settings.
	Decide script.Decide
	// Plan selects the faults; nil leaves them to the settings.
	Plan script.Plan
	// Logger gets one line per call, without keys, prompts and signed URLs; nil discards them.
	Logger *slog.Logger
}

// Server is the simulator, an http.Handler. It is safe for concurrent use.
type Server struct {
	clock  func() time.Time
	sleep  func(context.Context, time.Duration) error
	decide script.Decide
	plan   script.Plan
	log    *slog.Logger
	models []models.Model
	orders order.Reader
	list   modellist.List
	routes map[string]route
	signer cdn.Signer

	mu          sync.Mutex
	rand        *rand.Rand
	settings    script.Settings
	ruleCalls   []int
	balance     int64
	creates     []*Create
	generations []*generation
	byID        map[string]*generation
	byInference map[string]*generation
	pending     byEnd
	running     map[string]int
	completions []report.Completion
	rows        []report.Row
	entries     []report.Entry
	calls       map[script.Kind]int
	repeats     map[string]int
	faults      map[string]int
	recent      map[string][]time.Time
}

// route is one of the provider's endpoints.
type route struct {
	kind   script.Kind
	public bool
	handle func(*exchange) reply
}

// New returns a Server. It rejects invalid settings.
func New(cfg Config) (*Server, error) {
	if err := cfg.Settings.Check(); err != nil {
		return nil, fmt.Errorf("simulator: settings: %w", err)
	}
	var all []models.Model
	for _, name := range (models.Catalogue{}).Names() {
		m, _ := models.Find(name)
		all = append(all, m)
	}
	list, err := modellist.New(all)
	if err != nil {
		return nil, err
	}
	s := &Server{
		clock: cfg.Clock, sleep: cfg.Sleep, decide: cfg.Decide, plan: cfg.Plan, log: cfg.Logger,
		models: all, orders: order.NewReader(all), list: list,
		rand: rand.New(rand.NewPCG(cfg.Seed, 0x7461_6b65_7570)),
		byID: map[string]*generation{}, byInference: map[string]*generation{}, running: map[string]int{},
		calls: map[script.Kind]int{}, repeats: map[string]int{}, faults: map[string]int{}, recent: map[string][]time.Time{},
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.sleep == nil {
		s.sleep = wait.For
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.signer = cdn.Signer{BaseURL: strings.TrimRight(cfg.BaseURL, "/"), Secret: []byte(uuid4(s.rand))}
	s.routes = map[string]route{
		"POST " + contract.LegacyPath:    {kind: script.KindCreate, handle: s.create(contract.Legacy, http.StatusCreated)},
		"GET " + contract.LegacyPath:     {kind: script.KindRetrieve, handle: s.retrieve},
		"POST " + contract.UniversalPath: {kind: script.KindCreate, handle: s.create(contract.Universal, 0)},
		"GET " + contract.UniversalPath:  {kind: script.KindRetrieve, handle: s.retrieve},
		"GET /v2/logs":                   {kind: script.KindLogs, handle: s.logs},
		"GET /v2/billing":                {kind: script.KindBilling, handle: s.billing},
		"GET /v2/billing/transactions":   {kind: script.KindTransactions, handle: s.transactions},
		"GET /v1/billing/balance":        {kind: script.KindBalance, handle: s.accountBalance},
		"GET /models/metrics":            {kind: script.KindMetrics, public: true, handle: s.metrics},
		"GET /v1/models":                 {kind: script.KindModels, public: true, handle: s.listModels},
		"GET /models":                    {kind: script.KindModels, public: true, handle: s.listModels},
	}
	now := s.clock()
	s.apply(cfg.Settings, true)
	s.entries = []report.Entry{{At: now, Kind: "INIT", Credits: s.balance}}
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.URL.Path, adminPrefix):
		s.admin(w, r)
	case strings.HasPrefix(r.URL.Path, cdn.Prefix):
		s.download(w, r)
	default:
		s.serve(w, r)
	}
}

// Settings returns the current settings, with the current balance.
func (s *Server) Settings() script.Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	current := s.settings
	balance := contract.USD(s.balance)
	current.BalanceUSD = &balance
	current.Keys, current.Faults = slices.Clone(current.Keys), slices.Clone(current.Faults)
	return current
}

// Change replaces the settings, all or none. A nil BalanceUSD leaves the balance as it is, and nil Faults clear them.
func (s *Server) Change(settings script.Settings) error {
	return s.change(func(current *script.Settings) (bool, error) {
		*current = settings
		return true, nil
	})
}

// change edits the settings under the lock, and checks them before they take effect. The edit reports whether it set
// the faults, whose counts then restart.
func (s *Server) change(edit func(*script.Settings) (bool, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	next := s.settings
	next.Keys, next.Faults = slices.Clone(next.Keys), slices.Clone(next.Faults)
	faultsSet, err := edit(&next)
	if err != nil {
		return err
	}
	if err := next.Check(); err != nil {
		return err
	}
	s.apply(next, faultsSet)
	return nil
}

// apply makes checked settings take effect. The caller holds the lock, or has the only reference.
func (s *Server) apply(settings script.Settings, faultsSet bool) {
	if settings.BalanceUSD != nil {
		s.balance = contract.Credits(*settings.BalanceUSD)
		settings.BalanceUSD = nil
	}
	if faultsSet {
		s.ruleCalls = make([]int, len(settings.Faults))
	}
	settings.Keys, settings.Faults = slices.Clone(settings.Keys), slices.Clone(settings.Faults)
	s.settings = settings
}

// errUnknownGeneration says that no generation has the ID.
var errUnknownGeneration = errors.New("simulator: no generation has this id: take one from the ledger")

// Video returns the file of a generation by its ID or inference ID, whether or not it has completed.
func (s *Server) Video(id string) (*clip.Clip, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.byID[id]; g != nil {
		return g.video, nil
	}
	if g := s.byInference[id]; g != nil {
		return g.video, nil
	}
	return nil, errUnknownGeneration
}
