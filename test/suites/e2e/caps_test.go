package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// testCaps takes one token to its cap while another keeps working, and lowers the stack's cap so
// far that nothing fits.
//
// It needs the stack to itself.
func (w *world) testCaps(t *testing.T) {
	c := w.commandLine(t)
	token := strings.TrimSpace(c.run(t, "token", "add", "carol", "--max-usd-per-day", "1.5"))
	w.mu.Lock()
	w.private = append(w.private, token)
	w.mu.Unlock()
	await(t, "the new token", func() bool {
		status, _, _ := call(t, http.MethodGet, w.stack.API+"/videos?limit=1", token, "")
		return status == http.StatusOK
	})
	t.Run("a token's", func(t *testing.T) { w.testOwnersCap(t, c, token) })
	t.Run("the stack's", func(t *testing.T) { w.testLoweredCap(t, c) })
	t.Run("by the API's role", w.testCapsByTheAPI)
	if said := c.run(t, "token", "revoke", "carol"); !strings.Contains(said, "carol") {
		t.Errorf("printed %s", said)
	}
	if control, _, err := w.table.Control(t.Context()); err != nil || len(control.Owners) > 0 || control.Caps != nil {
		t.Errorf("once all is taken back: %+v, %v", control, err)
	}
}

// boat is a request for a video of that many seconds, at 0.196 USD each.
func (w *world) boat(about string, seconds int) string {
	return fmt.Sprintf(`{"prompt":%q,"duration":%d}`, w.prompt("a paper boat, "+about), seconds)
}

func (w *world) testOwnersCap(t *testing.T, c commandLine, token string) {
	post := func(want int, body string, headers ...string) []byte {
		t.Helper()
		status, _, reply := call(t, http.MethodPost, w.stack.API+api.GenerationsPath, token, body, headers...)
		if status != want {
			t.Fatalf("%d instead of %d: %s", status, want, reply)
		}
		return reply
	}
	w.stored(t, decode[api.Generation](t, post(http.StatusOK, w.boat("below carol's cap", 5))).ID)
	waiting := decode[api.Generation](t, post(http.StatusOK, w.boat("above carol's cap", 5))).ID
	await(t, "a job that waits for its owner's cap", func() bool {
		got := ask[api.Video](w, t, http.StatusOK, http.MethodGet, api.PathOf(api.VideoPath, waiting))
		return got.Waiting != nil && got.Waiting.For == report.WaitCap && got.Waiting.LastError != nil && strings.Contains(*got.Waiting.LastError, "0.98 of the token's 1.50 USD a day")
	})
	w.stored(t, w.post(t, w.boat("of another token", 10)))

	const key = "of-carol"
	refusal := decode[api.Error](t, post(http.StatusForbidden, w.boat("that never fits", 10), "Idempotency-Key: "+key))
	for _, says := range []string{"1.96 USD", "the token's cap of 1.50 USD a day", "0.98 USD are spent, 0.00 USD reserved and 0.00 USD uncertain", "T00:00:00Z"} {
		if !strings.Contains(refusal.Message.Text, says) {
			t.Errorf("it lacks %q: %s", says, refusal.Message)
		}
	}
	if status, _, reply := call(t, http.MethodGet, w.stack.API+"/videos/"+jobs.IDFromKey("api", "carol", key), w.stack.Token, ""); status != http.StatusNotFound {
		t.Errorf("what was refused is a job: %d, %s", status, reply)
	}
	free := decode[api.Generation](t, post(http.StatusOK, w.boat("with the key that is free", 5), "Idempotency-Key: "+key)).ID
	if got := ask[api.Video](w, t, http.StatusOK, http.MethodDelete, api.PathOf(api.VideoPath, free)); got.Status != video.StateCancelled {
		t.Errorf("cancelled, it is %+v", got)
	}
	if len(w.creates(waiting)) > 0 {
		t.Error("what waits for the owner's cap was submitted")
	}
	if said := c.run(t, "caps"); !strings.Contains(said, "owner carol  0.98 USD of 1.50 USD a day") {
		t.Errorf("printed %s", said)
	}
	c.run(t, "caps", "set", "--owner", "carol", "--max-usd-per-day", "2")
	c.run(t, "retry", waiting)
	w.stored(t, waiting)
}

