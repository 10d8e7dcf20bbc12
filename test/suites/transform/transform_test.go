package transform

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	boundary = "arn:aws:iam::123456789012:policy/boundary"
	key      = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
)

// stores returns the types of resources that keep data, with the paths of the key that encrypts
// each.
func stores() map[string][]any {
	return map[string][]any{
		"AWS::S3::Bucket":                  {"BucketEncryption", "ServerSideEncryptionConfiguration", 0, "ServerSideEncryptionByDefault", "KMSMasterKeyID"},
		"AWS::SQS::Queue":                  {"KmsMasterKeyId"},
		"AWS::SNS::Topic":                  {"KmsMasterKeyId"},
		"AWS::DynamoDB::Table":             {"SSESpecification", "KMSMasterKeyId"},
		"AWS::SecretsManager::Secret":      {"KmsKeyId"},
		"AWS::Logs::LogGroup":              {"KmsKeyId"},
		"AWS::StepFunctions::StateMachine": {"EncryptionConfiguration", "KmsKeyId"},
	}
}

// others returns the types of resources that keep no user data.
func others() []string {
	return []string{
		"AWS::IAM::Role", "AWS::IAM::Policy", "AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SNS::Subscription",
		"AWS::Lambda::Function", "AWS::Lambda::Permission", "AWS::Lambda::EventInvokeConfig", "AWS::Lambda::EventSourceMapping",
		"AWS::ApiGateway::RestApi", "AWS::ApiGateway::Deployment", "AWS::ApiGateway::Stage",
		"AWS::ApiGateway::DomainName", "AWS::ApiGateway::BasePathMapping", "AWS::Route53::RecordSetGroup", "AWS::Route53::RecordSet",
		"AWS::CertificateManager::Certificate", "AWS::Events::Rule", "AWS::Scheduler::Schedule", "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard",
	}
}

// stack is the transformed template with values for its parameters.
type stack struct {
	values     map[string]any
	conditions map[string]any
	resources  map[string]map[string]any
	outputs    map[string]map[string]any
}

// transformed returns the template as CloudFormation gets it. Parameters without a value have
// their default.
func transformed(t *testing.T, values map[string]any) stack {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"tools/transform.py", "template.yaml"}
	for name, value := range values {
		args = append(args, fmt.Sprint(name, "=", value))
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(root, ".tools/sam/bin/python"), args...)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "AWS_DEFAULT_REGION=us-east-1")
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("transforming the template with the SAM that make tools installs: %v", err)
	}
	var template struct {
		Parameters map[string]struct{ Default any }
		Conditions map[string]any
		Resources  map[string]map[string]any
		Outputs    map[string]map[string]any
	}
	if err := json.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	all := map[string]any{}
	for name, p := range template.Parameters {
		all[name] = p.Default
	}
	maps.Copy(all, values)
	return stack{values: all, conditions: template.Conditions, resources: template.Resources, outputs: template.Outputs}
}

// absent is the result of !Ref AWS::NoValue.
type absent struct{}

// resolve returns a value with its references to parameters and its conditions resolved.
func (s stack) resolve(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	if name, ok := m["Ref"].(string); ok {
		if name == "AWS::NoValue" {
			return absent{}
		}
		if value, ok := s.values[name]; ok {
			return value
		}
	}
	if branches, ok := m["Fn::If"].([]any); ok {
		if s.holds(s.conditions[branches[0].(string)]) {
			return s.resolve(branches[1])
		}
		return s.resolve(branches[2])
	}
	return v
}

func (s stack) holds(condition any) bool {
	m, _ := condition.(map[string]any)
	if args, ok := m["Fn::Not"].([]any); ok {
		return !s.holds(args[0])
	}
	if all, ok := m["Fn::And"].([]any); ok {
		return !slices.ContainsFunc(all, func(one any) bool { return !s.holds(one) })
	}
	if some, ok := m["Fn::Or"].([]any); ok {
		return slices.ContainsFunc(some, s.holds)
	}
	if name, ok := m["Condition"].(string); ok {
		return s.holds(s.conditions[name])
	}
	args, ok := m["Fn::Equals"].([]any)
	if !ok {
		panic(fmt.Sprintf("the condition %v is not supported here", condition))
	}
	return fmt.Sprint(s.resolve(args[0])) == fmt.Sprint(s.resolve(args[1]))
}

// property returns the value at a path in a resource, or nil.
func (s stack) property(id string, path ...any) any {
	v := s.resolve(s.resources[id]["Properties"])
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = s.resolve(m[step])
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				return nil
			}
			v = s.resolve(l[step])
		}
	}
	if v == (absent{}) {
		return nil
	}
	return v
}

