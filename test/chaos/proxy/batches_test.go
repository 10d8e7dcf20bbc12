package proxy

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// carried has a write carried out.
func carried(t *testing.T, b *Batches, operation, body string, status int) {
	t.Helper()
	if _, err := b.Carry(dynamoDB(operation), []byte(body), func() (*answer, error) { return &answer{status: status}, nil }); err != nil {
		t.Fatal(err)
	}
}

func TestLimitsOfBatches(t *testing.T) {
	const put, transaction = "PutItem", "TransactWriteItems"
	record := func(state string) string {
		return `{"Item":{"pk":{"S":"batch#b"},"sk":{"S":"batch"},"state":{"S":"` + state + `"},"at_once":{"N":"1"}}}`
	}
	job := func(token, id, slots string) string {
		var money []string
		for attempt, slot := range strings.Split(slots, ",") {
			number, _ := json.Marshal(attempt + 1)
			money = append(money, `{"M":{"attempt":{"N":"`+string(number)+`"},"slot":{"BOOL":`+slot+`}}}`)
		}
		return `{"ClientRequestToken":"` + token + `","TransactItems":[{"ConditionCheck":{}},{"Put":{"Item":{"pk":{"S":"job#` + id +
			`"},"sk":{"S":"job"},"batch":{"S":"b"},"money":{"L":[` + strings.Join(money, ",") + `]}}}}]}`
	}
	b := NewBatches()
	carried(t, b, put, record("running"), http.StatusOK)
	carried(t, b, transaction, job("1", "one", "true"), http.StatusOK)
	carried(t, b, transaction, job("2", "two", "true"), http.StatusBadRequest) // refused
	carried(t, b, transaction, job("1", "one", "true"), http.StatusOK)         // the same again
	carried(t, b, transaction, job("3", "one", "false"), http.StatusOK)
	carried(t, b, transaction, job("4", "two", "true"), http.StatusOK)
	if b.Over != 0 || b.Cancelled != 0 {
		t.Errorf("%d over the limit, %d in a cancelled batch", b.Over, b.Cancelled)
	}
	carried(t, b, transaction, job("5", "one", "false,true"), http.StatusOK)
	if b.Over != 1 {
		t.Errorf("%d over the limit, want 1", b.Over)
	}
	carried(t, b, put, record("cancelled"), http.StatusOK)
	carried(t, b, transaction, job("6", "one", "false,false"), http.StatusOK) // no claim
	carried(t, b, transaction, job("7", "six", "true"), http.StatusOK)
	carried(t, b, put, record("planning"), http.StatusOK)
	carried(t, b, transaction, job("8", "six", "false,true"), http.StatusOK)
	if b.Cancelled != 1 {
		t.Errorf("%d claims in a cancelled batch, want 1", b.Cancelled)
	}
}

func TestKeysThatAreLeftOut(t *testing.T) {
	const body = `{"RequestItems":{"jobs":{"ConsistentRead":true,"Keys":[{"pk":{"S":"job#a"},"sk":{"S":"job"}},{"pk":{"S":"job#b"},"sk":{"S":"job"}},{"pk":{"S":"job#c"},"sk":{"S":"job"}}]}}}`
	const reply = `{"Responses":{"jobs":[{"pk":{"S":"job#b"},"sk":{"S":"job"},"n":{"N":"1"}},{"pk":{"S":"job#c"},"sk":{"S":"job"}}]},"UnprocessedKeys":{}}`
	for n, want := range map[int]string{
		someKeys: `{"Responses":{"jobs":[{"n":{"N":"1"},"pk":{"S":"job#b"},"sk":{"S":"job"}}]},"UnprocessedKeys":{"jobs":{"ConsistentRead":true,"Keys":[{"pk":{"S":"job#a"},"sk":{"S":"job"}},{"pk":{"S":"job#c"},"sk":{"S":"job"}}]}}}`,
		allKeys:  `{"Responses":{"jobs":[]},"UnprocessedKeys":{"jobs":{"ConsistentRead":true,"Keys":[{"pk":{"S":"job#a"},"sk":{"S":"job"}},{"pk":{"S":"job#b"},"sk":{"S":"job"}},{"pk":{"S":"job#c"},"sk":{"S":"job"}}]}}}`,
	} {
		got := &answer{status: http.StatusOK, header: http.Header{"X-Amz-Crc32": {"1"}}, body: []byte(reply)}
		if err := leaveOut(n, []byte(body), got); err != nil || string(got.body) != want || len(got.header) != 0 {
			t.Errorf("every %d: %v, %v\n%s\nwant\n%s", n, err, got.header, got.body, want)
		}
	}
	c := readCall(dynamoDB("BatchGetItem"), []byte(body))
	if !c.reading() || !c.consistent() || c.partition() != "job#a" {
		t.Errorf("read as %+v", c)
	}
	if c := readCall(httptest.NewRequest(http.MethodPost, "/", http.NoBody), []byte("{}")); c.consistent() {
		t.Error("no read is consistent")
	}
}
