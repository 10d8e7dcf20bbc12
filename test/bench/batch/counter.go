package batch

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"

	"github.com/takeup/takeup/test/harness/forward"
)

// Usage is what the functions used of DynamoDB and S3, by their requests.
type Usage struct {
	TableWrites int // written items, without conditions
	// TableUnits are write units without those of the indexes: one for each KB of an item, and
	// twice as many in a transaction. A condition in a transaction takes as many as a write.
	TableUnits int
	TableReads int // items that were asked for, or queries
	Puts, Gets int // requests to S3
}

// counter adds up the calls between the functions and AWS.
type counter struct {
	*forward.Proxy

	mu    sync.Mutex
	used  Usage
	calls map[string]map[string]int // of each function, by operation
}

func newCounter() (*counter, error) {
	c := &counter{calls: map[string]map[string]int{}}
	var err error
	c.Proxy, err = forward.New(c.see)
	return c, err
}

func (c *counter) see(r *http.Request) error {
	used, err := usageOf(r)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used.add(used)
	c.count(r)
	return nil
}

// taken returns what was used so far, and the calls of each function by operation. AWS's names of
// the functions are the keys.
func (c *counter) taken() (Usage, map[string]map[string]int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	calls := map[string]map[string]int{}
	for function, of := range c.calls {
		calls[function] = maps.Clone(of)
	}
	return c.used, calls
}

// count counts the call of a function, which the SDK names in the User-Agent. S3's requests
// have a method only.
func (c *counter) count(r *http.Request) {
	_, agent, _ := strings.Cut(r.UserAgent(), "app/")
	function, _, _ := strings.Cut(agent, " ")
	if function == "" {
		return
	}
	operation, named := forward.Operation(r)
	if !named {
		operation = r.Method
	}
	if c.calls[function] == nil {
		c.calls[function] = map[string]int{}
	}
	c.calls[function][operation]++
}

func (u *Usage) add(v Usage) {
	u.TableWrites, u.TableUnits, u.TableReads = u.TableWrites+v.TableWrites, u.TableUnits+v.TableUnits, u.TableReads+v.TableReads
	u.Puts, u.Gets = u.Puts+v.Puts, u.Gets+v.Gets
}

// usageOf returns what a request uses. It leaves the body to be read again.
func usageOf(r *http.Request) (Usage, error) {
	target := r.Header.Get("X-Amz-Target")
	operation, table := strings.CutPrefix(target, "DynamoDB_20120810.")
	switch {
	case table:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return Usage{}, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		return tableUsage(operation, body)
	case target != "" || !strings.Contains(r.Header.Get("Authorization"), "/s3/"):
		return Usage{}, nil
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return Usage{Gets: 1}, nil
	case r.Method == http.MethodPut || r.Method == http.MethodPost:
		return Usage{Puts: 1}, nil
	}
	return Usage{}, nil
}

// written is an item that is written, or a key. An update sends no item: the updated ones are
// counters, and smaller than a KB.
type written struct{ Item map[string]any }

func tableUsage(operation string, body []byte) (Usage, error) {
	var in struct {
		written
		TransactItems []map[string]written
		RequestItems  map[string]struct{ Keys []any }
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return Usage{}, err
	}
	var u Usage
	switch operation {
	case "Query", "GetItem":
		u.TableReads = 1
	case "BatchGetItem":
		for _, of := range in.RequestItems {
			u.TableReads += len(of.Keys)
		}
	case "PutItem", "UpdateItem", "DeleteItem":
		u.TableWrites, u.TableUnits = 1, units(in.Item)
	case "TransactWriteItems":
		for _, item := range in.TransactItems {
			for kind, w := range item {
				u.TableUnits += 2 * units(w.Item)
				if kind != "ConditionCheck" {
					u.TableWrites++
				}
			}
		}
	}
	return u, nil
}

// units returns the write units of an item.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
func units(item map[string]any) int {
	size := 0
	for name, value := range item {
		size += len(name) + sizeOf(value)
	}
	return max(1, (size+1023)/1024)
}

// sizeOf returns the size of an attribute's value.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func sizeOf(value any) int {
	typed, ok := value.(map[string]any)
	if !ok {
		return 0
	}
	size := 0
	for kind, v := range typed {
		switch v := v.(type) {
		case string:
			switch kind {
			case "N":
				size += len(v)/2 + 1
			case "B":
				size += base64.StdEncoding.DecodedLen(len(v))
			default:
				size += len(v)
			}
		case []any:
			size += 3
			for _, one := range v {
				if text, ok := one.(string); ok {
					size += len(text)
				}
				size += 1 + sizeOf(one)
			}
		case map[string]any:
			size += 3
			for name, one := range v {
				size += 1 + len(name) + sizeOf(one)
			}
		default: // a boolean or null
			size++
		}
	}
	return size
}
