package transfer_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/takeup/takeup/internal/transfer"
)

// layout returns a file of about that size, with its boxes in random order.
func layout(r *rand.Rand, size int) []byte {
	ftyp, moov, mdat := box("ftyp", []byte("isom\x00\x00\x02\x00isomavc1")), box("moov", mvhd(r.IntN(3000))), box("mdat", content(size, r.Uint64()))
	switch r.IntN(3) {
	case 0:
		return slices.Concat(ftyp, moov, mdat)
	case 1:
		return slices.Concat(ftyp, mdat, moov)
	}
	return slices.Concat(ftyp, box("free", content(r.IntN(4*unit), 2)), mdat[:len(mdat)/2], mdat[len(mdat)/2:], moov, box("free", nil))
}

// mvhd returns an mvhd box for 2 s, followed by a box of some size.
func mvhd(more int) []byte {
	p := make([]byte, 100)
	p[14], p[15], p[18], p[19] = 0x03, 0xe8, 0x07, 0xd0 // 1000 units per second, and 2000 units
	return append(box("mvhd", p), box("udta", content(more, 3))...)
}

// However a source breaks off and stalls, either the whole file is stored or nothing. At most
// one part is fetched again for each fault, and a few bytes for box headers that are read out of
// order.
func TestFaultSchedules(t *testing.T) {
	stored, absent := 0, 0
	for seed := range uint64(500) {
		fake := newFake(t)
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 5))
			s := &script{body: layout(r, 1+r.IntN(30*unit))}
			often, troubles := r.Float64(), r.IntN(40)
			if r.IntN(10) == 0 {
				often, troubles = 1, 1<<30 // a source that always fails
			}
			every := time.Duration(r.IntN(3)) * time.Millisecond
			s.line = func(int) line { // called by one goroutine at a time
				l := line{chunk: 1 + r.IntN(unit), every: every}
				if troubles == 0 || r.Float64() > often {
					return l
				}
				troubles--
				switch r.IntN(5) {
				case 0:
					l.fails = true
				case 1:
					l.fails, l.stalls = true, true
				case 2:
					l.status = []int{429, 500, 503}[r.IntN(3)]
				case 3:
					l.ends, l.stalls = 1+r.IntN(6*unit), true
				default:
					l.ends = 1 + r.IntN(6*unit)
				}
				return l
			}
			timeouts := transfer.Timeouts{FullRate: noRate, SingleRequest: []time.Duration{manyRequests, 20 * time.Millisecond, oneRequest}[r.IntN(3)]}
			copied, err := copyScript(t.Context(), s, fake, timeouts, 1<<30)
			copier := setup{fake: fake}
			if err != nil {
				absent++
				copier.nothing(t, err)
				if rejected(err) {
					t.Errorf("it is rejected for good: %v", err)
				}
			} else {
				stored++
				copier.holds(t, copied, err, s.body)
				if copied.Duration != 2*time.Second {
					t.Errorf("its duration is %v", copied.Duration)
				}
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if fake.Count("PutObject") > 0 && fake.Count("UploadPart") > 0 {
				s.cuts++ // one request was too slow, and was replaced by many
			}
			lookUps := 5 * (5 * unit / 300) // for boxes that a part had passed
			if most := int64(len(s.body) + s.cuts*5*unit + lookUps); s.fetched > most {
				t.Errorf("of %d bytes, %d were fetched, with %d cuts", len(s.body), s.fetched, s.cuts)
			}
			if t.Failed() {
				t.Fatalf("seed %d: %d bytes, %v for one request, %d requests, %d cuts", seed, len(s.body), timeouts.SingleRequest, s.asked, s.cuts)
			}
		})
	}
	t.Logf("%d stored, %d absent", stored, absent)
	if stored < 250 || absent < 25 {
		t.Errorf("%d stored, %d absent: the schedules are all too hard or too easy", stored, absent)
	}
}

// A file that comes slowly after a fast beginning is then fetched with many requests.
func TestSlowAfterAFastBeginning(t *testing.T) {
	fake := newFake(t)
	synctest.Test(t, func(t *testing.T) {
		s := &script{body: mp4(40 * unit)}
		s.line = func(n int) line {
			if n == 1 {
				return line{}
			}
			return line{chunk: unit, every: time.Second}
		}
		began := time.Now()
		copied, err := copyScript(t.Context(), s, fake, transfer.Timeouts{FullRate: noRate, SingleRequest: time.Second}, 1<<30)
		setup{fake: fake}.holds(t, copied, err, s.body)
		if took := time.Since(began); took > 20*time.Second || fake.Count("UploadPart") < 4 {
			t.Errorf("it took %v and %d parts", took, fake.Count("UploadPart"))
		}
	})
}

