package transfer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
)

// Shape cuts files up in another way than New does.
func (c *Copier) Shape(least, most int64, streams, sample int) {
	c.sizes.progress, c.sizes.lookUp = least/80, least/300
	c.sizes.minPart, c.sizes.maxPart, c.sizes.streams, c.sizes.sample = least, most, streams, sample
}

// Dense is how many boxes are looked up out of turn.
func (c *Copier) Dense(boxes int) { c.sizes.maxLookUps = boxes }

// From takes the source's answers from something else than a network.
func (c *Copier) From(source http.RoundTripper) { c.fetcher.client.Transport = source }

// Connected has the Copier tell of each connection to a source.
func (c *Copier) Connected(tell func(net.Conn)) {
	transport := c.fetcher.client.Transport.(*http.Transport)
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err == nil {
			tell(conn)
		}
		return conn, err
	}
}

// Before has requests to a host answered without a network.
func (c *Copier) Before(host string, answer http.RoundTripper) {
	c.fetcher.client.Transport = before{host, answer, c.fetcher.client.Transport}
}

type before struct {
	host         string
	answer, next http.RoundTripper
}

func (b before) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == b.host {
		return b.answer.RoundTrip(r)
	}
	return b.next.RoundTrip(r)
}

// Trust lets sources have certificates of an authority.
func (c *Copier) Trust(authority *x509.CertPool) {
	c.fetcher.client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: authority}
}
