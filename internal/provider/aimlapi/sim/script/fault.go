package script

import (
	"fmt"
	"slices"
)

// Kind is the kind of a call. Fault plans, rules and the ledger use it.
type Kind string

// The kinds of calls to the provider's API.
const (
	KindCreate       Kind = "create"
	KindRetrieve     Kind = "retrieve"
	KindLogs         Kind = "logs"
	KindBilling      Kind = "billing"
	KindTransactions Kind = "transactions"
	KindBalance      Kind = "balance"
	KindMetrics      Kind = "metrics"
	KindModels       Kind = "models"
	KindDownload     Kind = "download"
)

// Kinds lists every Kind.
func Kinds() []Kind {
	return []Kind{KindCreate, KindRetrieve, KindLogs, KindBilling, KindTransactions, KindBalance, KindMetrics,
		KindModels, KindDownload}
}

// Call describes an incoming call to a Plan.
type Call struct {
	Kind Kind
	// Count is 1 for the first call of this kind since the start.
	Count int
	// ID is the client request ID of a create and the generation ID of a retrieve or a download; empty otherwise.
	ID string
	// Repeat is 1 for the first call of this kind with this ID. It is 0 if ID is empty.
	Repeat int
}

// Plan selects the fault of a call; the zero Fault is none. It is called once per call, before the call is handled, and
// with the server locked: one call at a time, and it must not call the server.
//
// A handler can't refuse a connection; Reset without After comes closest. For a real refusal, end the process or close
// its listener.
type Plan func(Call) Fault

// Fault is what goes wrong with a call. Its fields can be combined.
type Fault struct {
	// Name is counted in the ledger; if empty, it is derived from the other fields.
	Name string `json:"name,omitempty"`
	// After handles the call first (a create is accepted and will be charged) and spoils only its reply.
	// Without it, DelaySeconds, Reset, Status and Body replace the handling.
	After bool `json:"after,omitempty"`
	// DelaySeconds delays the call, at most until the caller hangs up.
	DelaySeconds float64 `json:"delay_seconds,omitempty"`
	// Reset closes the connection without a reply, with a TCP reset if it is TCP.
	Reset bool `json:"reset,omitempty"`
	// Status replies with this HTTP status, and the provider's error body unless Body is set.
	Status int `json:"status,omitempty"`
	// RetryAfter is the Retry-After header, verbatim. Only with Status.
	RetryAfter string `json:"retry_after,omitempty"`
	// Body replies with these bytes as application/json, with Status, or 200.
	Body string `json:"body,omitempty"`
	// Word replaces the true word in the reply's status field. Create and retrieve only.
	Word string `json:"word,omitempty"`
	// NoURL returns a completed generation without its video. Retrieve only.
	NoURL bool `json:"no_url,omitempty"`
	// ExpiredURL returns an expired URL. Retrieve only.
	ExpiredURL bool `json:"expired_url,omitempty"`
	// ListURL returns the video as a list of one, as two models' descriptions allow. Retrieve only.
	ListURL bool `json:"list_url,omitempty"`
	// HideEvery omits every n-th row, counted from the newest; 1 hides all. Logs and transactions only.
	HideEvery int `json:"hide_every,omitempty"`
	// CutAfter closes the connection after this many bytes of the body. Download only.
	CutAfter int64 `json:"cut_after,omitempty"`
	// Unframed sends the file as HTTP/1.0 allows: without a length, ranges or an ETag, so that a cut body looks
	// complete. Download only.
	Unframed bool `json:"unframed,omitempty"`
	// StallAfter stops sending after this many bytes of the body, until the caller hangs up. Download only.
	StallAfter int64 `json:"stall_after,omitempty"`
}

// None reports whether the fault leaves the call alone.
func (f Fault) None() bool { return f == Fault{} }

// Label returns the name that the ledger counts the fault by.
func (f Fault) Label() string {
	when := ""
	if f.After {
		when = " after"
	}
	switch {
	case f.Name != "":
		return f.Name
	case f.Reset:
		return "reset" + when
	case f.Status != 0:
		return fmt.Sprintf("status %d%s", f.Status, when)
	case f.Body != "":
		return "body" + when
	case f.DelaySeconds != 0:
		return "delay" + when
	case f.Word != "":
		return "word " + f.Word
	case f.NoURL:
		return "no url"
	case f.ExpiredURL:
		return "expired url"
	case f.ListURL:
		return "listed url"
	case f.HideEvery != 0:
		return "hidden rows"
	case f.Unframed:
		return "unframed"
	case f.StallAfter != 0:
		return "stall"
	default:
		return "cut"
	}
}

func (f Fault) check() error {
	switch {
	case f.DelaySeconds < 0:
		return fmt.Errorf("delay_seconds is %v: give 0 or more", f.DelaySeconds)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status is %d: give 200 to 599, or leave it out", f.Status)
	case f.RetryAfter != "" && f.Status == 0:
		return fmt.Errorf("retry_after stands alone: give a status with it")
	case f.HideEvery < 0:
		return fmt.Errorf("hide_every is %d: give 1 (all rows) or more", f.HideEvery)
	case f.CutAfter < 0:
		return fmt.Errorf("cut_after is %d: give 1 byte or more", f.CutAfter)
	case f.StallAfter < 0:
		return fmt.Errorf("stall_after is %d: give 1 byte or more", f.StallAfter)
	case f.StallAfter > 0 && f.CutAfter > 0:
		return fmt.Errorf("cut_after and stall_after are both given: an answer ends in one way")
	}
	return nil
}

// Rule is a fault set for a kind of call by settings, for tests that run the simulator as a process.
type Rule struct {
	On Kind `json:"on"`
	// Skip leaves the first calls of the kind alone, counted from when the rule was set.
	Skip int `json:"skip,omitempty"`
	// Times is how many calls it then applies to; 0 means all.
	Times int   `json:"times,omitempty"`
	Fault Fault `json:"fault"`
}

func (r Rule) check() error {
	if !slices.Contains(Kinds(), r.On) {
		return fmt.Errorf("on is %q: give one of %v", r.On, Kinds())
	}
	if r.Skip < 0 || r.Times < 0 {
		return fmt.Errorf("skip is %d, times is %d: give 0 or more", r.Skip, r.Times)
	}
	if r.Fault.None() {
		return fmt.Errorf("fault is empty: say what goes wrong")
	}
	return r.Fault.check()
}
