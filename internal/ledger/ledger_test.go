package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/ledger"
	"github.com/takeup/takeup/internal/s3fake"
	"github.com/takeup/takeup/internal/video"
)

const bucket = "videos"

// nonces gives a source of strings that are never given twice.
func nonces() func() string {
	var n atomic.Int64
	return func() string { return fmt.Sprintf("nonce-%d", n.Add(1)) }
}

func entry(t *testing.T, id string) video.Entry {
	t.Helper()
	request, err := video.NewRequest("a paper boat <crosses> a flooded street & turns")
	if err != nil {
		t.Fatal(err)
	}
	return video.Entry{
		ID: id, Request: request, RequestHash: request.Hash(), Phase: video.PhaseClaimed, Attempt: 1,
		CreatedAt: time.Date(2026, 8, 21, 10, 0, 0, 0, time.UTC),
	}
}

func wantConflict(t *testing.T, err error) {
	t.Helper()
	var conflict *video.Conflict
	if !errors.As(err, &conflict) {
		t.Errorf("got %v, want a conflict", err)
	}
}

func wantUnavailable(t *testing.T, err error) {
	t.Helper()
	if _, ok := err.(*video.ServiceUnavailable); !ok {
		t.Errorf("got %v, want ServiceUnavailable, outermost", err)
	}
}

func TestLedgerLetsOneWriterThrough(t *testing.T) {
	fake := s3fake.New(t)
	l, ctx := ledger.New(fake.Client(), bucket, nonces()), t.Context()

	_, _, err := l.Get(ctx, "job")
	var none *video.NoEntry
	if !errors.As(err, &none) || none.ID != "job" {
		t.Fatalf("before there is one: %v", err)
	}
	created, v1, err := l.Create(ctx, entry(t, "job"))
	if err != nil || created.Nonce == "" || v1 == "" {
		t.Fatalf("created %+v, version %q, %v", created, v1, err)
	}
	if _, _, err := l.Create(ctx, entry(t, "job")); err == nil {
		t.Error("a second Create went through")
	} else {
		wantConflict(t, err)
	}
	read, version, err := l.Get(ctx, "job")
	if err != nil || version != v1 || read.Nonce != created.Nonce || read.Request.Hash() != created.Request.Hash() || !read.CreatedAt.Equal(created.CreatedAt) {
		t.Fatalf("read %+v, version %q, %v", read, version, err)
	}

	read.Attempt = 2
	updated, v2, err := l.Update(ctx, read, v1)
	if err != nil || v2 == v1 || updated.Attempt != 2 || updated.Nonce == created.Nonce {
		t.Fatalf("updated %+v, version %q, %v", updated, v2, err)
	}
	_, _, err = l.Update(ctx, read, v1)
	wantConflict(t, err)
	_, _, err = l.Update(ctx, entry(t, "absent"), v1)
	wantConflict(t, err)
	if read, version, err := l.Get(ctx, "job"); err != nil || version != v2 || read.Nonce != updated.Nonce {
		t.Errorf("a refused write changed the entry: %+v, version %q, %v", read, version, err)
	}
	if keys := strings.Join(fake.Keys(bucket), " "); keys != "jobs/job.json" {
		t.Errorf("keys are %s", keys)
	}
	if object, _ := fake.Object(bucket, "jobs/job.json"); object.ContentType != "application/json" {
		t.Errorf("content type %q", object.ContentType)
	}
}

// The same entry written twice has two versions: otherwise a writer that lost
// would take another's version for its own.
func TestVersionsDiffer(t *testing.T) {
	fake := s3fake.New(t)
	l, ctx := ledger.New(fake.Client(), bucket, nonces()), t.Context()
	written, v1, err := l.Create(ctx, entry(t, "job"))
	if err != nil {
		t.Fatal(err)
	}
	if _, v2, err := l.Update(ctx, written, v1); err != nil || v1 == v2 {
		t.Errorf("versions %q and %q, %v", v1, v2, err)
	}
}

// lost makes a hook that loses the answers of the first n writes.
func lost(n int, fault s3fake.Fault) func(s3fake.Call) s3fake.Fault {
	return func(call s3fake.Call) s3fake.Fault {
		if call.Op == "PutObject" && call.Count <= n {
			return fault
		}
		return s3fake.Fault{}
	}
}

