// Package secret reads a key or a token, and its versions, from AWS Secrets
// Manager.
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

// Client is the one call of Secrets Manager that is used.
type Client interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// Keys gives the versions of one secret, each of which is a key. It keeps
// the current one until Reread, so that a warm function asks once. It is safe
// for concurrent use.
type Keys struct {
	client Client
	arn    string

	mu      sync.Mutex
	current video.Key
}

// New makes Keys for the secret of that ARN or name.
func New(client Client, arn string) *Keys { return &Keys{client: client, arn: arn} }

// Current gives the key as it was last read, and reads it the first time.
func (k *Keys) Current(ctx context.Context) (video.Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.current.Value != "" {
		return k.current, nil
	}
	return k.read(ctx)
}

// Reread reads the current key anew: the provider did not accept the one that
// was kept.
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

// Version gives the key of an earlier version, with a *video.NoKeyVersion where
// the secret no longer has it. Secrets Manager keeps at least the current and
// the previous one.
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
	// A key that was pasted with a line end must not become a broken header.
	value := strings.TrimSpace(aws.ToString(out.SecretString))
	if value == "" {
		return video.Key{}, &video.Unauthorized{Said: "nothing: the secret is empty"}
	}
	return video.Key{Value: value, Version: aws.ToString(out.VersionId)}, nil
}
