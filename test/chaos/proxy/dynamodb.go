package proxy

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/takeup/takeup/test/chaos/faults"
)

var (
	tableAny = []faults.Fault[trouble]{
		{Name: "throttled", Weight: 2, Do: trouble{status: 400, code: "ThrottlingException"}},
		{Name: "throughput exceeded, for long", Weight: 1, Burst: faults.LongestBurst, Do: trouble{status: 400, code: "ProvisionedThroughputExceededException"}},
		{Name: "500", Weight: 2, Do: trouble{status: 500, code: "InternalServerError"}},
		{Name: "500, for long", Weight: 1, Burst: faults.LongestBurst, Do: trouble{status: 500, code: "InternalServerError"}},
		{Name: "reset before", Weight: 2, Do: trouble{cut: true}},
		{Name: "withheld before", Weight: 0.15, Do: trouble{hold: true}},
	}
	tableReads = append([]faults.Fault[trouble]{
		{Name: "answer broken off", Weight: 1, Do: trouble{after: true, half: true}},
	}, tableAny...)
	tableWrites = append([]faults.Fault[trouble]{
		{Name: "written, answer lost", Weight: 3, Do: trouble{after: true, cut: true}},
		{Name: "written, 500 answered", Weight: 3, Do: trouble{after: true, status: 500, code: "InternalServerError"}},
		{Name: "written, answers lost for long", Weight: 1, Burst: faults.LongestBurst, Do: trouble{after: true, cut: true}},
		{Name: "written, withheld", Weight: 0.15, Do: trouble{after: true, hold: true}},
	}, tableAny...)
	// What DynamoDB leaves out of an answer is asked for again.
	tableManyReads = append([]faults.Fault[trouble]{
		{Name: "some keys left out", Weight: 3, Do: trouble{after: true, less: someKeys}},
		{Name: "all keys left out, for long", Weight: 1, Burst: faults.LongestBurst, Do: trouble{after: true, less: allKeys}},
	}, tableReads...)
	// An answer that is withheld kills the function of a batch, which must be taken up again.
	tableBatchReads = append([]faults.Fault[trouble]{{Name: "withheld", Weight: 1, Do: trouble{hold: true}}}, tableReads...)
	tablePuts       = append([]faults.Fault[trouble]{
		{Name: "conflict", Weight: 3, Do: trouble{status: 400, code: "TransactionConflictException"}},
	}, tableWrites...)
	tableTransactions = append([]faults.Fault[trouble]{
		{Name: "cancelled", Weight: 3, Do: trouble{status: 400, code: "TransactionCanceledException"}},
		{Name: "cancelled, for long", Weight: 1, Burst: faults.LongestBurst, Do: trouble{status: 400, code: "TransactionCanceledException"}},
		{Name: "in progress, for seconds", Weight: 1, Do: trouble{status: 400, code: "TransactionInProgressException", lasts: longestTransaction}},
		{Name: "written, in progress for seconds", Weight: 1, Do: trouble{after: true, status: 400, code: "TransactionInProgressException", lasts: longestTransaction}},
	}, tableWrites...)
)

// longestTransaction is how long a transaction stays in progress: a little longer than the 5 s
// that DynamoDB makes a client wait for it.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
const longestTransaction = 5 * time.Second

// NewDynamoDB returns the proxy in front of DynamoDB. Reads that are not consistent come from
// the replica, unless it is nil.
func NewDynamoDB(p *faults.Plan, n *faults.Names, old *Replica) *Proxy {
	d := newProxy(p, n, classifyDynamoDB, refuseAsDynamoDB)
	if old != nil {
		d.collides = newCollisions(p).meets
		d.stale, d.carried = old.serve, old.follow
	}
	return d
}

