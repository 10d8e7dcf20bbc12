// Package record writes down which calls of AWS each function makes. A Recorder
// stands between MiniStack and the functions, and a test holds what was recorded
// against the template's policies: each call must be allowed, also where MiniStack
// doesn't ask, and each grant must be needed.
package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"

	"github.com/takeup/takeup/internal/dev/policy"
)

// maxBody is the most that is read of a call whose resource is in its body.
const maxBody = 1 << 20

// Recorder is a reverse proxy, an http.Handler. It is safe for concurrent use.
type Recorder struct {
	signer string

	mu     sync.Mutex
	calls  []policy.Call
	denied []policy.Call
	to     *url.URL
}

// New makes a Recorder. A presigned URL is used by somebody who has no
// permissions of his own: its calls count as those of the function signer.
func New(signer string) *Recorder { return &Recorder{signer: signer} }

// SendTo says where calls go from now on. Before, they are answered 503.
func (r *Recorder) SendTo(address string) error {
	to, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.to = to
	return nil
}

// Calls returns what was recorded, in the order of the answers. A Function in it is the name
// that AWS has for it, not the template's; it is empty where the caller didn't say.
func (r *Recorder) Calls() []policy.Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

// Denied returns the calls that were refused for want of a permission.
func (r *Recorder) Denied() []policy.Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.denied)
}

// ServeHTTP implements http.Handler.
func (r *Recorder) ServeHTTP(w http.ResponseWriter, in *http.Request) {
	r.mu.Lock()
	to := r.to
	r.mu.Unlock()
	if to == nil {
		http.Error(w, "record: it isn't known yet where calls go", http.StatusServiceUnavailable)
		return
	}
	body, err := peek(in)
	if err != nil {
		http.Error(w, "record: "+err.Error(), http.StatusBadRequest)
		return
	}
	proxy := httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(to)
			p.Out.Host = p.In.Host // it is part of what is signed
		},
		ModifyResponse: func(response *http.Response) error {
			denied, err := denies(response)
			r.add(Parse(in, body, response.StatusCode, r.signer), denied)
			return err
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			w.WriteHeader(http.StatusBadGateway) // the caller tries again
		},
	}
	proxy.ServeHTTP(w, in)
}

func (r *Recorder) add(calls []policy.Call, denied bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, calls...)
	if denied {
		r.denied = append(r.denied, calls...)
	}
}

// denies reports whether an answer refuses a call for want of a permission: S3
// answers 403, and a service that takes JSON 400 with a name in the body.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
// https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html
func denies(response *http.Response) (bool, error) {
	if response.StatusCode != http.StatusBadRequest {
		return response.StatusCode == http.StatusForbidden, nil
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	response.Body = io.NopCloser(bytes.NewReader(body))
	return bytes.Contains(body, []byte("AccessDenied")), err
}

// peek returns the body of a call that has its resource there, and leaves it to be read again.
// Others pass unread: a video may be among them.
func peek(in *http.Request) ([]byte, error) {
	if service(in) == "s3" {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(in.Body, maxBody+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxBody {
		return nil, errors.New("the body is too large to be read")
	}
	in.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}