func (w *world) testLoweredCap(t *testing.T, c commandLine) {
	if said := c.run(t, "caps", "set", "--max-usd-per-day", "0.5"); !strings.Contains(said, "0.50 USD") || !strings.Contains(said, "arn:aws:") {
		t.Errorf("printed %s", said)
	}
	caps := ask[api.Control](w, t, http.StatusOK, http.MethodGet, api.ControlPath).Caps
	if caps.Day.Limit == nil || *caps.Day.Limit != "0.5" || caps.Day.Parameter != nil || caps.Override == nil || !strings.HasPrefix(caps.Override.By, "arn:aws:") || caps.Override.Until != nil {
		t.Errorf("the API returned %+v, %+v", caps, caps.Override)
	}
	cmd, _ := c.command(t, "doctor")
	if report, _ := cmd.Output(); !strings.Contains(string(report), "caps: 0.5 USD a day, no cap on a month, no cap on videos in flight, set by arn:aws:") {
		t.Errorf("doctor printed %s", report)
	}
	status, _, reply := call(t, http.MethodPost, w.stack.API+api.GenerationsPath, w.stack.Token, w.boat("above the stack's cap", 5))
	if status != http.StatusForbidden || !strings.Contains(string(reply), "the stack's cap of 0.50 USD a day") {
		t.Errorf("%d, %s", status, reply)
	}
	const file = "over-the-cap.txt"
	content := []byte(w.prompt("a paper boat in a file, above the stack's cap"))
	job := w.upload(t, file, content)
	var said bucket.Rejection
	await(t, "the rejection", func() bool {
		text, ok := w.find(t, "rejected/"+file+".json")
		if err := json.Unmarshal(text, &said); ok && err != nil {
			t.Fatal(err)
		}
		return ok
	})
	if !strings.Contains(said.Reason, "the stack's cap of 0.50 USD a day") {
		t.Errorf("rejected since %s", said.Reason)
	}
	const hand = "by-hand-over-the-cap"
	w.startByHand(t, hand, w.boat("by hand, above the stack's cap", 5))
	w.endedWith(t, hand, "CapReached", "0.98 USD", "more than the day's 0.50 USD", "redrive")

	if said := c.run(t, "caps", "reset"); !strings.Contains(said, "the stack's parameters") {
		t.Errorf("printed %s", said)
	}
	w.put(t, file, content)
	w.succeeded(t, job)
	w.stored(t, job)
	ask[api.Video](w, t, http.StatusAccepted, http.MethodPost, api.PathOf(api.RedrivePath, hand))
	w.stored(t, hand)
}

// testCapsByTheAPI writes with the API's role: a job, which it may, and the control, which it
// may not in any way that its rights to the table allow.
func (w *world) testCapsByTheAPI(t *testing.T) {
	before, version, err := w.table.Control(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	as, err := w.become(t, "ApiFunctionRole")
	if err != nil {
		t.Fatal(err)
	}
	items := dynamodb.NewFromConfig(as)
	throughAPI := table.New(items, w.table.Name(), w.fresh, nil)
	job := video.Entry{ID: w.fresh(), CreatedAt: time.Now(), Started: true}
	job.End(&video.Cancelled{}, job.CreatedAt)
	if _, _, err := throughAPI.Create(t.Context(), job); err != nil {
		t.Fatalf("the API's role may not create a job: %v", err)
	}
	raised := before.CapOwner(w.table.Name(), "carol", 1_000_000_000).SetCaps(w.table.Name(), operator.Caps{DayMicros: new(int64(0)), By: "carol"})
	denied := func(how string, err error) {
		t.Helper()
		var said smithy.APIError
		if !errors.As(err, &said) || !strings.Contains(said.ErrorCode(), "AccessDenied") {
			t.Errorf("%s: %v", how, err)
		}
	}
	denied("a put", throughAPI.PutControl(t.Context(), raised, version))
	_, err = items.UpdateItem(t.Context(), controlUpdate(w.table.Name()))
	denied("an update", err)
	_, err = items.TransactWriteItems(t.Context(), controlTransaction(w.table.Name()))
	denied("an update in a transaction", err)
	_, err = items.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: new(w.table.Name()), Key: controlKey()})
	denied("a deletion", err)
	if after, again, err := w.table.Control(t.Context()); err != nil || again != version {
		t.Errorf("it is %+v now, of version %s and not %s, %v", after, again, version, err)
	}
}
