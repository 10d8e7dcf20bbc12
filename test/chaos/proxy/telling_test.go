package proxy

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/takeup/takeup/test/chaos/faults"
)

// Entries that fail are not carried out, and the answer has them where the service has them.
func TestFailPart(t *testing.T) {
	for name, test := range map[string]struct {
		call   string
		answer func(entries []string) string
		n      int
		passed []string // the entries that are carried out
		want   string   // the answer
	}{
		"events": {`{"Entries":[{"Detail":"a"},{"Detail":"b"},{"Detail":"c"}]}`, events, 2, []string{"b"},
			`{"Entries":[{"ErrorCode":"InternalFailure","ErrorMessage":"planned"},{"EventId":"b"},{"ErrorCode":"InternalFailure","ErrorMessage":"planned"}],"FailedEntryCount":2}`},
		"all events": {`{"Entries":[{"Detail":"a"}]}`, events, 1, nil,
			`{"Entries":[{"ErrorCode":"InternalFailure","ErrorMessage":"planned"}],"FailedEntryCount":1}`},
		"messages": {`{"QueueUrl":"q","Entries":[{"Id":"0","Detail":"a"},{"Id":"1","Detail":"b"}]}`, messages, 2, []string{"b"},
			`{"Failed":[{"Code":"InternalError","Id":"0","Message":"planned","SenderFault":false}],"Successful":[{"Id":"b"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			var passed []string
			service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var call struct{ Entries []struct{ Detail string } }
				if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
					t.Error(err)
				}
				if by := r.Header.Get("Authorization"); !strings.Contains(by, "Credential=owner/") || !strings.Contains(by, "/us-east-1/events/") || r.Header.Get("X-Amz-Security-Token") != "" {
					t.Errorf("a changed call is signed %q", by)
				}
				for _, e := range call.Entries {
					passed = append(passed, e.Detail)
				}
				_, _ = io.WriteString(w, test.answer(passed))
			}))
			defer service.Close()
			p := NewTelling(faults.New(1, 0), faults.NewNames())
			if err := p.SendTo(service.URL, credentials.NewStaticCredentialsProvider("owner", "secret", "")); err != nil {
				t.Fatal(err)
			}
			got := httptest.NewRecorder()
			call := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
			call.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=function/20260821/us-east-1/events/aws4_request, SignedHeaders=host, Signature=1")
			call.Header.Set("X-Amz-Security-Token", "of the function")
			if err := p.failPart(got, call, []byte(test.call), test.n); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(passed, test.passed) || got.Body.String() != test.want {
				t.Errorf("carried out %q, answered %s\nwant %s", passed, got.Body, test.want)
			}
		})
	}
}

func events(entries []string) string {
	return `{"FailedEntryCount":0,"Entries":[` + listed("EventId", entries) + `]}`
}

func messages(entries []string) string { return `{"Successful":[` + listed("Id", entries) + `]}` }

func listed(name string, entries []string) string {
	var all []string
	for _, e := range entries {
		all = append(all, fmt.Sprintf("{%q:%q}", name, e))
	}
	return strings.Join(all, ",")
}

// An ending is tracked as it was first written, and only once it was written.
func TestEndings(t *testing.T) {
	e := NewEndings()
	write := func(status int, item string) {
		t.Helper()
		_, err := e.Carry(dynamoDB("TransactWriteItems"), []byte(`{"TransactItems":[{"Put":{"Item":`+item+`}},{"ConditionCheck":{}}]}`), func() (*answer, error) { return &answer{status: status}, nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	job := func(endings, outcome string) string {
		return `{"pk":{"S":"job#a"},"sk":{"S":"job"},"id":{"S":"a"},"created_at":{"S":"2026-08-21T12:00:00.000000000Z"},"endings":{"N":"` + endings + `"},` +
			`"outcome":{"M":{"name":{"S":"` + outcome + `"},"message":{"S":"no"},"at":{"S":"2026-08-21T12:00:00.000000000Z"}}}}`
	}
	write(http.StatusOK, job("1", "Cancelled"))
	write(http.StatusOK, job("1", "OutOfCredits"))
	write(http.StatusBadRequest, job("2", "OutOfCredits")) // refused
	write(http.StatusOK, `{"pk":{"S":"batch#b"},"sk":{"S":"batch"},"told":{"N":"2"}}`)
	write(http.StatusOK, `{"pk":{"S":"batch#c"},"sk":{"S":"batch"}}`)
	write(http.StatusOK, `{"pk":{"S":"outbox"},"sk":{"S":"job#a.1"}}`)
	jobs, batches, odd := e.All()
	if len(odd) > 0 || len(jobs) != 1 || jobs["a.1"].Outcome.Name != "Cancelled" || len(batches) != 1 || !batches["b.2"] {
		t.Errorf("tracked %+v, %v, %q", jobs, batches, odd)
	}
	write(http.StatusOK, `{"pk":{"S":"job#a"},"sk":{"S":"job"},"id":{"S":"b"}}`)
	if _, _, odd := e.All(); len(odd) != 1 {
		t.Errorf("odd are %q", odd)
	}
}