func TestBoundaryAndKey(t *testing.T) {
	with := transformed(t, map[string]any{"PermissionsBoundaryArn": boundary, "KmsKeyArn": key})
	without := with
	without.values = maps.Clone(with.values)
	without.values["PermissionsBoundaryArn"], without.values["KmsKeyArn"] = "", ""
	roles, kept := 0, map[string]int{}
	for _, id := range slices.Sorted(maps.Keys(with.resources)) {
		kind := fmt.Sprint(with.resources[id]["Type"])
		path, store := stores()[kind]
		switch {
		case kind == "AWS::IAM::Role":
			roles++
			if got := with.property(id, "PermissionsBoundary"); got != boundary {
				t.Errorf("the role %s has the boundary %v", id, got)
			}
			if got := without.property(id, "PermissionsBoundary"); got != nil {
				t.Errorf("the role %s has the boundary %v, and none was given", id, got)
			}
		case store:
			kept[kind]++
			if got := with.property(id, path...); got != key {
				t.Errorf("%s, a %s, is encrypted with %v", id, kind, got)
			}
			if got := without.property(id, path...); got != nil {
				t.Errorf("%s, a %s, is encrypted with %v, and no key was given", id, kind, got)
			}
		case !slices.Contains(others(), kind):
			t.Errorf("%s is a %s, and this test doesn't know whether it keeps data", id, kind)
		}
	}
	if roles < 7 || kept["AWS::S3::Bucket"] < 2 || kept["AWS::Logs::LogGroup"] < 8 || kept["AWS::StepFunctions::StateMachine"] < 1 {
		t.Errorf("there are %d roles, and the stores %v", roles, kept)
	}
	t.Logf("%d roles have the boundary; the key encrypts %v", roles, kept)
}

// TestFunctionPolicy: each route adds a permission to ApiFunction's policy, which may have at
// most 20 KB.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
func TestFunctionPolicy(t *testing.T) {
	const (
		most      = 20480
		statement = 450 // the longest statement, with the longest names
	)
	s := transformed(t, nil)
	sizes := map[string]int{}
	for _, resource := range s.resources {
		if resource["Type"] == "AWS::Lambda::Permission" {
			function := resource["Properties"].(map[string]any)["FunctionName"]
			sizes[fmt.Sprint(function)] += statement
		}
	}
	for function, size := range sizes {
		if size > most/2 {
			t.Errorf("the policy of %s may have %d bytes, and %d is the limit; use fewer routes", function, size, most)
		}
	}
	if len(sizes) == 0 {
		t.Error("no function may be invoked")
	}
}

// TestReservedConcurrency: none is reserved by default, since an account may have none to
// reserve.
func TestReservedConcurrency(t *testing.T) {
	s := transformed(t, nil)
	if got := s.property("CheckFunction", "ReservedConcurrentExecutions"); got != nil {
		t.Errorf("by default %v are reserved", got)
	}
	s.values["CheckConcurrency"] = float64(50)
	if got := s.property("CheckFunction", "ReservedConcurrentExecutions"); !reflect.DeepEqual(got, float64(50)) {
		t.Errorf("of 50, %v are reserved", got)
	}
}

// TestTableThatIsThere: given the name of a table, the stack creates none, and nothing refers to
// one that it would create.
func TestTableThatIsThere(t *testing.T) {
	s := transformed(t, nil)
	if id := s.table(); !s.exists(id) {
		t.Errorf("by default there is no table %s", id)
	}
	s.values["JobsTableName"] = "restored"
	if id := s.table(); s.exists(id) {
		t.Errorf("%s is made, though a table is there", id)
	}
	named := 0
	for what, all := range map[string]map[string]map[string]any{"resource": s.resources, "output": s.outputs} {
		for id, one := range all {
			if condition, ok := one["Condition"].(string); ok && !s.holds(s.conditions[condition]) {
				continue
			}
			for _, name := range s.referred(one) {
				switch name {
				case s.table():
					t.Errorf("the %s %s refers to %s, which isn't there", what, id, name)
				case "JobsTableName":
					named++
				}
			}
		}
	}
	if named < 14 {
		t.Errorf("the table's name is used %d times", named)
	}
}

func (s stack) table() string {
	for id, resource := range s.resources {
		if resource["Type"] == "AWS::DynamoDB::Table" {
			return id
		}
	}
	return ""
}

func (s stack) exists(id string) bool {
	condition, conditional := s.resources[id]["Condition"].(string)
	return !conditional || s.holds(s.conditions[condition])
}

var placeholder = regexp.MustCompile(`\$\{([A-Za-z0-9]+)[.}]`)

// referred returns the names that a value refers to, with its conditions resolved.
func (s stack) referred(v any) []string {
	var names []string
	if m, ok := v.(map[string]any); ok && m["Fn::If"] != nil {
		v = s.taken(m)
	}
	switch v := v.(type) {
	case map[string]any:
		if name, ok := v["Ref"].(string); ok {
			return []string{name}
		}
		for key, part := range v {
			text, isText := part.(string)
			switch attribute, isList := part.([]any); {
			case key == "Fn::GetAtt" && isList:
				names = append(names, fmt.Sprint(attribute[0]))
			case key == "Fn::GetAtt":
				name, _, _ := strings.Cut(text, ".")
				names = append(names, name)
			case key == "Fn::Sub" && isText:
				for _, found := range placeholder.FindAllStringSubmatch(text, -1) {
					names = append(names, found[1])
				}
			default:
				names = append(names, s.referred(part)...)
			}
		}
	case []any:
		for _, part := range v {
			names = append(names, s.referred(part)...)
		}
	}
	return names
}

// taken returns the branch of an If that is taken, with its references.
func (s stack) taken(m map[string]any) any {
	branches := m["Fn::If"].([]any)
	branch := branches[2]
	if s.holds(s.conditions[branches[0].(string)]) {
		branch = branches[1]
	}
	if inner, ok := branch.(map[string]any); ok && inner["Fn::If"] != nil {
		return s.taken(inner)
	}
	return branch
}
