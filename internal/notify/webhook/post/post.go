// Package post sends a webhook once, and says what came of it. No result has the URL.
package post

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/takeup/takeup/internal/guard"
)

// Result is what came of an attempt.
type Result struct {
	Status int           // of the response; 0 if there was none
	Fault  string        // why there was none, for people
	Took   time.Duration // until the response, or until it was given up
	// RetryAfter is when the receiver wants to be asked again, after the response; 0 if it doesn't
	// say.
	RetryAfter time.Duration
}

// Delivered reports whether the receiver has taken the webhook.
func (r Result) Delivered() bool { return r.Status >= 200 && r.Status < 300 }

// Gone reports whether the receiver wants no webhook any more.
func (r Result) Gone() bool { return r.Status == http.StatusGone }

// String describes the result for people, as in "answered 503".
func (r Result) String() string {
	switch {
	case r.Status >= 300 && r.Status < 400:
		return fmt.Sprintf("answered %d, and redirects are not followed", r.Status)
	case r.Status > 0:
		return fmt.Sprintf("answered %d", r.Status)
	}
	return r.Fault
}

// mostRetryAfter is the longest Retry-After that is obeyed.
const mostRetryAfter = time.Hour

// Sender sends webhooks. It is safe for concurrent use.
type Sender struct {
	client   *http.Client
	loopback bool
	now      func() time.Time
}

// New returns a Sender that connects only to public addresses, and only over https; with loopback,
// for local runs, also to this machine. It follows no redirect, and uses no proxy from the
// environment. Each webhook has a connection of its own: a kept one may have died while a function
// was frozen.
func New(loopback bool, now func() time.Time) *Sender {
	return &Sender{
		client: &http.Client{
			Transport: &http.Transport{
				DialContext:            guard.Dialer(0, loopback).DialContext,
				DisableKeepAlives:      true,
				DisableCompression:     true,
				MaxResponseHeaderBytes: 64 << 10,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		loopback: loopback, now: now,
	}
}

// Send posts a body to a URL with headers, and gives up after a time. The body of the response isn't
// read.
func (s *Sender) Send(ctx context.Context, address string, header http.Header, body []byte, limit time.Duration) Result {
	began := s.now()
	u, err := url.Parse(address)
	if err != nil {
		return Result{Fault: "its address can't be read"}
	}
	if err := guard.URL(u, s.loopback); err != nil {
		return Result{Fault: err.Error()}
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return Result{Fault: "its address can't be read"}
	}
	maps.Copy(request.Header, header)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Takeup")
	response, err := s.client.Do(request)
	result := Result{Took: s.now().Sub(began)}
	if err != nil {
		result.Fault = fault(err, limit)
		return result
	}
	_ = response.Body.Close() // it isn't read
	result.Status = response.StatusCode
	if seconds, err := strconv.ParseUint(response.Header.Get("Retry-After"), 10, 31); err == nil {
		result.RetryAfter = min(time.Duration(seconds)*time.Second, mostRetryAfter)
	}
	return result
}

// fault says why there is no response. The error itself has the URL.
func fault(err error, limit time.Duration) string {
	var refused *guard.Refused
	var unresolved *net.DNSError
	var uncertain *tls.CertificateVerificationError
	var network net.Error
	switch {
	case errors.As(err, &refused):
		return refused.Reason
	case errors.As(err, &network) && network.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("did not answer within %g s", limit.Seconds())
	case errors.As(err, &unresolved):
		return "its host has no address"
	case errors.As(err, &uncertain):
		return "its certificate is not valid"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused the connection"
	}
	return "broke off the connection"
}