// refuseAsDynamoDB answers with an error in DynamoDB's format.
func refuseAsDynamoDB(w http.ResponseWriter, t trouble) {
	reasons := ""
	if t.code == "TransactionCanceledException" {
		none := strings.Repeat(`{"Code":"None"},`, t.at)
		reasons = `,"CancellationReasons":[` + none + `{"Code":"TransactionConflict","Message":"planned"},{"Code":"None"}]`
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(t.status)
	fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"planned"%s}`, t.code, reasons)
}

// attribute is a string in DynamoDB's JSON.
type attribute struct{ S string }

// keys are the keys of an item.
type keys struct {
	Partition attribute `json:"pk"`
	Sort      attribute `json:"sk"`
}

// written is a write, alone or as an action of a transaction.
type written struct {
	TableName string
	Item      struct {
		keys
		ClaimedAt attribute `json:"claimed_at"`
	}
	Key keys
}

func (w written) keys() keys {
	if w.Key.Partition.S != "" {
		return w.Key
	}
	return w.Item.keys
}

// call is the part of DynamoDB's calls that the proxy reads.
type call struct {
	operation string
	written
	IndexName                 string
	ConsistentRead            bool
	ClientRequestToken        string
	ExpressionAttributeValues map[string]attribute
	TransactItems             []map[string]written // each by its action, such as Put
	RequestItems              map[string]many      // by table
}

// many are the keys of a BatchGetItem.
type many struct {
	Keys           []keys
	ConsistentRead bool
}

// asked returns what a BatchGetItem asks one table for.
func (c call) asked() many {
	for _, of := range c.RequestItems {
		return of
	}
	return many{}
}

// readCall decodes a call. Attributes that the proxy doesn't need may be numbers where this has
// strings. They are left out.
func readCall(r *http.Request, body []byte) call {
	var in call
	_ = json.Unmarshal(body, &in)
	_, in.operation, _ = strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return in
}

// writes returns the items that a call writes or only checks conditions on.
func (c call) writes() []written {
	all := []written{}
	switch c.operation {
	case "PutItem", "UpdateItem", "DeleteItem":
		all = append(all, c.written)
	case "TransactWriteItems":
		for _, actions := range c.TransactItems {
			for _, action := range actions {
				all = append(all, action)
			}
		}
	}
	return all
}

// reading reports whether the call only reads.
func (c call) reading() bool {
	return c.operation == "Query" || c.operation == "GetItem" || c.operation == "BatchGetItem"
}

// consistent reports whether a read is consistent.
func (c call) consistent() bool { return c.ConsistentRead || c.asked().ConsistentRead }

// partition returns the partition of the first item, or of the query.
func (c call) partition() string {
	if all := c.writes(); len(all) > 0 {
		return all[0].keys().Partition.S
	}
	if c.Key.Partition.S != "" {
		return c.Key.Partition.S
	}
	if asked := c.asked(); len(asked.Keys) > 0 {
		return asked.Keys[0].Partition.S
	}
	return c.ExpressionAttributeValues[":pk"].S
}

// menu returns the possible faults of a call.
func (c call) menu() []faults.Fault[trouble] {
	switch {
	case c.operation == "BatchGetItem":
		return tableManyReads
	case c.reading():
		return tableReads
	case c.operation == "TransactWriteItems":
		return tableTransactions
	}
	return tablePuts
}

// shared is how many calls on behalf of all jobs count as one job's. The first few of them can
// fail.
const shared = 20

// classifyDynamoDB returns the kind of a call, its job, and its possible faults.
func classifyDynamoDB(p *Proxy, r *http.Request, body []byte) (kind, job string, menu []faults.Fault[trouble]) {
	c := readCall(r, body)
	doing := map[bool]string{true: "table get ", false: "table put "}[c.reading()]
	what, of, _ := strings.Cut(c.partition(), "#")
	switch {
	case c.IndexName != "":
		kind = "table list jobs"
		return kind, p.plan.Turn(kind, faults.Shared, shared), tableReads
	case c.operation == "BatchGetItem":
		return "table get many jobs", p.names.Await(r.Context(), of), c.menu()
	case what == "content":
		return doing + what, p.names.Await(r.Context(), of), c.menu()
	case what == "batch" && c.reading():
		kind = doing + what
		return kind, p.plan.Turn(kind, cmp.Or(p.names.Of(of), faults.Shared), shared), tableBatchReads
	case what != "job":
		kind = doing + what
		return kind, p.plan.Turn(kind, cmp.Or(p.names.Of(of), faults.Shared), shared), c.menu()
	}
	job = p.names.Await(r.Context(), of)
	if c.reading() {
		return doing + what, job, c.menu()
	}
	// A claim identifies the lookup that may follow.
	if all := c.writes(); len(all) > 0 {
		if at, err := time.Parse(time.RFC3339Nano, all[0].Item.ClaimedAt.S); err == nil {
			p.names.Claimed(faults.Claim{Job: job, ID: of, At: at})
		}
	}
	if p.plan.Calm(job) {
		return "", "", nil
	}
	if c.operation == "TransactWriteItems" {
		return "table create job", job, c.menu()
	}
	return doing + what, job, c.menu()
}

// together is how long after it has started a transaction conflicts with another one on one of
// its items.
const together = 30 * time.Millisecond

// collisions refuses calls while a transaction on the same item is in progress, as DynamoDB does
// and MiniStack doesn't: a transaction is cancelled for another transaction or a write, and a
// write is refused for a transaction.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
type collisions struct {
	plan *faults.Plan

	mu    sync.Mutex
	under map[keys]underWay
}

// underWay is a write that may still be in progress.
type underWay struct {
	token string // of the transaction; empty if it is none
	until time.Time
}

func newCollisions(p *faults.Plan) *collisions {
	return &collisions{plan: p, under: map[keys]underWay{}}
}

func (c *collisions) meets(r *http.Request, body []byte) trouble {
	in := readCall(r, body)
	now, transaction := time.Now(), in.operation == "TransactWriteItems"
	c.mu.Lock()
	defer c.mu.Unlock()
	all := in.writes()
	for i, item := range all {
		other, ok := c.under[item.keys()]
		switch {
		case !ok || now.After(other.until):
		case transaction && other.token == in.ClientRequestToken && other.token != "":
			c.plan.Note("table create job", "its own first try in progress", "")
			return trouble{status: 400, code: "TransactionInProgressException"}
		case transaction:
			c.plan.Note("table create job", "another write in progress", "")
			return trouble{status: 400, code: "TransactionCanceledException", at: i}
		case other.token != "":
			c.plan.Note("table put job", "another transaction in progress", "")
			return trouble{status: 400, code: "TransactionConflictException"}
		}
	}
	for _, item := range all {
		c.under[item.keys()] = underWay{token: in.ClientRequestToken, until: now.Add(together)}
	}
	return trouble{}
}

// How many keys an answer to a BatchGetItem leaves out.
const (
	someKeys = 2 // every second one
	allKeys  = 1
)

// leaveOut moves every n-th item of the answer to a BatchGetItem to the keys that were not
// processed, as DynamoDB does for a table that is throttled.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
func leaveOut(n int, body []byte, got *answer) error {
	var in struct {
		RequestItems map[string]map[string]any
	}
	var out struct {
		Responses       map[string][]map[string]any
		UnprocessedKeys map[string]map[string]any
	}
	if err := errors.Join(json.Unmarshal(body, &in), json.Unmarshal(got.body, &out)); err != nil {
		return err
	}
	out.UnprocessedKeys = map[string]map[string]any{}
	for table, asked := range in.RequestItems {
		all, _ := asked["Keys"].([]any)
		var left []any
		for i, key := range all {
			if i%n == 0 {
				left = append(left, key)
			}
		}
		out.Responses[table] = slices.DeleteFunc(out.Responses[table], func(item map[string]any) bool {
			return slices.ContainsFunc(left, func(key any) bool {
				of, _ := key.(map[string]any)
				return reflect.DeepEqual(of["pk"], item["pk"]) && reflect.DeepEqual(of["sk"], item["sk"])
			})
		})
		rest := maps.Clone(asked)
		rest["Keys"] = left
		out.UnprocessedKeys[table] = rest
	}
	changed, err := json.Marshal(out)
	got.body = changed
	got.header = got.header.Clone()
	got.header.Del("Content-Length")
	got.header.Del("X-Amz-Crc32")
	return err
}
