package doctor

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// Buckets reads the properties of buckets.
type Buckets interface {
	HeadBucket(context.Context, *s3.HeadBucketInput, ...func(*s3.Options)) (*s3.HeadBucketOutput, error)
	GetBucketVersioning(context.Context, *s3.GetBucketVersioningInput, ...func(*s3.Options)) (*s3.GetBucketVersioningOutput, error)
}

// Bucket checks that a bucket exists and can be reached. If versioned is true, it must also keep
// versions, as the prompts bucket does: a version identifies a prompt file.
func Bucket(ctx context.Context, check string, client Buckets, name string, versioned bool) Line {
	if _, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name}); err != nil {
		return fix(check, "s3://"+name+" can't be reached", "check that it exists, and that your AWS credentials may list it; if it is gone, deploying the stack creates a new one").because(err)
	}
	if versioned {
		got, err := client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &name})
		switch {
		case err != nil:
			return fix(check, "the versioning of s3://"+name+" can't be read", "give your AWS credentials s3:GetBucketVersioning").because(err)
		case got.Status != s3types.BucketVersioningStatusEnabled:
			return fix(check, "s3://"+name+" keeps no versions, so a file that is uploaded again is not a new prompt", "deploy the stack again, which enables versioning")
		}
	}
	return ok(check, "s3://%s", name)
}

// Machines reads state machines.
type Machines interface {
	DescribeStateMachine(context.Context, *sfn.DescribeStateMachineInput, ...func(*sfn.Options)) (*sfn.DescribeStateMachineOutput, error)
}

// Machine checks that the state machine exists.
func Machine(ctx context.Context, client Machines, arn string) Line {
	const check = "state machine"
	got, err := client.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &arn})
	switch {
	case err != nil:
		return fix(check, arn+" can't be read", "check that it exists, and that your AWS credentials have states:DescribeStateMachine").because(err)
	case got.Status != sfntypes.StateMachineStatusActive:
		return fix(check, aws.ToString(got.Name)+" is "+string(got.Status), "deploy the stack again")
	}
	return ok(check, "%s is active", aws.ToString(got.Name))
}

// Stack checks the stack's status in CloudFormation.
func Stack(name, region, status string) Line {
	const check = "stack"
	if strings.HasSuffix(status, "_COMPLETE") && !strings.HasPrefix(status, "DELETE") && !strings.HasPrefix(status, "ROLLBACK") {
		return ok(check, "%s in %s, %s", name, region, status)
	}
	return fix(check, name+" in "+region+" is "+status, "wait until its update has ended, or read its events in CloudFormation and deploy it again")
}
