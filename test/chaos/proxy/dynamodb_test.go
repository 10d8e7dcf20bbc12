package proxy

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/test/chaos/faults"
)

func dynamoDB(operation string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	return r
}

func TestCollisions(t *testing.T) {
	const (
		put     = "PutItem"
		create  = "TransactWriteItems"
		item    = `{"Item":{"pk":{"S":"job#a"},"sk":{"S":"job"},"version":{"N":"1"}}}`
		request = `{"Put":{"Item":{"pk":{"S":"job#a"},"sk":{"S":"request"}}}}`
	)
	transaction := func(token string) string {
		return `{"ClientRequestToken":"` + token + `","TransactItems":[` + request + `,{"Put":` + item + `}]}`
	}
	for _, test := range []struct {
		name        string
		first, body string
		then, with  string
		soon        string // error of what follows within 30 ms
		at          int    // and the index of its item
	}{
		{name: "two transactions", first: create, body: transaction("1"), then: create, with: transaction("2"), soon: "TransactionCanceledException"},
		{name: "a transaction again", first: create, body: transaction("1"), then: create, with: transaction("1"), soon: "TransactionInProgressException"},
		{name: "a put after a transaction", first: create, body: transaction("1"), then: put, with: item, soon: "TransactionConflictException"},
		{name: "a transaction after a put", first: put, body: item, then: create, with: transaction("1"), soon: "TransactionCanceledException", at: 1},
		{name: "two puts", first: put, body: item, then: put, with: item},
		{name: "a read", first: create, body: transaction("1"), then: "Query", with: `{"ExpressionAttributeValues":{":pk":{"S":"job#a"}}}`},
		{name: "another item", first: create, body: transaction("1"), then: put, with: strings.Replace(item, "job#a", "job#b", 1)},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, after := range []time.Duration{together / 2, together + time.Millisecond} {
				synctest.Test(t, func(t *testing.T) {
					c := newCollisions(faults.New(1, 0.2))
					if got := c.meets(dynamoDB(test.first), []byte(test.body)); got != (trouble{}) {
						t.Fatalf("the first meets %+v", got)
					}
					time.Sleep(after)
					got := c.meets(dynamoDB(test.then), []byte(test.with))
					if want := map[bool]string{true: test.soon}[after < together]; got.code != want || want != "" && got.at != test.at {
						t.Errorf("after %s: %+v, want %q at %d", after, got, want, test.at)
					}
				})
			}
		})
	}
}

// The reason of a cancelled transaction is at the index of the item with the conflict.
func TestCancelledAt(t *testing.T) {
	for at := range 2 {
		w := httptest.NewRecorder()
		refuseAsDynamoDB(w, trouble{status: http.StatusBadRequest, code: "TransactionCanceledException", at: at})
		var got struct{ CancellationReasons []struct{ Code string } }
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.CancellationReasons[at].Code != "TransactionConflict" {
			t.Errorf("%d: %s, %v", at, w.Body, err)
		}
	}
}

func TestATroubleThatLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		menu := []faults.Fault[trouble]{{Name: "in progress", Weight: 1, Do: trouble{after: true, status: 400, code: "TransactionInProgressException", lasts: 5 * time.Second}}}
		p := faults.New(1, 0)
		p.First["create"] = menu[0].Name
		d := newProxy(p, faults.NewNames(), func(*Proxy, *http.Request, []byte) (string, string, []faults.Fault[trouble]) {
			return "create", "a", menu
		}, nil)
		var after []bool
		var met []bool
		for range 4 {
			got := d.meets(dynamoDB("TransactWriteItems"), nil)
			after, met = append(after, got.after), append(met, got != (trouble{}))
			time.Sleep(2 * time.Second)
		}
		// It is carried out the first time, and finished after five seconds.
		if want := []bool{true, false, false, false}; !slices.Equal(after, want) {
			t.Errorf("carried out: %v, want %v", after, want)
		}
		if want := []bool{true, true, true, false}; !slices.Equal(met, want) {
			t.Errorf("met: %v, want %v", met, want)
		}
	})
}

// A read that is not consistent returns the state of some seconds ago, until everything is at
// rest.
func TestReplica(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := NewReplica(faults.New(1, 0.2))
		text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
		write := func(status string) {
			t.Helper()
			err := o.items.Put(dynamotest.Attributes{"pk": text("job#a"), "sk": text("job"), "id": text("a"), "place": text("1#a"), "status": text(status)})
			if err != nil {
				t.Fatal(err)
			}
		}
		query := func(body string) (string, bool) {
			w := httptest.NewRecorder()
			served := o.serve(w, dynamoDB("Query"), []byte(body))
			return w.Body.String(), served
		}
		const list = `{"IndexName":"by-status","KeyConditionExpression":"#s = :s","ExpressionAttributeNames":{"#s":"status"},"ExpressionAttributeValues":{":s":{"S":"queued"}}}`
		write("queued")
		if got, served := query(list); !served || strings.Contains(got, `"id"`) {
			t.Errorf("at once: %v, %s", served, got)
		}
		time.Sleep(dynamotest.Lag)
		write("completed")
		if got, served := query(list); !served || !strings.Contains(got, `"id"`) {
			t.Errorf("before the next write: %v, %s", served, got)
		}
		time.Sleep(dynamotest.Lag)
		if got, served := query(list); !served || strings.Contains(got, `"id"`) {
			t.Errorf("after it: %v, %s", served, got)
		}
		if _, served := query(strings.Replace(list, "{", `{"ConsistentRead":true,`, 1)); served {
			t.Error("a consistent read is old")
		}
		if o.serve(httptest.NewRecorder(), dynamoDB("PutItem"), []byte("{}")) {
			t.Error("a write is not carried out")
		}
		o.Over.Store(true)
		if _, served := query(list); served {
			t.Error("an old state is shown at rest")
		}
	})
}
