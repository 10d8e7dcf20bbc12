// Package proxy has the proxies in front of the services of AWS that make calls fail
// by a plan. DynamoDB's also does what DynamoDB does and MiniStack doesn't: transactions
// conflict, and reads that are not consistent are stale.
package proxy

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/takeup/takeup/test/chaos/faults"
)

// trouble is a fault of a call of an AWS service.
type trouble struct {
	after  bool // the call is carried out first
	status int  // this is answered
	code   string
	cut    bool // the connection is cut
	half   bool // the answer breaks off
	hold   bool // nothing is answered until the caller gives up
	// lasts is how long the job's calls of the kind meet the same fault.
	lasts time.Duration
	at    int // index of the transaction's item with the conflict
	less  int // every one of that many items is left out of the answer; 0 is none
	part  int // every one of that many entries of the call fails; 0 is none
}

// mostFaults is how many calls of a kind may fail for a job: enough for a whole burst on a
// second write.
const mostFaults = 6

// Proxy is an http.Handler in front of an AWS service.
type Proxy struct {
	plan  *faults.Plan
	names *faults.Names
	// classify returns the kind of a call, its job, and its possible faults. A call of no job is
	// left alone.
	classify func(p *Proxy, r *http.Request, body []byte) (kind, job string, menu []faults.Fault[trouble])
	// refuse answers with an error in the service's format.
	refuse func(http.ResponseWriter, trouble)
	// collides returns the fault of a call that is due to other running calls. It is nil for a
	// service without such conflicts.
	collides func(r *http.Request, body []byte) trouble
	// stale answers a call from an older state, and reports whether it did. It is nil for a
	// service without stale reads.
	stale func(w http.ResponseWriter, r *http.Request, body []byte) bool
	// carried, if not nil, is called after each call that was carried out.
	carried func(ctx context.Context, r *http.Request, body []byte) error
	// Around carry out a call by means of forward, the last one around all others.
	Around []func(r *http.Request, body []byte, forward func() (*answer, error)) (*answer, error)
	to     atomic.Pointer[url.URL]
	send   *http.Transport
	owner  aws.CredentialsProvider

	mu      sync.Mutex
	lasting map[string]lasting // by the kind of call and the job
}

// lasting is a trouble that still lasts.
type lasting struct {
	met   trouble
	until time.Time
}

func newProxy(p *faults.Plan, n *faults.Names, classify func(*Proxy, *http.Request, []byte) (string, string, []faults.Fault[trouble]), refuse func(http.ResponseWriter, trouble)) *Proxy {
	return &Proxy{
		plan: p, names: n, classify: classify, refuse: refuse,
		send: &http.Transport{MaxIdleConnsPerHost: 64}, lasting: map[string]lasting{},
	}
}

// ServeHTTP carries out a call, makes it fail, or both.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the caller is gone
	}
	met := p.meets(r, body)
	if met == (trouble{}) && p.stale != nil && p.stale(w, r, body) {
		return
	}
	if met.part > 0 {
		if p.failPart(w, r, body, met.part) != nil {
			cut(w)
		}
		return
	}
	var got *answer
	if met.after || met == (trouble{}) {
		// A call whose answer is lost or withheld is carried out even if its caller has gone.
		if got, err = p.carryOut(context.WithoutCancel(r.Context()), r, body); err != nil {
			cut(w)
			return
		}
		if p.carried != nil {
			if err := p.carried(context.WithoutCancel(r.Context()), r, body); err != nil {
				cut(w)
				return
			}
		}
	}
	switch {
	case met.hold:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case met.cut:
		cut(w)
	case met.status != 0:
		p.refuse(w, met)
	case met.half && len(got.body) > 1:
		got.header.Set("Content-Length", fmt.Sprint(len(got.body)))
		got.body = got.body[:len(got.body)/2]
		got.write(w)
		panic(http.ErrAbortHandler)
	case met.less > 0 && got.status == http.StatusOK:
		if err := leaveOut(met.less, body, got); err != nil {
			cut(w)
			return
		}
		got.write(w)
	default:
		got.write(w)
	}
}

// meets returns the fault of a call.
func (p *Proxy) meets(r *http.Request, body []byte) (met trouble) {
	kind, job, menu := p.classify(p, r, body)
	if job != "" {
		if met = p.goesOn(kind + " of " + job); met != (trouble{}) {
			p.plan.Note(kind, "the same again", job)
			return met
		}
		if f := faults.Next(p.plan, kind, job, mostFaults, menu); f != nil {
			met = f.Do
		}
		if met.lasts > 0 {
			p.mu.Lock()
			p.lasting[kind+" of "+job] = lasting{met: trouble{status: met.status, code: met.code}, until: time.Now().Add(met.lasts)}
			p.mu.Unlock()
		}
	}
	if p.collides != nil && (met == (trouble{}) || met.after) {
		if in := p.collides(r, body); in != (trouble{}) {
			return in
		}
	}
	return met
}

// goesOn returns the trouble that still lasts for a job's calls of a kind.
func (p *Proxy) goesOn(calls string) trouble {
	p.mu.Lock()
	defer p.mu.Unlock()
	was, ok := p.lasting[calls]
	switch {
	case ok && time.Now().Before(was.until):
		return was.met
	case ok:
		delete(p.lasting, calls)
	}
	return trouble{}
}

// answer is a complete response.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (p *Proxy) carryOut(ctx context.Context, r *http.Request, body []byte) (*answer, error) {
	forward := func() (*answer, error) { return p.forward(ctx, r, body) }
	for _, around := range p.Around {
		inner := forward
		forward = func() (*answer, error) { return around(r, body, inner) }
	}
	return forward()
}

func (p *Proxy) forward(ctx context.Context, in *http.Request, body []byte) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	out := in.Clone(ctx)
	to := p.to.Load()
	out.URL.Scheme, out.URL.Host, out.RequestURI = to.Scheme, to.Host, ""
	out.Body, out.ContentLength, out.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	if len(body) == 0 {
		out.Body = http.NoBody
	}
	response, err := p.send.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	return &answer{status: response.StatusCode, header: response.Header, body: got}, nil
}

func (a *answer) write(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	if _, err := w.Write(a.body); err != nil {
		panic(http.ErrAbortHandler) // the caller is gone
	}
}

// cut resets a connection without an answer.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it, the caller still sees an early end
	}
	_ = conn.Close()
}

// SendTo sets where calls go, and who signs those that the proxy changes. It must be called before
// the first call.
func (p *Proxy) SendTo(address string, owner aws.CredentialsProvider) error {
	to, err := url.Parse(address)
	p.owner = owner
	p.to.Store(to)
	return err
}
