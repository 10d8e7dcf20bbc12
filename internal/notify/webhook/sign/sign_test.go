package sign_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/notify/webhook/sign"
)

// The example is that of the specification's reference libraries.
func TestSignature(t *testing.T) {
	secret, err := sign.ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	header := sign.Header([]sign.Secret{secret}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if got, want := header.Get("webhook-signature"), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if header.Get("Webhook-Id") != "msg_p5jXN8AQM9LWM0D4loKWxJek" || header.Get("Webhook-Timestamp") != "1614265330" {
		t.Errorf("the headers are %v", header)
	}
	other, err := sign.ParseSecret(strings.Repeat("abcd", 12) + "\n")
	if err != nil {
		t.Fatal(err)
	}
	two := sign.Header([]sign.Secret{other, secret}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`)).Get("webhook-signature")
	if parts := strings.Split(two, " "); len(parts) != 2 || parts[1] != header.Get("webhook-signature") || parts[0] == parts[1] {
		t.Errorf("two secrets sign %s", two)
	}
}

func TestSecrets(t *testing.T) {
	of := func(n int) string { return "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, n)) }
	for text, good := range map[string]bool{
		of(24): true, of(64): true, of(23): false, of(65): false, "": false, "whsec_": false, "whsec_!!!!": false, strings.Repeat("Ab3z", 12): true,
		"  " + of(32) + "\n": true, "whsec_whsec_" + strings.Repeat("Ab3z", 12): false,
	} {
		_, err := sign.ParseSecret(text)
		if (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil && len(text) > 8 && strings.Contains(err.Error(), strings.TrimPrefix(text, "whsec_")) {
			t.Errorf("%q is in %v", text, err)
		}
	}
}
