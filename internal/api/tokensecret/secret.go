// Package tokensecret reads and changes the API's tokens in Secrets Manager. It is apart
// from package tokens, which the authorizer uses and which imports no AWS client.
package tokensecret

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/takeup/takeup/internal/api/tokens"
)

// Client is the part of Secrets Manager's client that is used.
type Client interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
	PutSecretValue(context.Context, *secretsmanager.PutSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error)
	UpdateSecretVersionStage(context.Context, *secretsmanager.UpdateSecretVersionStageInput, ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error)
}

// Secret is the secret of one stack's tokens.
type Secret struct {
	client Client
	arn    string
}

// New returns the Secret of an ARN or a name.
func New(client Client, arn string) Secret { return Secret{client, arn} }

// Read returns the tokens.
func (s Secret) Read(ctx context.Context) (tokens.Tokens, error) {
	all, _, err := s.read(ctx)
	return all, err
}

func (s Secret) read(ctx context.Context) (tokens.Tokens, *string, error) {
	out, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &s.arn})
	if err != nil {
		return tokens.Tokens{}, nil, fmt.Errorf("reading the API's tokens: %w", err)
	}
	all, err := tokens.Parse(aws.ToString(out.SecretString))
	return all, out.VersionId, err
}

// turns is how many times a change is tried when others change the tokens meanwhile.
const turns = 8

// Change replaces the tokens by what change returns for them, and returns an error of
// change as it is. No change that somebody else makes meanwhile is lost: Secrets Manager
// moves the label AWSCURRENT to the new version only if the version that was read still
// has it.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
func (s Secret) Change(ctx context.Context, change func(tokens.Tokens) (tokens.Tokens, error)) error {
	var written *string
	for range turns {
		all, read, err := s.read(ctx)
		if err != nil {
			return err
		}
		if written != nil && aws.ToString(read) == *written {
			return nil // the label was moved, and only the answer to that was lost
		}
		if all, err = change(all); err != nil {
			return err
		}
		put, err := s.client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
			SecretId: &s.arn, SecretString: aws.String(all.String()), VersionStages: []string{"AWSPENDING"},
		})
		if err != nil {
			return fmt.Errorf("writing the API's tokens: %w", err)
		}
		_, err = s.client.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
			SecretId: &s.arn, VersionStage: aws.String("AWSCURRENT"), MoveToVersionId: put.VersionId, RemoveFromVersionId: read,
		})
		if err == nil {
			return nil
		}
		written = put.VersionId
		var parameter *types.InvalidParameterException
		var request *types.InvalidRequestException
		if !errors.As(err, &parameter) && !errors.As(err, &request) {
			return fmt.Errorf("writing the API's tokens: %w", err)
		}
	}
	return errors.New("another process changed the API's tokens at the same time; try again")
}
