package secrets_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/takeup/takeup/internal/notify/webhook/secrets"
	"github.com/takeup/takeup/internal/notify/webhook/sign"
	"github.com/takeup/takeup/internal/video"
)

// safe is Secrets Manager, with values by the secret and the stage.
type safe struct {
	values  map[string]string
	created time.Time
	down    error
	reads   int
}

func (s *safe) GetSecretValue(_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	s.reads++
	if s.down != nil {
		return nil, s.down
	}
	value, ok := s.values[*in.SecretId+" "+*in.VersionStage]
	if !ok {
		return nil, &types.ResourceNotFoundException{}
	}
	return &secretsmanager.GetSecretValueOutput{SecretString: &value, CreatedDate: &s.created}, nil
}

// For a day after a rotation both secrets sign, and a new one is used within a minute.
func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := strings.Repeat("aBc1", 12), "whsec_"+strings.Repeat("dEf2", 12)
		s := &safe{values: map[string]string{"signing AWSCURRENT": one, "url AWSCURRENT": "https://example.com\n"}, created: time.Now()}
		keys := &secrets.Reader{Client: s, Signing: "signing", URL: "url", Now: time.Now}
		signatures := func() int {
			t.Helper()
			found, url, err := keys.Read(t.Context())
			if err != nil || url != "https://example.com" {
				t.Fatalf("%q, %v", url, err)
			}
			return len(strings.Fields(sign.Header(found, "a", time.Now(), nil).Get(sign.SignatureHeader)))
		}
		if n := signatures(); n != 1 {
			t.Errorf("%d signatures before a rotation", n)
		}
		time.Sleep(48 * time.Hour)
		s.values["signing AWSPREVIOUS"], s.values["signing AWSCURRENT"], s.created = one, two, time.Now()
		if n := signatures(); n != 2 {
			t.Errorf("%d signatures after a rotation", n)
		}
		reads := s.reads
		time.Sleep(59 * time.Second)
		if n := signatures(); n != 2 || s.reads != reads {
			t.Errorf("%d signatures, and %d reads within a minute", n, s.reads-reads)
		}
		time.Sleep(24 * time.Hour)
		if n := signatures(); n != 1 {
			t.Errorf("%d signatures a day after a rotation", n)
		}
		time.Sleep(time.Hour)
		s.down = errors.New("503")
		var unavailable *video.ServiceUnavailable
		if _, _, err := keys.Read(t.Context()); !errors.As(err, &unavailable) {
			t.Errorf("without Secrets Manager: %v", err)
		}
		s.down, s.values["signing AWSCURRENT"] = nil, "s3cret"
		if _, _, err := keys.Read(t.Context()); !errors.As(err, &unavailable) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("a secret that is none: %v", err)
		}
	})
}
