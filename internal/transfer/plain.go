package transfer

import (
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// streamed has S3's client send a body as it comes, with its checksum behind it.
// The client does that over https alone: over http it would read the body twice,
// the first time for a hash before it, and each part would be fetched twice. An
// S3 on this machine has no https, so there it is spoken to in the same way, and
// only TLS is left out.
func (c *Copier) streamed(o *s3.Options) {
	if host, plain := strings.CutPrefix(aws.ToString(o.BaseEndpoint), "http://"); plain {
		o.BaseEndpoint = aws.String("https://" + host)
		o.HTTPClient = c.plain
	}
}

// newPlain makes an HTTP client that leaves TLS out. It is as the S3 client's own
// in what else matters: it doesn't follow redirects.
func newPlain() *http.Client {
	dialer := &net.Dialer{Timeout: 30 * time.Second}
	return &http.Client{
		Transport: &http.Transport{
			DialTLSContext:        dialer.DialContext,
			MaxIdleConnsPerHost:   64,
			ExpectContinueTimeout: time.Second,
			IdleConnTimeout:       30 * time.Second,
			DisableCompression:    true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
