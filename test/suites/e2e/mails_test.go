package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/takeup/takeup/internal/dev/doctor"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/internal/table/digest"
	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/video"
)

// letter is what SNS posts to a subscriber of the protocol http.
type letter struct{ Type, Token, Subject, Message, TopicArn string }

// letterbox is a subscriber of the stack's topic.
type letterbox struct {
	mu      sync.Mutex
	letters []letter
}

// subscribe subscribes a letterbox to the stack's topic, and confirms that, as a mail's reader
// does by its link.
func (w *world) subscribe(t *testing.T) *letterbox {
	t.Helper()
	box, topic := &letterbox{}, w.stack.Outputs["NotifyTopic"]
	server := httptest.NewServer(http.HandlerFunc(func(reply http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		box.mu.Lock()
		defer box.mu.Unlock()
		box.letters = append(box.letters, decode[letter](t, body))
	}))
	t.Cleanup(server.Close)
	client := sns.NewFromConfig(w.stack.Config())
	if _, err := client.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: &topic, Protocol: new("http"), Endpoint: &server.URL}); err != nil {
		t.Fatal(err)
	}
	asked := box.next(t, func(l letter) bool { return l.Type == "SubscriptionConfirmation" })
	if _, err := client.ConfirmSubscription(t.Context(), &sns.ConfirmSubscriptionInput{TopicArn: &topic, Token: &asked.Token}); err != nil {
		t.Fatal(err)
	}
	// MiniStack lists a subscription with its ARN before it is confirmed, too.
	if line := doctor.Mails(t.Context(), client, topic, "attention"); !line.OK || line.Found != "what needs a person, to 2 subscribers" {
		t.Errorf("doctor says %s", line)
	}
	return box
}

// next waits for a letter.
func (b *letterbox) next(t *testing.T, is func(letter) bool) (found letter) {
	t.Helper()
	await(t, "a letter", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		i := slices.IndexFunc(b.letters, is)
		if i >= 0 {
			found = b.letters[i]
		}
		return i >= 0
	})
	return found
}

// digests returns what waits for mails.
func (w *world) digests() *digest.Store {
	return digest.New(&dynamo.Store{
		Client: w.items, Name: w.stack.Outputs["JobsTable"],
		Mark:   func() string { return fmt.Sprint("of a test ", time.Now().UnixNano()) },
		Jitter: func(d time.Duration) time.Duration { return d },
	})
}

// quarter makes the quarter of an hour since the last mail of a kind pass.
func (w *world) quarter(ctx context.Context, kind string) error {
	_, _, err := w.digests().Change(ctx, kind, time.Now(), func(d *digest.Digest) bool {
		d.MailedAt, d.SendingUntil = time.Time{}, time.Time{}
		return true
	})
	return err
}

// probeMailed has a mail sent about a job.
func (w *world) probeMailed(t *testing.T) error {
	id := w.fresh()
	if err := w.quarter(t.Context(), "Unauthorized"); err != nil {
		t.Fatal(err)
	}
	entry := video.Entry{ID: id, Execution: id, CreatedAt: time.Now(), Started: true}
	entry.End(&video.Unauthorized{}, time.Now())
	if _, _, err := w.table.Create(t.Context(), entry); err != nil {
		t.Fatal(err)
	}
	if err := w.probeOutbox(t, "job#"+id+".1"); err != nil {
		return err
	}
	// The stream may have begun before.
	for range 50 {
		d, _, err := w.digests().Get(t.Context(), "Unauthorized")
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(d.Mailed, id+".1") {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return errors.New("it still waits for a mail")
}

// testMails receives what an operator does: a mail about a job that ends for lack of credits, and
// one about all the others after a quarter of an hour.
func (w *world) testMails(t *testing.T) {
	box := w.subscribe(t)
	refused := func(name string) string {
		job, _ := w.order(t, name, func(job string) {
			w.fail(job, once(script.KindCreate, script.Fault{Status: http.StatusPaymentRequired}))
		})
		w.endedWith(t, job, "OutOfCredits")
		return job
	}
	// Another test may have caused a mail of that kind before.
	mailed := func(jobs ...string) letter {
		var d digest.Digest
		await(t, "mails about "+strings.Join(jobs, " "), func() (all bool) {
			var err error
			if d, _, err = w.digests().Get(t.Context(), "OutOfCredits"); err != nil {
				t.Fatal(err)
			}
			return !slices.ContainsFunc(jobs, func(job string) bool {
				waits := slices.ContainsFunc(d.Waiting, func(n digest.Note) bool { return n.About == job })
				return !waits && !slices.Contains(d.Mailed, job+".1")
			})
		})
		if !slices.Contains(d.Mailed, jobs[0]+".1") {
			if err := w.quarter(t.Context(), "OutOfCredits"); err != nil {
				t.Fatal(err)
			}
			if _, err := w.invoke(t.Context(), "OutboxFunction", map[string]bool{"sweep": true}); err != nil {
				t.Fatal(err)
			}
		}
		return box.next(t, func(l letter) bool {
			return !slices.ContainsFunc(jobs, func(job string) bool {
				return !strings.Contains(l.Message, "- "+job+"\n") && !strings.Contains(l.Message, "- "+job+" ")
			})
		})
	}
	got := mailed(refused("mailed-0"))
	if !strings.HasPrefix(got.Subject, "Takeup takeup: ") || !strings.HasSuffix(got.Subject, " ended as OutOfCredits") ||
		!strings.Contains(got.Message, "top up, then redrive") || !strings.Contains(got.Message, "takeup redrive ") {
		t.Errorf("the mail is %+v", got)
	}
	if got := mailed(refused("mailed-1"), refused("mailed-2"), refused("mailed-3")); !strings.Contains(got.Subject, " jobs ended") {
		t.Errorf("the mail is %+v", got)
	}

	w.mu.Lock()
	secrets := append(slices.Clone(w.prompts), w.private...)
	w.mu.Unlock()
	box.mu.Lock()
	defer box.mu.Unlock()
	for _, l := range box.letters {
		if slices.ContainsFunc(append(secrets, "X-Amz-"), func(secret string) bool { return strings.Contains(l.Subject+l.Message, secret) }) {
			t.Errorf("a mail tells %+v", l)
		}
	}
}
