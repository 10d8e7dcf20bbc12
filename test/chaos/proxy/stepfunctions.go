package proxy

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/takeup/takeup/test/chaos/faults"
)

var (
	statesAny = []faults.Fault[trouble]{
		{Name: "throttled", Weight: 3, Do: trouble{status: 400, code: "ThrottlingException"}},
		{Name: "throttled, for long", Weight: 1, Burst: faults.LongestBurst, Do: trouble{status: 400, code: "ThrottlingException"}},
		{Name: "500", Weight: 1, Do: trouble{status: 500, code: "InternalFailure"}},
		{Name: "reset before", Weight: 2, Do: trouble{cut: true}},
		{Name: "withheld before", Weight: 0.15, Do: trouble{hold: true}},
	}
	statesReads = append([]faults.Fault[trouble]{
		{Name: "answer broken off", Weight: 1, Do: trouble{after: true, half: true}},
	}, statesAny...)
	statesStarts = append([]faults.Fault[trouble]{
		{Name: "started, answer lost", Weight: 3, Do: trouble{after: true, cut: true}},
		{Name: "started, 500 answered", Weight: 2, Do: trouble{after: true, status: 500, code: "InternalFailure"}},
		{Name: "started, answers lost for long", Weight: 1, Burst: faults.LongestBurst, Do: trouble{after: true, cut: true}},
		{Name: "started, withheld", Weight: 0.15, Do: trouble{after: true, hold: true}},
	}, statesAny...)
)

// NewStepFunctions returns the proxy between the functions and Step Functions.
func NewStepFunctions(p *faults.Plan, n *faults.Names) *Proxy {
	return newProxy(p, n, classifyStates, func(w http.ResponseWriter, t trouble) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(t.status)
		fmt.Fprintf(w, `{"__type":%q,"message":"planned"}`, t.code)
	})
}

// classifyStates returns the kind of a call, its job, and its possible faults. A call of no job
// is left alone.
func classifyStates(p *Proxy, r *http.Request, body []byte) (kind, job string, menu []faults.Fault[trouble]) {
	var in struct{ Name, ExecutionArn string }
	if json.Unmarshal(body, &in) != nil {
		return "", "", nil
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch operation {
	case "StartExecution":
		return "start execution", p.names.OfExecution(in.Name), statesStarts
	case "DescribeExecution":
		return "describe execution", p.names.OfExecution(faults.LastOf(in.ExecutionArn)), statesReads
	}
	return "", "", nil
}
