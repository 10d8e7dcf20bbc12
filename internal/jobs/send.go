package jobs

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/video"
)

// SameRequest is how long after the last POST of a request a retry of it, or the next POST after
// a failed one, still belongs to the same job.
const SameRequest = 10 * time.Minute

// mostSendings is how many sendings of one request are kept: the newest ones.
const mostSendings = 20

// sendTurns is how often the sendings of a request are reread after a conflict. It is more than
// the API's concurrent requests.
const sendTurns = 100

// Post is a POST of a request without an Idempotency-Key.
type Post struct {
	// ID is the id of the job if the POST creates one: a RandomID.
	ID string
	// At is when the POST was received, by the API's clock.
	At time.Time
	// Retry is the client's retry count, or 0 for a first POST.
	Retry int
}

// Send starts the job of a request without an Idempotency-Key. Each first POST is a new job. A
// retry, which the client's library sends by itself, belongs to a POST of the same owner and the
// same request within SameRequest:
//
//   - to the newest one that was retried once less, else to the newest that was retried less,
//     else to the newest;
//   - if there is none, the first POST was lost or is late: the retry creates the job, and a
//     first POST that was received before the retry joins that job when it is handled.
//
// After a POST that failed here, the next one is the same request, whether it is a retry or not.
//
// Two equal requests that one owner sends at the same time can't be told apart. If the first
// POST of one of them was lost, its retry is taken for the other one: there is one video too
// few, never one too many.
//
// The receipt has the job's id even with an error, unless nothing was read or the gate did not
// admit a new job. The error is the gate's in that case. Otherwise it is a
// *video.ServiceUnavailable, after which it isn't known whether the job was started.
func (s *Service) Send(ctx context.Context, p Post, r video.Request, from video.Origin) (Receipt, error) {
	request := IDFromKey("sent", from.Token, r.Hash())
	for turn := range sendTurns {
		// A first POST is usually the only one, so it is written without reading what was sent
		// before. If there is anything, the write is refused, and the next turn reads it.
		unread := turn == 0 && p.Retry == 0
		var sent []video.Sending
		var version string
		var err error
		if !unread {
			if sent, version, err = s.table.Sendings(ctx, request); err != nil {
				return Receipt{}, video.Unavailable("reading what was sent before", err)
			}
		}
		i := p.among(sent)
		if i < 0 {
			if err := s.admit(ctx, r, from); err != nil && unread {
				continue // it may belong to a job, which needs no admission
			} else if err != nil {
				return Receipt{}, err
			}
			receipt, err := s.create(ctx, p, r, from, request, p.added(sent), version)
			if video.UnlessConflict(err) == nil && err != nil {
				continue
			}
			return s.told(ctx, request, p, receipt, err)
		}
		id := sent[i].Job
		if err = s.table.PutSendings(ctx, request, p.joined(sent, i), version); video.UnlessConflict(err) != nil {
			return Receipt{View: view.View{ID: id}}, video.Unavailable("writing what was sent", err)
		} else if err != nil {
			continue
		}
		receipt, err := s.start(ctx, id, r, from, false)
		receipt.ID = id
		return s.told(ctx, request, p, receipt, err)
	}
	return Receipt{}, changing("starting the job")
}

// create creates and starts the job of a POST. It returns a *video.Conflict if the sendings have
// changed meanwhile.
func (s *Service) create(ctx context.Context, p Post, r video.Request, from video.Origin, request string, sent []video.Sending, version string) (Receipt, error) {
	receipt := Receipt{View: view.View{ID: p.ID}}
	entry, written, err := s.table.CreateSent(ctx, video.Entry{
		ID: p.ID, Request: r, RequestHash: r.Hash(), CreatedAt: s.now(), Origin: from, Execution: p.ID,
	}, request, sent, version)
	switch {
	case video.UnlessConflict(err) != nil:
		return receipt, video.Unavailable("writing the job", err)
	case err != nil:
		return receipt, err
	}
	started, known, err := s.Begin(ctx, entry, written)
	if err == nil && !started {
		return s.start(ctx, p.ID, r, from, false)
	}
	if err == nil {
		receipt = Receipt{view.Of(entry, s.now()), known}
	}
	return receipt, err
}

// told returns the receipt and the error. If the POST is answered with an error, it first marks
// the sending as open, unless another POST of it came since. If the mark can't be written, only
// a retry finds the job again.
func (s *Service) told(ctx context.Context, request string, p Post, receipt Receipt, err error) (Receipt, error) {
	for turn := 0; err != nil && turn < turns; turn++ {
		sent, version, readErr := s.table.Sendings(ctx, request)
		i := slices.IndexFunc(sent, func(one video.Sending) bool { return one.Job == receipt.ID && one.At.Equal(p.At) && !one.Open })
		if readErr != nil || i < 0 {
			break
		}
		sent[i].Open = true
		var conflict *video.Conflict
		if !errors.As(s.table.PutSendings(ctx, request, sent, version), &conflict) {
			break
		}
	}
	return receipt, err
}

// among returns the index of the sending that a POST belongs to, or -1 for a new job.
func (p Post) among(sent []video.Sending) int {
	found, fit := -1, 0
	for i, one := range slices.Backward(sent) {
		fits := 0
		switch {
		case one.Job == p.ID:
			return i // written by an earlier call, whose answer was lost
		case p.At.Sub(one.At) > SameRequest:
		case p.Retry == 0 && (one.Open || !one.First && !p.At.After(one.At)):
			fits = 1
		case p.Retry > 0 && one.Retry == p.Retry-1:
			fits = 3
		case p.Retry > 0 && one.Retry < p.Retry:
			fits = 2
		case p.Retry > 0:
			fits = 1
		}
		if fits > fit {
			found, fit = i, fits
		}
	}
	return found
}

// added returns the sendings with that of a POST that is a new job, and without those that are
// too old.
func (p Post) added(sent []video.Sending) []video.Sending {
	sent = slices.DeleteFunc(slices.Clone(sent), func(one video.Sending) bool { return p.At.Sub(one.At) > SameRequest })
	sent = append(sent, video.Sending{Job: p.ID, At: p.At, Retry: p.Retry, First: p.Retry == 0})
	return sent[max(0, len(sent)-mostSendings):]
}

// joined returns the sendings with a POST added to the one that it belongs to.
func (p Post) joined(sent []video.Sending, i int) []video.Sending {
	sent = slices.Clone(sent)
	one := &sent[i]
	one.Retry, one.First, one.Open = max(one.Retry, p.Retry), one.First || p.Retry == 0, false
	if p.At.After(one.At) {
		one.At = p.At
	}
	return sent
}
