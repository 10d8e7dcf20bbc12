package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/video"
)

// testDeployedAgain deploys the stack again after it was deleted while a job ran, as an owner does
// who keeps its table. A job of before is still known, and a new one is made.
func (w *world) testDeployedAgain(t *testing.T) {
	kept := w.stack.Outputs["JobsTable"]
	scanned, err := w.items.Scan(t.Context(), &dynamodb.ScanInput{
		TableName: &kept, FilterExpression: new("sk = :job AND attribute_exists(manifest)"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":job": &types.AttributeValueMemberS{Value: "job"}},
	})
	if err != nil || len(scanned.Items) == 0 {
		t.Fatalf("no job of before is stored: %v", err)
	}
	before := scanned.Items[0]["id"].(*types.AttributeValueMemberS).Value
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	sam, env, err := stack.SAM(root, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	deploy := exec.CommandContext(t.Context(), sam, "deploy", "--template-file", filepath.Join(root, ".takeup", "build", "template.yaml"),
		"--config-file", filepath.Join(root, "tools", "samconfig.toml"), "--stack-name", stack.StackName, "--region", stack.Region,
		"--no-confirm-changeset", "--no-progressbar", "--parameter-overrides",
		"Architecture="+stack.Architecture(), "ProviderBaseUrl="+w.providerURL, "ProviderKey="+w.provider.Settings().Keys[0], "LoopbackSources=true",
		"MaxUsdPerDay=0", "MaxInFlight=0", // the table has the money of all the tests before
		"FirstWaitSeconds=1", "CheckIntervalSeconds=1", "RequestGapSeconds=1", "JobsTableName="+kept)
	deploy.Dir = root
	credentials, err := w.stack.Config().Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	deploy.Env = append(env, "AWS_ENDPOINT_URL="+w.stack.AWS, "AWS_ACCESS_KEY_ID="+credentials.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+credentials.SecretAccessKey, "AWS_REGION="+stack.Region)
	if out, err := deploy.CombinedOutput(); err != nil {
		t.Fatalf("it can't be deployed again: %v\n%s", err, out)
	}
	name := stack.StackName
	found, err := cloudformation.NewFromConfig(w.stack.Config()).DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		t.Fatal(err)
	}
	outputs := map[string]string{}
	for _, output := range found.Stacks[0].Outputs {
		outputs[*output.OutputKey] = *output.OutputValue
	}
	if outputs["JobsTable"] != kept || outputs["VideosBucket"] == w.stack.Outputs["VideosBucket"] {
		t.Errorf("it has the table %s and the bucket %s", outputs["JobsTable"], outputs["VideosBucket"])
	}
	w.stack.Outputs = outputs
	w.startByHand(t, "again", `{"prompt":"a boat of a stack that was deployed again"}`)
	if job := w.succeeded(t, "again"); job.Status != video.Stored || !strings.HasPrefix(job.Video, "s3://"+outputs["VideosBucket"]+"/") {
		t.Errorf("it ends with %+v", job)
	}
	for _, id := range []string{before, "again"} {
		entry, _, err := w.table.Get(t.Context(), id)
		if err != nil || entry.State() != video.StateCompleted {
			t.Errorf("job %s is %s, %v", id, entry.State(), err)
		}
	}
}
