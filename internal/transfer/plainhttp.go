package transfer

import (
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// streamed makes the S3 client send a body as it comes, with its checksum in a trailer. The
// client does that over https only. Over http it would read the body twice, the first time for a
// hash in the header, and each part would be fetched twice. A local S3 has no TLS. So the client
// is configured for https, and the connection leaves TLS out.
func (o *object) streamed(options *s3.Options) {
	if host, plain := strings.CutPrefix(aws.ToString(options.BaseEndpoint), "http://"); plain {
		options.BaseEndpoint = aws.String("https://" + host)
		options.HTTPClient = o.plain
	}
}

// newPlainClient returns an HTTP client that speaks plain HTTP to https URLs. Like the S3
// client's own, it doesn't follow redirects.
func newPlainClient() *http.Client {
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
