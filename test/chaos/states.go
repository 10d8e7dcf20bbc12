package chaos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

var (
	statesAny = []fault[trouble]{
		{name: "throttled", weight: 3, do: trouble{status: 400, code: "ThrottlingException"}},
		{name: "throttled, for long", weight: 1, burst: longestBurst, do: trouble{status: 400, code: "ThrottlingException"}},
		{name: "500", weight: 1, do: trouble{status: 500, code: "InternalFailure"}},
		{name: "reset before", weight: 2, do: trouble{cut: true}},
		{name: "withheld before", weight: 0.15, do: trouble{hold: true}},
	}
	statesReads = append([]fault[trouble]{
		{name: "answer broken off", weight: 1, do: trouble{after: true, half: true}},
	}, statesAny...)
	statesStarts = append([]fault[trouble]{
		{name: "started, answer lost", weight: 3, do: trouble{after: true, cut: true}},
		{name: "started, 500 answered", weight: 2, do: trouble{after: true, status: 500, code: "InternalFailure"}},
		{name: "started, answers lost for long", weight: 1, burst: longestBurst, do: trouble{after: true, cut: true}},
		{name: "started, withheld", weight: 0.15, do: trouble{after: true, hold: true}},
	}, statesAny...)
)

// newStates makes the proxy before Step Functions, as the functions call it.
func newStates(p *plan, n *names) *proxy {
	return newProxy(p, n, classifyStates, func(w http.ResponseWriter, t trouble) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(t.status)
		fmt.Fprintf(w, `{"__type":%q,"message":"planned"}`, t.code)
	})
}

// classifyStates says what a call is, whose, and what can happen to it. A call of no
// job is left alone.
func classifyStates(p *proxy, r *http.Request, body []byte) (kind, job string, menu []fault[trouble]) {
	var in struct{ Name, ExecutionArn string }
	if json.Unmarshal(body, &in) != nil {
		return "", "", nil
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch operation {
	case "StartExecution":
		return "start execution", p.names.ofExecution(in.Name), statesStarts
	case "DescribeExecution":
		return "describe execution", p.names.ofExecution(lastOf(in.ExecutionArn)), statesReads
	}
	return "", "", nil
}
