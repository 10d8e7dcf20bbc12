package digest_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/table/digest"
	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/internal/video"
)

var now = time.Date(2026, 8, 21, 12, 0, 0, 5, time.UTC)

func open(client dynamo.Client) *digest.Store {
	n := 0
	return digest.New(&dynamo.Store{
		Client: client, Name: "jobs", Jitter: func(time.Duration) time.Duration { return 0 },
		Mark: func() string { n++; return fmt.Sprintf("%p-%d", &n, n) },
	})
}

// A digest is read as it was written, and expires a month after that.
func TestStore(t *testing.T) {
	items := &dynamotest.Items{}
	store, ctx := open(items), t.Context()
	got, version, err := store.Get(ctx, "OutOfCredits")
	if err != nil || version != "" || !reflect.DeepEqual(got, digest.Digest{Kind: "OutOfCredits"}) {
		t.Fatalf("before there is one: %+v, %q, %v", got, version, err)
	}
	want := digest.Digest{
		Kind: "OutOfCredits", Waiting: []digest.Note{{ID: "a.1", About: "a", Text: "\u2028 of Å"}, {ID: "b.1", About: "b"}}, More: 7,
		Mailed: []string{"c.1"}, MailedAt: now, SendingUntil: now.Add(time.Minute),
	}
	if err := store.Put(ctx, want, "", now); err != nil {
		t.Fatal(err)
	}
	if got, version, err = store.Get(ctx, "OutOfCredits"); err != nil || version != "1" || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %q, %v", got, version, err)
	}
	var conflict *video.Conflict
	if err := store.Put(ctx, want, "", now); !errors.As(err, &conflict) {
		t.Errorf("written over another: %v", err)
	}
	if err := store.Put(ctx, digest.Digest{Kind: "Batch Finished"}, "", now); err != nil {
		t.Fatal(err)
	}
	if kinds, err := store.Waiting(ctx); err != nil || !slices.Equal(kinds, []string{"OutOfCredits"}) {
		t.Errorf("%q wait, %v", kinds, err)
	}
	for _, item := range items.All() {
		if got := item["expires"].(*types.AttributeValueMemberN).Value; got != fmt.Sprint(now.Add(30*24*time.Hour).Unix()) || item["pk"].(*types.AttributeValueMemberS).Value != "mail" {
			t.Errorf("it is in %v until %s", item["pk"], got)
		}
	}
}

// What can't be read is reported, and the other digests are listed all the same.
func TestUnreadable(t *testing.T) {
	items := &dynamotest.Items{}
	store, ctx := open(items), t.Context()
	if err := store.Put(ctx, digest.Digest{Kind: "good", More: 1}, "", now); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]types.AttributeValue{
		"waiting": dynamo.Text("["), "mailed": dynamo.Text(`"a"`), "more": dynamo.Text("much"), "mailed_at": dynamo.Text("noon"),
	} {
		if err := store.Put(ctx, digest.Digest{Kind: name, More: 1}, "", now); err != nil {
			t.Fatal(err)
		}
		for _, item := range items.All() {
			if item["sk"].(*types.AttributeValueMemberS).Value == name {
				item[name] = spoil
				if err := items.Put(item); err != nil {
					t.Fatal(err)
				}
			}
		}
		var unavailable *video.ServiceUnavailable
		if _, _, err := store.Get(ctx, name); !errors.As(err, &unavailable) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if _, _, err := store.Change(ctx, name, now, func(*digest.Digest) bool { return true }); !errors.As(err, &unavailable) {
			t.Errorf("%s is changed: %v", name, err)
		}
	}
	if kinds, err := store.Waiting(ctx); err == nil || !slices.Equal(kinds, []string{"good"}) {
		t.Errorf("%q wait, %v", kinds, err)
	}
}

// A change is made to what another writer left, and not made if it changes nothing.
func TestChange(t *testing.T) {
	items := &dynamotest.Items{}
	one, other, ctx := open(items), open(items), t.Context()
	add := func(store *digest.Store, id string, before func()) (digest.Digest, bool) {
		t.Helper()
		d, changed, err := store.Change(ctx, "kind", now, func(d *digest.Digest) bool {
			if before != nil {
				before()
				before = nil
			}
			return d.Add(digest.Note{ID: id})
		})
		if err != nil {
			t.Fatal(err)
		}
		return d, changed
	}
	d, changed := add(one, "a", func() { add(other, "b", nil) })
	if want := []digest.Note{{ID: "b"}, {ID: "a"}}; !changed || !slices.Equal(d.Waiting, want) {
		t.Errorf("changed: %v, %+v", changed, d)
	}
	if _, changed := add(one, "b", nil); changed {
		t.Error("it was changed again")
	}
	if _, version, err := one.Get(ctx, "kind"); err != nil || version != "2" {
		t.Errorf("version %s, %v", version, err)
	}
}

// A writer that others get ahead of changes the digest once they let it, or gives up with its
// context.
func TestChangeBehindOthers(t *testing.T) {
	for name, c := range map[string]struct {
		others int
		err    error
	}{
		"many":                {200, nil},
		"others all the time": {math.MaxInt, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				items := &dynamotest.Items{}
				one, other := open(items), open(items)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				tries := 0
				_, changed, err := one.Change(ctx, "kind", now, func(d *digest.Digest) bool {
					if tries++; tries <= c.others {
						if _, _, err := other.Change(ctx, "kind", now, func(d *digest.Digest) bool { d.More++; return true }); err != nil {
							t.Error(err)
						}
					}
					return d.Add(digest.Note{ID: "a"})
				})
				if !errors.Is(err, c.err) || changed != (c.err == nil) {
					t.Errorf("changed: %v, %v", changed, err)
				}
				if d, _, err := one.Get(t.Context(), "kind"); err != nil || d.More != min(c.others, tries) || len(d.Waiting) == 1 != changed {
					t.Errorf("after %d tries: %+v, %v", tries, d, err)
				}
			})
		})
	}
}

// A digest names and remembers a bounded number of events, and counts the others.
func TestBounds(t *testing.T) {
	var d digest.Digest
	for n := range 3 * digest.Most {
		d.Add(digest.Note{ID: fmt.Sprint(n)})
	}
	if len(d.Waiting) != digest.Most || d.More != 2*digest.Most {
		t.Errorf("%d and %d wait", len(d.Waiting), d.More)
	}
	mail := d
	mail.Waiting, mail.SendingUntil = slices.Clone(d.Waiting), now.Add(time.Minute)
	d.Add(digest.Note{ID: "while it is sent"})
	d.SendingUntil = mail.SendingUntil
	d.Sent(mail, now)
	if d.Empty() || d.More != 1 || len(d.Waiting) > 0 || !d.SendingUntil.IsZero() || !d.MailedAt.Equal(now) {
		t.Errorf("%+v is left", d)
	}
	again := digest.Digest{Waiting: []digest.Note{{ID: "another"}}, SendingUntil: now}
	d.SendingUntil = now.Add(time.Hour) // somebody else's, since the first took too long
	d.Sent(again, now)
	if len(d.Mailed) != digest.Most || d.Mailed[digest.Most-1] != "another" || d.Add(digest.Note{ID: "another"}) || d.SendingUntil.IsZero() {
		t.Errorf("remembered are %q", d.Mailed)
	}
}
