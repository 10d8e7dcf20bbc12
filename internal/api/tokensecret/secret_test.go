package tokensecret_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/takeup/takeup/internal/api/tokens"
	"github.com/takeup/takeup/internal/api/tokensecret"
)

const token = "TheTokenOfTheStack0123456789"

// manager is a Secrets Manager with one secret. It calls meanwhile before it moves a label.
type manager struct {
	versions  []string
	current   int
	meanwhile func()
	err       error
}

func id(n int) *string { s := fmt.Sprint("version-", n); return &s }

func (m *manager) GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	return &secretsmanager.GetSecretValueOutput{SecretString: &m.versions[m.current], VersionId: id(m.current)}, m.err
}

func (m *manager) PutSecretValue(_ context.Context, in *secretsmanager.PutSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error) {
	if slices.Contains(in.VersionStages, "AWSCURRENT") || len(in.VersionStages) == 0 {
		m.current = len(m.versions)
	}
	m.versions = append(m.versions, *in.SecretString)
	return &secretsmanager.PutSecretValueOutput{VersionId: id(len(m.versions) - 1)}, nil
}

func (m *manager) UpdateSecretVersionStage(_ context.Context, in *secretsmanager.UpdateSecretVersionStageInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error) {
	if meanwhile := m.meanwhile; meanwhile != nil {
		m.meanwhile = nil
		meanwhile()
		defer func() { m.meanwhile = meanwhile }()
	}
	if *in.RemoveFromVersionId != *id(m.current) {
		return nil, &types.InvalidParameterException{}
	}
	for n := range m.versions {
		if *in.MoveToVersionId == *id(n) {
			m.current = n
		}
	}
	return &secretsmanager.UpdateSecretVersionStageOutput{}, nil
}

// Of two changes at the same time, none is lost.
func TestChange(t *testing.T) {
	ctx := t.Context()
	m := &manager{versions: []string{`{}`}}
	s := tokensecret.New(m, "arn")
	add := func(name string) error {
		return s.Change(ctx, func(all tokens.Tokens) (tokens.Tokens, error) { return all.With(name, token) })
	}
	once := true
	m.meanwhile = func() {
		if once {
			once = false
			if err := add("bob"); err != nil {
				t.Error(err)
			}
		}
	}
	if err := add("alice"); err != nil {
		t.Fatal(err)
	}
	all, err := s.Read(ctx)
	if err != nil || !slices.Equal(all.Names(), []string{"alice", "bob"}) {
		t.Errorf("there are %v, %v", all.Names(), err)
	}
	if err := add("bob"); !errors.As(err, new(*tokens.Taken)) {
		t.Errorf("once more: %v", err)
	}
	// The client sends a call again whose answer is lost. The second time the label has moved.
	m.meanwhile = func() { m.current = len(m.versions) - 1 }
	if err := add("erin"); err != nil {
		t.Errorf("after a lost answer: %v", err)
	}
	m.meanwhile = nil
	if all, err := s.Read(ctx); err != nil || !all.Has("erin") {
		t.Errorf("after a lost answer there are %v, %v", all.Names(), err)
	}
	n := 0
	m.meanwhile = func() { n++; _ = add(fmt.Sprint("other-", n)) }
	if err := add("carol"); err == nil || n == 0 {
		t.Errorf("changed each time: %v after %d", err, n)
	}
	m.err = errors.New("denied")
	if err := add("dan"); !errors.Is(err, m.err) {
		t.Errorf("denied: %v", err)
	}
}
