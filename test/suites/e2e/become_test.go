package e2e

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// become returns the configuration of a caller who has assumed a role of the stack. The role
// trusts only Lambda and, until the test ends, this account.
func (w *world) become(t *testing.T, role string) (aws.Config, error) {
	t.Helper()
	config := w.stack.Config()
	roles, name := iam.NewFromConfig(config), w.roles[role]
	got, err := roles.GetRole(t.Context(), &iam.GetRoleInput{RoleName: &name})
	if err != nil {
		return config, err
	}
	trust := func(service string) error {
		_, err := roles.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: &name, PolicyDocument: new(fmt.Sprintf(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":%s,"Action":"sts:AssumeRole"}]}`, service))})
		return err
	}
	const lambda = `{"Service":"lambda.amazonaws.com"}`
	if err := trust(`{"AWS":"*"}`); err != nil {
		return config, err
	}
	assumed, err := sts.NewFromConfig(config).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: got.Role.Arn, RoleSessionName: new("test")})
	if err := trust(lambda); err != nil {
		return config, err
	}
	if err != nil {
		return config, err
	}
	as := assumed.Credentials
	config.Credentials = credentials.NewStaticCredentialsProvider(*as.AccessKeyId, *as.SecretAccessKey, *as.SessionToken)
	return config, nil
}

// controlKey is the key of the control, which holds the operator's decisions for all jobs.
func controlKey() map[string]types.AttributeValue {
	control := &types.AttributeValueMemberS{Value: "control"}
	return map[string]types.AttributeValue{"pk": control, "sk": control}
}

// controlUpdate increments the control's version.
func controlUpdate(table string) *dynamodb.UpdateItemInput {
	return &dynamodb.UpdateItemInput{
		TableName: &table, Key: controlKey(), UpdateExpression: new("ADD #version :one"),
		ExpressionAttributeNames:  map[string]string{"#version": "version"},
		ExpressionAttributeValues: map[string]types.AttributeValue{":one": &types.AttributeValueMemberN{Value: "1"}},
	}
}

// controlTransaction is that update within a transaction.
func controlTransaction(table string) *dynamodb.TransactWriteItemsInput {
	in := controlUpdate(table)
	return &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{{Update: &types.Update{
		TableName: in.TableName, Key: in.Key, UpdateExpression: in.UpdateExpression,
		ExpressionAttributeNames: in.ExpressionAttributeNames, ExpressionAttributeValues: in.ExpressionAttributeValues,
	}}}}
}
