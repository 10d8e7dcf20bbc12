// Package secret reads a key or a token, and its versions, from AWS Secrets Manager.
package secret

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/takeup/takeup/internal/video"
)

// Client is the part of the Secrets Manager client that is used.
type Client interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// Keys reads the versions of one secret, each of which is a key. It caches the current
// one until Reread, so that a warm function reads it once. It is safe for concurrent use.
type Keys struct {
	client Client
	arn    string

	mu      sync.Mutex
	current video.Key
}

// New returns the Keys of the secret with this ARN or name.
func New(client Client, arn string) *Keys { return &Keys{client: client, arn: arn} }

// Current returns the key as last read, and reads it on first use.
func (k *Keys) Current(ctx context.Context) (video.Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.current.Value != "" {
		return k.current, nil
	}
	return k.read(ctx)
}

// Reread reads the current key again, after the provider rejected the cached one.
func (k *Keys) Reread(ctx context.Context) (video.Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.read(ctx)
}

func (k *Keys) read(ctx context.Context) (video.Key, error) {
	key, err := k.get(ctx, nil)
	if err == nil {
		k.current = key
	}
	return key, err
}

// Version returns the key in an earlier version; the error is a *video.NoKeyVersion if the
// secret no longer has it. Secrets Manager keeps at least the current and the previous
// version.
func (k *Keys) Version(ctx context.Context, version string) (video.Key, error) {
	key, err := k.get(ctx, &version)
	var gone *types.ResourceNotFoundException
	if errors.As(err, &gone) {
		return video.Key{}, &video.NoKeyVersion{Version: version}
	}
	return key, err
}

func (k *Keys) get(ctx context.Context, version *string) (video.Key, error) {
	out, err := k.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &k.arn, VersionId: version})
	if err != nil {
		return video.Key{}, &video.ServiceUnavailable{Doing: "reading a secret from Secrets Manager", Err: err}
	}
	// A key pasted with a newline must not break a header.
	value := strings.TrimSpace(aws.ToString(out.SecretString))
	if value == "" {
		return video.Key{}, &video.Unauthorized{Said: "nothing: the secret is empty"}
	}
	return video.Key{Value: value, Version: aws.ToString(out.VersionId)}, nil
}
