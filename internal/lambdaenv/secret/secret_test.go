package secret_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/takeup/takeup/internal/lambdaenv/secret"
	"github.com/takeup/takeup/internal/video"
)

// manager is a fake Secrets Manager with one secret.
type manager struct {
	current  string
	versions map[string]string
	err      error
	calls    int
}

func (m *manager) GetSecretValue(_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	m.calls++
	if m.err != nil {
		return nil, m.err
	}
	version := m.current
	if in.VersionId != nil {
		version = *in.VersionId
	}
	value, ok := m.versions[version]
	if !ok {
		return nil, &types.ResourceNotFoundException{Message: aws.String("no such version")}
	}
	return &secretsmanager.GetSecretValueOutput{SecretString: &value, VersionId: &version}, nil
}

func TestCurrentIsReadOnceAndRereadOnDemand(t *testing.T) {
	ctx := context.Background()
	m := &manager{current: "v1", versions: map[string]string{"v1": " old\n", "v2": "new"}}
	keys := secret.New(m, "arn")
	for range 3 {
		if key, err := keys.Current(ctx); err != nil || key.Value != "old" || key.Version != "v1" {
			t.Fatalf("got %v of version %s, %v", key.Value == "old", key.Version, err)
		}
	}
	if m.calls != 1 {
		t.Errorf("read %d times, want once", m.calls)
	}
	m.current = "v2"
	if key, err := keys.Reread(ctx); err != nil || key.Value != "new" {
		t.Errorf("reread: version %s, %v", key.Version, err)
	}
	if key, err := keys.Current(ctx); err != nil || key.Version != "v2" {
		t.Errorf("after the reread: version %s, %v", key.Version, err)
	}
	if key, err := keys.Version(ctx, "v1"); err != nil || key.Value != "old" {
		t.Errorf("version v1: %v", err)
	}
}

func TestTroubleHasAName(t *testing.T) {
	ctx := context.Background()
	m := &manager{current: "v1", versions: map[string]string{"v1": " \n"}}
	keys := secret.New(m, "arn")

	var gone *video.NoKeyVersion
	if _, err := keys.Version(ctx, "v0"); !errors.As(err, &gone) {
		t.Errorf("a version that is gone: got %v", err)
	}
	var unauthorized *video.Unauthorized
	if _, err := keys.Current(ctx); !errors.As(err, &unauthorized) {
		t.Errorf("an empty secret: got %v", err)
	}
	m.err = errors.New("no route")
	var unavailable *video.ServiceUnavailable
	if _, err := keys.Current(ctx); !errors.As(err, &unavailable) {
		t.Errorf("no answer: got %v", err)
	}
}

func TestKeyIsNeverPrinted(t *testing.T) {
	key := video.Key{Value: "sk-canary", Version: "v1"}
	asJSON, err := json.Marshal(map[string]any{"key": key})
	if err != nil {
		t.Fatal(err)
	}
	if said := fmt.Sprintf("%v %+v %#v %s %s", key, key, key, key, asJSON); strings.Contains(said, "canary") {
		t.Errorf("printed as %q", said)
	}
}
