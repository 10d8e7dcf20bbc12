package sim

import (
	"encoding/json"
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

// Create is one POST that reached the simulator on either route, whatever its result.
type Create struct {
	At              time.Time `json:"at"`
	Route           string    `json:"route"`
	ClientRequestID string    `json:"client_request_id"`
	// Key is the key sent, valid or not. The JSON leaves it out, and has KeyPrefix, its first eight characters.
	Key       string `json:"-"`
	KeyPrefix string `json:"key_prefix"`
	Body      string `json:"body"`
	// Status is the reply's status; 0 if there was none (yet).
	Status int `json:"status"`
	// Fault is the name of the fault applied to it, if any.
	Fault string `json:"fault,omitempty"`
	// GenerationID is set if the create was accepted, even if the caller was never told.
	GenerationID string `json:"generation_id,omitempty"`
}

// Generation is one accepted create.
type Generation struct {
	ID              string          `json:"id"`
	InferenceID     string          `json:"inference_id"`
	ClientRequestID string          `json:"client_request_id"`
	Key             string          `json:"-"`
	KeyPrefix       string          `json:"key_prefix"`
	Model           string          `json:"model"`
	Request         json.RawMessage `json:"request"`
	Seconds         int             `json:"seconds"`
	AspectRatio     string          `json:"aspect_ratio"`
	CreatedAt       time.Time       `json:"created_at"`
	// EndsAt is when it ends, past or future; it is zero if it never does.
	EndsAt time.Time `json:"ends_at"`
	// Status is the provider's word at the time of the snapshot: queued, generating, completed, error.
	Status string `json:"status"`
	// Outcome is its final outcome: OutcomeCompleted, OutcomeError or OutcomeNever.
	Outcome string `json:"outcome"`
	// ChargedCredits is what the account was charged; 0 until it has completed.
	ChargedCredits int64 `json:"charged_credits"`
	// PriceCredits is what is charged if it completes.
	PriceCredits int64 `json:"price_credits"`
	VideoBytes   int64 `json:"video_bytes"`
	// Retrieved and Downloaded count the calls for it, HEAD and ranges included.
	Retrieved  int `json:"retrieved"`
	Downloaded int `json:"downloaded"`
}

// Ledger is a snapshot of what the simulator knows. Tests check the pipeline's promises against it.
type Ledger struct {
	At             time.Time    `json:"at"`
	Creates        []Create     `json:"creates"`
	Generations    []Generation `json:"generations"`
	BalanceCredits int64        `json:"balance_credits"`
	ChargedCredits int64        `json:"charged_credits"`
	// Calls counts by kind, and Faults by kind and the fault's name ("create/status 503").
	Calls  map[script.Kind]int `json:"calls"`
	Faults map[string]int      `json:"faults"`
}

// Ledger returns a snapshot, with every charge that is due. The caller owns the copy.
func (s *Server) Ledger() Ledger {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.settle()
	l := Ledger{
		At: now, Creates: make([]Create, len(s.creates)), Generations: make([]Generation, len(s.generations)),
		BalanceCredits: s.balance, Calls: map[script.Kind]int{}, Faults: map[string]int{},
	}
	for i, c := range s.creates {
		l.Creates[i] = *c
	}
	for i, g := range s.generations {
		record := g.Generation
		record.Status = g.status(now)
		l.Generations[i] = record
		l.ChargedCredits += record.ChargedCredits
	}
	for kind, n := range s.calls {
		l.Calls[kind] = n
	}
	for name, n := range s.faults {
		l.Faults[name] = n
	}
	return l
}

func keyPrefix(key string) string { return key[:min(len(key), 8)] }
