// Package sign signs webhooks as Standard Webhooks has it: with HMAC-SHA256 over the id, the time and
// the body.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a webhook.
const (
	IDHeader        = "webhook-id"
	TimestampHeader = "webhook-timestamp"
	SignatureHeader = "webhook-signature"
)

// prefix begins a secret in text.
const prefix = "whsec_"

// The lengths of a secret, in bytes.
const (
	least = 24
	most  = 64
)

// Secret signs webhooks.
type Secret struct{ key []byte }

// ParseSecret parses a secret: whsec_, which may be left out, and 24 to 64 bytes in base64. The error
// doesn't have the secret.
func ParseSecret(text string) (Secret, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(strings.TrimSpace(text), prefix))
	if err != nil || len(key) < least || len(key) > most {
		return Secret{}, errors.New("the secret that signs webhooks is not " + prefix + " and 24 to 64 bytes in base64; put another one into Secrets Manager")
	}
	return Secret{key}, nil
}

// Header returns the headers of a webhook, with a signature by each secret. A receiver accepts it if
// it knows one of them.
func Header(secrets []Secret, id string, at time.Time, body []byte) http.Header {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, len(secrets))
	for i, s := range secrets {
		mac := hmac.New(sha256.New, s.key)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	header := http.Header{}
	header.Set(IDHeader, id)
	header.Set(TimestampHeader, timestamp)
	header.Set(SignatureHeader, strings.Join(signatures, " "))
	return header
}
