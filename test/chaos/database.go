package chaos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

var (
	tableAny = []fault[trouble]{
		{name: "throttled", weight: 2, do: trouble{status: 400, code: "ThrottlingException"}},
		{name: "throughput exceeded, for long", weight: 1, burst: longestBurst, do: trouble{status: 400, code: "ProvisionedThroughputExceededException"}},
		{name: "500", weight: 2, do: trouble{status: 500, code: "InternalServerError"}},
		{name: "500, for long", weight: 1, burst: longestBurst, do: trouble{status: 500, code: "InternalServerError"}},
		{name: "reset before", weight: 2, do: trouble{cut: true}},
		{name: "withheld before", weight: 0.15, do: trouble{hold: true}},
	}
	tableReads = append([]fault[trouble]{
		{name: "answer broken off", weight: 1, do: trouble{after: true, half: true}},
	}, tableAny...)
	tableWrites = append([]fault[trouble]{
		{name: "written, answer lost", weight: 3, do: trouble{after: true, cut: true}},
		{name: "written, 500 answered", weight: 3, do: trouble{after: true, status: 500, code: "InternalServerError"}},
		{name: "written, answers lost for long", weight: 1, burst: longestBurst, do: trouble{after: true, cut: true}},
		{name: "written, withheld", weight: 0.15, do: trouble{after: true, hold: true}},
	}, tableAny...)
	tablePuts = append([]fault[trouble]{
		{name: "conflict", weight: 3, do: trouble{status: 400, code: "TransactionConflictException"}},
	}, tableWrites...)
	tableTransactions = append([]fault[trouble]{
		{name: "cancelled", weight: 3, do: trouble{status: 400, code: "TransactionCanceledException"}},
		{name: "cancelled, for long", weight: 1, burst: longestBurst, do: trouble{status: 400, code: "TransactionCanceledException"}},
		{name: "in progress", weight: 1, burst: longestBurst, do: trouble{status: 400, code: "TransactionInProgressException"}},
		{name: "written, in progress answered", weight: 1, do: trouble{after: true, status: 400, code: "TransactionInProgressException"}},
	}, tableWrites...)
)

// newDatabase makes the proxy before DynamoDB.
func newDatabase(p *plan, n *names) *proxy {
	return newProxy(p, n, classifyDynamoDB, func(w http.ResponseWriter, t trouble) {
		reasons := ""
		if t.code == "TransactionCanceledException" {
			reasons = `,"CancellationReasons":[{"Code":"TransactionConflict","Message":"planned"},{"Code":"None"}]`
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(t.status)
		fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"planned"%s}`, t.code, reasons)
	})
}

// attribute is a string in DynamoDB's JSON.
type attribute struct{ S string }

// classifyDynamoDB says what a call is, whose, and what can happen to it. A call of
// no job is left alone.
func classifyDynamoDB(p *proxy, r *http.Request, body []byte) (kind, job string, menu []fault[trouble]) {
	type item struct {
		Partition attribute `json:"pk"`
		ClaimedAt attribute `json:"claimed_at"`
	}
	var in struct {
		Item                      item
		ExpressionAttributeValues map[string]attribute
		TransactItems             []struct{ Put struct{ Item item } }
	}
	// What isn't read here has numbers where this has strings, which are left out.
	_ = json.Unmarshal(body, &in)
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	written := in.Item
	partition := written.Partition.S
	switch operation {
	case "Query":
		kind, menu, partition = "table get job", tableReads, in.ExpressionAttributeValues[":pk"].S
	case "PutItem":
		kind, menu = "table put job", tablePuts
	case "TransactWriteItems":
		kind, menu = "table create job", tableTransactions
		if len(in.TransactItems) > 0 {
			written = in.TransactItems[0].Put.Item
			partition = written.Partition.S
		}
	}
	if sum, ok := strings.CutPrefix(partition, "content#"); ok {
		job = p.names.await(r.Context(), sum)
		if operation == "Query" {
			return "table get content", job, tableReads
		}
		return "table put content", job, tablePuts
	}
	id, ok := strings.CutPrefix(partition, "job#")
	if !ok {
		return "", "", nil
	}
	job = p.names.await(r.Context(), id)
	if operation == "Query" {
		return kind, job, menu
	}
	// A claim tells which look-up is for it.
	if at, err := time.Parse(time.RFC3339Nano, written.ClaimedAt.S); err == nil {
		p.names.claimed(claim{job: job, id: id, at: at})
	}
	if p.plan.calm(job) {
		return "", "", nil
	}
	return kind, job, menu
}
