package transfer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
)

// SetSizes replaces the sizes that New sets.
func (c *Copier) SetSizes(least, most int64, streams, sample int) {
	c.sizes.progress, c.sizes.lookUp = least/80, least/300
	c.sizes.minPart, c.sizes.maxPart, c.sizes.streams, c.sizes.sample = least, most, streams, sample
}

// SetMaxLookUps sets how many box headers may be read out of order.
func (c *Copier) SetMaxLookUps(boxes int) { c.sizes.maxLookUps = boxes }

// SetTransport replaces the network to sources.
func (c *Copier) SetTransport(source http.RoundTripper) { c.fetcher.HTTP.Transport = source }

// OnConnect calls a function for each connection to a source.
func (c *Copier) OnConnect(called func(net.Conn)) {
	transport := c.fetcher.HTTP.Transport.(*http.Transport)
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err == nil {
			called(conn)
		}
		return conn, err
	}
}

// AnswerHost answers requests to a host without a network.
func (c *Copier) AnswerHost(host string, answer http.RoundTripper) {
	c.fetcher.HTTP.Transport = hostTransport{host, answer, c.fetcher.HTTP.Transport}
}

type hostTransport struct {
	host         string
	answer, next http.RoundTripper
}

func (b hostTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == b.host {
		return b.answer.RoundTrip(r)
	}
	return b.next.RoundTrip(r)
}

// Trust trusts the certificates of a certificate authority.
func (c *Copier) Trust(authority *x509.CertPool) {
	c.fetcher.HTTP.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: authority}
}