func TestLostAnswers(t *testing.T) {
	faults := map[string]s3fake.Fault{
		"503 after it took effect":  {After: true, Status: 503, Code: "SlowDown"},
		"500 after it took effect":  {After: true, Status: 500, Code: "InternalError"},
		"cut after it took effect":  {After: true, Cut: true},
		"503 before it took effect": {Status: 503, Code: "SlowDown"},
		"cut before it took effect": {Cut: true},
	}
	for name, fault := range faults {
		// One lost answer makes the SDK try again, and its second try meets the
		// first one's effect; three are all of its tries.
		for _, times := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s, %d times", name, times), func(t *testing.T) {
				fake := s3fake.New(t)
				l, ctx := ledger.New(fake.Client(), bucket, nonces()), t.Context()
				fake.Fail(lost(times, fault))
				written, version, err := l.Create(ctx, entry(t, "job"))
				if times == 3 && !fault.After {
					wantUnavailable(t, err)
					if keys := fake.Keys(bucket); len(keys) != 0 {
						t.Errorf("it wrote %v", keys)
					}
					return
				}
				if err != nil {
					t.Fatalf("its own write wasn't recognised: %v", err)
				}
				fake.Fail(nil)
				before := fake.Count("PutObject")
				fake.Fail(func(call s3fake.Call) s3fake.Fault {
					if call.Op == "PutObject" && call.Count <= before+times {
						return fault
					}
					return s3fake.Fault{}
				})
				written.Attempt = 7
				updated, next, err := l.Update(ctx, written, version)
				if err != nil {
					t.Fatalf("its own update wasn't recognised: %v", err)
				}
				read, current, err := l.Get(ctx, "job")
				if err != nil || read.Attempt != 7 || read.Nonce != updated.Nonce || current != next {
					t.Errorf("read %+v, version %q, want %q, %v", read, current, next, err)
				}
			})
		}
	}
}

// A write that failed, where another's came first, is that other's: the nonce is
// not ours.
func TestLostToAnother(t *testing.T) {
	fake := s3fake.New(t)
	nonce := nonces()
	mine, other := ledger.New(fake.Client(), bucket, nonce), ledger.New(fake.Client(), bucket, nonce)
	var once sync.Once
	fake.Fail(func(call s3fake.Call) s3fake.Fault {
		fault := s3fake.Fault{}
		if call.Op == "PutObject" {
			once.Do(func() {
				fault = s3fake.Fault{Cut: true}
				fake.Fail(nil)
				if _, _, err := other.Create(context.Background(), entry(t, "job")); err != nil {
					t.Error(err)
				}
			})
		}
		return fault
	})
	_, _, err := mine.Create(t.Context(), entry(t, "job"))
	wantConflict(t, err)
}

func TestConflictAnswers(t *testing.T) {
	refusals := map[string]s3fake.Fault{
		"409": {Status: 409, Code: "ConditionalRequestConflict"},
		"412": {Status: 412, Code: "PreconditionFailed"},
	}
	for name, fault := range refusals {
		t.Run(name+" with an entry there", func(t *testing.T) {
			fake := s3fake.New(t)
			l := ledger.New(fake.Client(), bucket, nonces())
			written, version, err := l.Create(t.Context(), entry(t, "job"))
			if err != nil {
				t.Fatal(err)
			}
			fake.Fail(lost(100, fault))
			_, _, err = l.Update(t.Context(), written, version)
			wantConflict(t, err)
		})
		t.Run(name+" with none there", func(t *testing.T) {
			fake := s3fake.New(t)
			l := ledger.New(fake.Client(), bucket, nonces())
			fake.Fail(lost(100, fault))
			_, _, err := l.Create(t.Context(), entry(t, "job"))
			wantUnavailable(t, err)
		})
	}
}

func TestReadsThatFail(t *testing.T) {
	faults := map[string]s3fake.Fault{
		"503":        {Status: 503, Code: "SlowDown"},
		"denied":     {Status: 403, Code: "AccessDenied"},
		"no bucket":  {Status: 404, Code: "NoSuchBucket"},
		"cut":        {Cut: true},
		"cut inside": {CutBody: true},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			fake := s3fake.New(t)
			l := ledger.New(fake.Client(), bucket, nonces())
			if _, _, err := l.Create(t.Context(), entry(t, "job")); err != nil {
				t.Fatal(err)
			}
			fake.Fail(func(call s3fake.Call) s3fake.Fault {
				if call.Op == "GetObject" {
					return fault
				}
				return s3fake.Fault{}
			})
			_, _, err := l.Get(t.Context(), "job")
			wantUnavailable(t, err)
			// It can't be told whose entry is there.
			_, _, err = l.Create(t.Context(), entry(t, "job"))
			wantUnavailable(t, err)
		})
	}
}

