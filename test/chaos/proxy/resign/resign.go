// Package resign signs calls of AWS again after a proxy has changed them. It is a package of its own,
// since the proxies' purpose is what fails and when.
package resign

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// As gives a call another body, and signs it for the same region and service, with the rights of its
// new signer in place of the caller's.
func As(signer aws.CredentialsProvider, r *http.Request, body []byte) error {
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	parts := strings.Split(scope, "/") // key, date, region, service
	if len(parts) < 5 {
		return fmt.Errorf("a call is signed with %q", scope)
	}
	as, err := signer.Retrieve(r.Context())
	if err != nil {
		return err
	}
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
		r.Header.Del(name)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	sum := sha256.Sum256(body)
	return v4.NewSigner().SignHTTP(r.Context(), as, r, hex.EncodeToString(sum[:]), parts[3], parts[2], time.Now())
}
