// Package record records the AWS calls of each function. A Recorder is a proxy between the
// functions and MiniStack. A test compares the recorded calls with the template's policies: each
// call must be allowed, also where MiniStack doesn't check, and each grant must be needed.
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

// maxBody limits what is read of a call whose resource is in its body.
const maxBody = 1 << 20

// Recorder is a reverse proxy, an http.Handler. It is safe for concurrent use.
type Recorder struct {
	signer string

	mu     sync.Mutex
	calls  []policy.Call
	denied []policy.Call
	to     *url.URL
}

// New returns a Recorder. A presigned URL is used by callers without permissions of their own:
// their calls count as those of the function signer.
func New(signer string) *Recorder { return &Recorder{signer: signer} }

// SendTo sets where calls go from now on. Before, they are answered 503.
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

// Calls returns the recorded calls, in the order of the responses. Function is AWS's name of the
// function, not the template's, and empty if the caller didn't send one.
func (r *Recorder) Calls() []policy.Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

// Denied returns the calls that were refused for lack of a permission.
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
			p.Out.Host = p.In.Host // the signature covers it
		},
		ModifyResponse: func(response *http.Response) error {
			denied, err := denies(response)
			r.add(Parse(in, body, response.StatusCode, r.signer), denied)
			return err
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			w.WriteHeader(http.StatusBadGateway) // the caller retries
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

// denies reports whether a response refuses a call for lack of a permission: S3 answers 403, and
// a JSON service 400 with an error name in the body.
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

// peek returns the body of a call whose resource is in it, and leaves it to be read again. Other
// bodies pass unread, since one may be a video.
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