func TestGarbledEntries(t *testing.T) {
	for _, body := range []string{"", "{", "[]", "null", "{}", `"job"`, `{"id":"another"}`} {
		fake := s3fake.New(t)
		fake.Put(bucket, "jobs/job.json", []byte(body))
		_, _, err := ledger.New(fake.Client(), bucket, nonces()).Get(t.Context(), "job")
		if _, ok := err.(*video.ServiceUnavailable); !ok {
			t.Errorf("%q is read as an entry: %v", body, err)
		}
	}
}

func TestCancelled(t *testing.T) {
	fake := s3fake.New(t)
	l := ledger.New(fake.Client(), bucket, nonces())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := l.Create(ctx, entry(t, "job"))
	wantUnavailable(t, err)
	_, _, err = l.Get(ctx, "job")
	wantUnavailable(t, err)
}

func TestManyWritersOneWinner(t *testing.T) {
	const writers = 50
	race := func(write func(i int) error) (won, conflicts, undecided int) {
		errs := make([]error, writers)
		var group sync.WaitGroup
		for i := range writers {
			group.Go(func() { errs[i] = write(i) })
		}
		group.Wait()
		for _, err := range errs {
			switch err.(type) {
			case nil:
				won++
			case *video.Conflict:
				conflicts++
			case *video.ServiceUnavailable:
				undecided++
			default:
				t.Error(err)
			}
		}
		return won, conflicts, undecided
	}
	// Two faults, so that no writer loses all of its three tries.
	for name, fault := range map[string]s3fake.Fault{
		"on a good day":      {},
		"with answers lost":  {After: true, Status: 503, Code: "SlowDown"},
		"with requests lost": {Cut: true},
		"with answers cut":   {After: true, Cut: true},
	} {
		t.Run(name, func(t *testing.T) {
			fake, nonce := s3fake.New(t), nonces()
			fake.Fail(lost(2, fault))
			won, conflicts, _ := race(func(i int) error {
				e := entry(t, "job")
				e.Attempt = i + 1
				_, _, err := ledger.New(fake.Client(), bucket, nonce).Create(t.Context(), e)
				return err
			})
			if won != 1 || conflicts != writers-1 {
				t.Errorf("%d writers won, %d had a conflict", won, conflicts)
			}
			read, version, err := ledger.New(fake.Client(), bucket, nonce).Get(t.Context(), "job")
			if err != nil {
				t.Fatal(err)
			}
			before := fake.Count("PutObject")
			fake.Fail(func(call s3fake.Call) s3fake.Fault {
				if call.Op == "PutObject" && call.Count <= before+2 {
					return fault
				}
				return s3fake.Fault{}
			})
			won, conflicts, _ = race(func(i int) error {
				e := read
				e.Attempt = 100 + i
				_, _, err := ledger.New(fake.Client(), bucket, nonce).Update(t.Context(), e, version)
				return err
			})
			if won != 1 || conflicts != writers-1 {
				t.Errorf("%d updates won, %d had a conflict", won, conflicts)
			}
		})
	}
	t.Run("with every other write failing", func(t *testing.T) {
		fake, nonce := s3fake.New(t), nonces()
		faults := []s3fake.Fault{
			{Status: 409, Code: "ConditionalRequestConflict"}, {After: true, Cut: true},
			{After: true, Status: 503, Code: "SlowDown"}, {Cut: true},
		}
		fake.Fail(func(call s3fake.Call) s3fake.Fault {
			if call.Op == "PutObject" && call.Count%2 == 0 {
				return faults[call.Count/2%len(faults)]
			}
			return s3fake.Fault{}
		})
		won, conflicts, undecided := race(func(int) error {
			_, _, err := ledger.New(fake.Client(), bucket, nonce).Create(t.Context(), entry(t, "job"))
			return err
		})
		if won > 1 {
			t.Errorf("%d writers won, %d had a conflict, %d are undecided", won, conflicts, undecided)
		}
	})
}
