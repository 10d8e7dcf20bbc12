package sim

import (
	"fmt"
	"slices"
)

// Kind names what a call asks for. Fault plans, rules and the ledger use it.
type Kind string

// The kinds of calls on the provider's surface.
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

// Call is what a Plan is told of an incoming call.
type Call struct {
	Kind Kind
	// Count is 1 for the first call of this kind since the start.
	Count int
	// ID is the client request id of a create and the generation id of a retrieve or a download; empty otherwise.
	ID string
	// Repeat is 1 for the first call of this kind with this ID. It is 0 where ID is empty.
	Repeat int
}

// Plan decides what goes wrong with a call; the zero Fault leaves it alone. It is called once a call, before anything
// else is done with it, and with the server locked: one call at a time, and it must not call the server.
//
// A refused connection is the one fault that a handler can't make; Reset without After is the nearest. For the real
// one, end the process or close its listener.
type Plan func(Call) Fault

// Fault is one thing, or several, that go wrong with a call.
type Fault struct {
	// Name is counted in the ledger; empty, it is named after what it does.
	Name string `json:"name,omitempty"`
	// After carries the call out first (a create is accepted and will be charged) and spoils its reply only.
	// Without it, DelaySeconds, Reset, Status and Body take the place of the work.
	After bool `json:"after,omitempty"`
	// DelaySeconds holds the call back by so long, or until the caller hangs up.
	DelaySeconds float64 `json:"delay_seconds,omitempty"`
	// Reset ends the connection without a reply, with a TCP reset where the connection knows one.
	Reset bool `json:"reset,omitempty"`
	// Status answers with this HTTP status, and the provider's error body unless Body is set.
	Status int `json:"status,omitempty"`
	// RetryAfter is the Retry-After header, verbatim. Only with Status.
	RetryAfter string `json:"retry_after,omitempty"`
	// Body answers with these bytes as application/json, with Status, or 200.
	Body string `json:"body,omitempty"`
	// Word stands in the reply's status field instead of the true word. Create and retrieve only.
	Word string `json:"word,omitempty"`
	// NoURL gives a completed generation without its video. Retrieve only.
	NoURL bool `json:"no_url,omitempty"`
	// ExpiredURL gives a URL whose time is over. Retrieve only.
	ExpiredURL bool `json:"expired_url,omitempty"`
	// ListURL gives the video as a list of one, as two models' files allow. Retrieve only.
	ListURL bool `json:"list_url,omitempty"`
	// HideEvery leaves out every n-th row, counted from the newest; 1 hides all. Logs and transactions only.
	HideEvery int `json:"hide_every,omitempty"`
	// CutAfter breaks the connection when so many bytes of the body were sent. Download only.
	CutAfter int64 `json:"cut_after,omitempty"`
	// Unframed sends the file as HTTP/1.0 may: without a length, ranges or an ETag, so that a body that is cut ends as a
	// whole one does. Download only.
	Unframed bool `json:"unframed,omitempty"`
	// StallAfter sends nothing more when so many bytes of the body were sent, until the caller hangs up. Download only.
	StallAfter int64 `json:"stall_after,omitempty"`
}

// None says whether the fault leaves the call alone.
func (f Fault) None() bool { return f == Fault{} }

func (f Fault) label() string {
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

// Rule is a fault that settings lay on a kind of call, for tests that run the simulator as a process.
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
