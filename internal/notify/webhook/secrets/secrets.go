// Package secrets reads what is secret about webhooks from Secrets Manager.
package secrets

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/takeup/takeup/internal/notify/webhook/sign"
	"github.com/takeup/takeup/internal/video"
)

// Client is the part of Secrets Manager's API that a Reader uses.
type Client interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

const (
	// rotation is for how long webhooks are signed by the previous secret, too.
	rotation = 24 * time.Hour
	// reread is how long what was read is used.
	reread = time.Minute
)

// Reader reads the secret that signs webhooks, and the URL of the stack's webhook. It is safe for
// concurrent use.
type Reader struct {
	Client  Client
	Signing string // the ARN of the secret that signs
	URL     string // the ARN of the secret with the URL; "" if there is none
	Now     func() time.Time

	mu   sync.Mutex
	keys []sign.Secret
	url  string
	at   time.Time // when both were read
}

// Read returns the secrets to sign with, and the URL of the stack's webhook, or "". For a day after
// a rotation, the previous secret signs too. The error is a *video.ServiceUnavailable.
func (s *Reader) Read(ctx context.Context) ([]sign.Secret, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	if !s.at.IsZero() && now.Sub(s.at) < reread {
		return s.keys, s.url, nil
	}
	current, err := s.get(ctx, s.Signing, "AWSCURRENT")
	if err != nil {
		return nil, "", err
	}
	key, err := sign.ParseSecret(aws.ToString(current.SecretString))
	if err != nil {
		return nil, "", &video.ServiceUnavailable{Doing: "reading the secret that signs webhooks", Err: err}
	}
	keys := []sign.Secret{key}
	if now.Sub(aws.ToTime(current.CreatedDate)) < rotation {
		previous, err := s.get(ctx, s.Signing, "AWSPREVIOUS")
		var none *types.ResourceNotFoundException
		if err != nil && !errors.As(err, &none) {
			return nil, "", err
		}
		if err == nil {
			if key, err := sign.ParseSecret(aws.ToString(previous.SecretString)); err == nil {
				keys = append(keys, key)
			}
		}
	}
	url := ""
	if s.URL != "" {
		out, err := s.get(ctx, s.URL, "AWSCURRENT")
		if err != nil {
			return nil, "", err
		}
		url = strings.TrimSpace(aws.ToString(out.SecretString))
	}
	s.keys, s.url, s.at = keys, url, now
	return keys, url, nil
}

func (s *Reader) get(ctx context.Context, arn, stage string) (*secretsmanager.GetSecretValueOutput, error) {
	out, err := s.Client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn, VersionStage: &stage})
	if err != nil {
		return nil, &video.ServiceUnavailable{Doing: "reading a secret from Secrets Manager", Err: err}
	}
	return out, nil
}
