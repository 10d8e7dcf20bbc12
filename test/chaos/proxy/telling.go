package proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/takeup/takeup/test/chaos/faults"
	"github.com/takeup/takeup/test/chaos/proxy/resign"
)

var (
	busAny = []faults.Fault[trouble]{
		{Name: "throttled", Weight: 2, Do: trouble{status: 400, code: "ThrottlingException"}},
		{Name: "500, for long", Weight: 1, Burst: faults.LongestBurst, Do: trouble{status: 500, code: "InternalException"}},
		{Name: "reset before", Weight: 1, Do: trouble{cut: true}},
		{Name: "taken, answer lost", Weight: 2, Do: trouble{after: true, cut: true}},
		{Name: "taken, 500 answered for long", Weight: 1, Burst: faults.LongestBurst, Do: trouble{after: true, status: 500, code: "InternalException"}},
		{Name: "answer broken off", Weight: 1, Do: trouble{after: true, half: true}},
	}
	// A call succeeds though some of its entries fail.
	busPartly = append([]faults.Fault[trouble]{
		{Name: "every second entry failed", Weight: 4, Do: trouble{part: 2}},
		{Name: "all entries failed", Weight: 2, Do: trouble{part: 1}},
	}, busAny...)
)

// NewTelling returns the proxy in front of what the functions tell others by: the event bus, the
// queues and the topics.
func NewTelling(p *faults.Plan, n *faults.Names) *Proxy {
	return newProxy(p, n, classifyTelling, func(w http.ResponseWriter, t trouble) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(t.status)
		fmt.Fprintf(w, `{"__type":%q,"message":"planned"}`, t.code)
	})
}

// classifyTelling returns the kind of a call and its possible faults. The calls are about several
// jobs, so that some calls in a row count as one job's.
func classifyTelling(p *Proxy, r *http.Request, _ []byte) (kind, job string, menu []faults.Fault[trouble]) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch operation {
	case "PutEvents":
		kind, menu = "put events", busPartly
	case "SendMessageBatch":
		kind, menu = "send messages", busPartly
	case "SendMessage":
		kind, menu = "send a message", busAny
	default:
		return "", "", nil
	}
	return kind, p.plan.Turn(kind, faults.Shared, mostFaults), menu
}

// failPart has a call carried out without every n-th of its entries, and answers that those
// failed.
func (p *Proxy) failPart(w http.ResponseWriter, r *http.Request, body []byte, n int) error {
	var call map[string]json.RawMessage
	var entries []json.RawMessage
	if err := errors.Join(json.Unmarshal(body, &call), json.Unmarshal(call["Entries"], &entries)); err != nil {
		return err
	}
	var some []json.RawMessage
	for i, entry := range entries {
		if i%n != 0 {
			some = append(some, entry)
		}
	}
	got := &answer{status: http.StatusOK, header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, body: []byte("{}")}
	if len(some) > 0 {
		left, err := json.Marshal(some)
		if err != nil {
			return err
		}
		call["Entries"] = left
		if body, err = json.Marshal(call); err != nil {
			return err
		}
		out := r.Clone(r.Context())
		if err := resign.As(p.owner, out, body); err != nil {
			return err
		}
		if got, err = p.carryOut(r.Context(), out, body); err != nil {
			return err
		}
	}
	if got.status != http.StatusOK {
		got.write(w)
		return nil
	}
	answered, err := withFailed(got.body, entries, n)
	if err != nil {
		return err
	}
	got.header = got.header.Clone()
	got.header.Set("Content-Length", fmt.Sprint(len(answered)))
	got.body = answered
	got.write(w)
	return nil
}

// withFailed adds the entries that failed to an answer of PutEvents, which has them in the order
// of the call, or of SendMessageBatch, which has them in a list of their own.
func withFailed(body []byte, entries []json.RawMessage, n int) ([]byte, error) {
	var got struct {
		FailedEntryCount int
		Entries          []json.RawMessage
		Successful       []json.RawMessage
		Failed           []map[string]any
	}
	if err := json.Unmarshal(body, &got); err != nil {
		return nil, err
	}
	var all []any
	for i, entry := range entries {
		var named struct{ ID string }
		if err := json.Unmarshal(entry, &named); err != nil {
			return nil, err
		}
		switch {
		case i%n == 0 && named.ID != "":
			got.Failed = append(got.Failed, map[string]any{"Id": named.ID, "Code": "InternalError", "Message": "planned", "SenderFault": false})
		case i%n == 0:
			got.FailedEntryCount++
			all = append(all, map[string]string{"ErrorCode": "InternalFailure", "ErrorMessage": "planned"})
		case len(got.Entries) > 0:
			all, got.Entries = append(all, got.Entries[0]), got.Entries[1:]
		}
	}
	if len(all) == 0 {
		return json.Marshal(map[string]any{"Successful": got.Successful, "Failed": got.Failed})
	}
	return json.Marshal(map[string]any{"FailedEntryCount": got.FailedEntryCount, "Entries": all})
}
