package api

import (
	"encoding/json"
	"time"
)

// Control is what the operator decided for all jobs, and what counts against the caps.
type Control struct {
	Paused *Paused `json:"paused"` // nil while jobs are submitted
	Caps   Caps    `json:"caps"`
	// Simulated says that the provider is a simulator on this machine, whose videos and prices
	// are not real.
	Simulated bool `json:"simulated"`
}

// Paused says why no job is submitted.
type Paused struct {
	By     *string    `json:"by"`    // an ARN; nil for a copy
	Since  *time.Time `json:"since"` // nil for a copy
	Reason *string    `json:"reason"`
	// CopyOf is the table that this stack's is a copy of, such as one that was restored.
	CopyOf *string `json:"copy_of"`
}

// Caps are the caps, and what counts against each.
type Caps struct {
	Day      Cap        `json:"day"`
	Month    Cap        `json:"month"`
	InFlight InFlight   `json:"in_flight"`
	Override *Override  `json:"override"` // nil where the stack's parameters hold
	Owners   []OwnerCap `json:"owners"`   // of the owners that have a cap
}

// Cap is a cap on money, of a UTC day or month. A nil limit is no cap.
type Cap struct {
	Limit     *json.Number `json:"limit_usd"`
	Parameter *json.Number `json:"parameter_usd"` // the limit that the stack was deployed with
	Held
}

// OwnerCap is the cap on what an owner's jobs may cost in a UTC day.
type OwnerCap struct {
	Name  string      `json:"owner"`
	Limit json.Number `json:"limit_usd"`
	Held
}

// Held is the money that counts against a cap.
type Held struct {
	Spent     json.Number `json:"spent_usd"`
	Reserved  json.Number `json:"reserved_usd"`
	Uncertain json.Number `json:"uncertain_usd"`
	ResetsAt  time.Time   `json:"resets_at"`
}

// InFlight is the cap on the jobs in flight. A nil limit is no cap.
type InFlight struct {
	Limit     *int64 `json:"limit"`
	Parameter *int64 `json:"parameter"` // the limit that the stack was deployed with
	Held      int64  `json:"held"`
}

// Override says who set limits in the place of the stack's parameters.
type Override struct {
	By    string     `json:"by"` // an ARN
	At    time.Time  `json:"at"`
	Until *time.Time `json:"until"` // nil: until somebody resets them
}