// A Copy of a body that never ends, or hardly begins, ends soon.
func TestEndlessAndSlowBodies(t *testing.T) {
	unsized := func(r *http.Response) { r.ContentLength, r.TransferEncoding = -1, []string{"chunked"} }
	for name, c := range map[string]struct {
		size  int
		line  line
		edit  func(*http.Response)
		limit int64
		most  time.Duration
		final bool // whether it is rejected
	}{
		"a byte a second":               {40 * unit, line{chunk: 1, every: time.Second}, nil, 1 << 30, 5 * time.Minute, false},
		"a byte a second, by no ranges": {40 * unit, line{chunk: 1, every: time.Second, whole: true}, nil, 1 << 30, 5 * time.Minute, false},
		"a byte a second, no length":    {40 * unit, line{chunk: 1, every: time.Second, whole: true}, unsized, 1 << 30, 5 * time.Minute, false},
		"a byte just before the stall":  {40 * unit, line{chunk: 1, every: 14 * time.Second}, nil, 1 << 30, 5 * time.Minute, false},
		"nothing at all":                {40 * unit, line{ends: 1, stalls: true}, nil, 1 << 30, 5 * time.Minute, false},
		"no answer":                     {40 * unit, line{fails: true, stalls: true}, nil, 1 << 30, 5 * time.Minute, false},
		"more than the limit":           {40 * unit, line{chunk: unit, whole: true}, unsized, 20 * unit, time.Second, true},
		"packed":                        {40 * unit, line{chunk: unit}, packed, 1 << 30, time.Second, true},
	} {
		fake := newFake(t)
		synctest.Test(t, func(t *testing.T) {
			s := &script{body: mp4(c.size), line: func(int) line { l := c.line; l.edit = c.edit; return l }}
			began := time.Now()
			_, err := copyScript(t.Context(), s, fake, transfer.Timeouts{}, c.limit)
			setup{fake: fake}.nothing(t, err)
			if took := time.Since(began); took > c.most || rejected(err) != c.final {
				t.Errorf("%s: %v, after %v", name, err, took)
			}
		})
	}
}

// packed makes a response compressed, as a server might do. It is then no MP4.
func packed(r *http.Response) {
	r.Header.Set("Content-Encoding", "gzip")
	r.Body.(*scriptBody).rest = []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03, and so on")
}

// A Copy ends before its deadline, early enough to leave the time reserved for cleaning up.
func TestDeadline(t *testing.T) {
	for _, singleRequest := range []time.Duration{manyRequests, oneRequest} {
		fake := newFake(t)
		synctest.Test(t, func(t *testing.T) {
			s := &script{body: mp4(40 * unit), line: func(int) line { return line{chunk: unit, every: 2 * time.Second} }}
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
			defer cancel()
			_, err := copyScript(ctx, s, fake, transfer.Timeouts{FullRate: noRate, SingleRequest: singleRequest, CleanUp: 4 * time.Second}, 1<<30)
			setup{fake: fake}.nothing(t, err)
			if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took < 11*time.Second || took > 13*time.Second {
				t.Errorf("%v, after %v", err, took)
			}
		})
	}
}

// A source's Retry-After is obeyed, up to half a minute.
func TestRetryAfter(t *testing.T) {
	for after, want := range map[string]time.Duration{"3": 3 * time.Second, "100000000000": 30 * time.Second, "-1": 0, "soon": 0} {
		fake := newFake(t)
		synctest.Test(t, func(t *testing.T) {
			s := &script{body: mp4(2 * unit)}
			var times []time.Time
			s.line = func(n int) line {
				times = append(times, time.Now())
				if n == 1 {
					return line{status: 503, edit: nil}
				}
				return line{}
			}
			s.header = http.Header{"Retry-After": {after}}
			copied, err := copyScript(t.Context(), s, fake, transfer.Timeouts{}, 1<<30)
			setup{fake: fake}.holds(t, copied, err, s.body)
			if waited := times[1].Sub(times[0]); waited < want || waited > want+time.Second {
				t.Errorf("%q: it waited for %v", after, waited)
			}
		})
	}
}
