package templatecheck

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/takeup/takeup/internal/dev/template"
)

func functionRules() []rule {
	return []rule{
		{"names", names},
		{"environment", eachFunction(environment)},
		{"logs", logs},
		{"limits", eachFunction(limits)},
		{"submission", submission},
		{"poll window", pollWindow},
		{"policies", policies},
		{"comments", comments},
		{"tracing", tracing},
	}
}

func eachFunction(check func(*Project, string, report)) func(*Project, report) {
	return func(p *Project, say report) {
		for _, id := range p.Template.Functions() {
			check(p, id, say)
		}
	}
}

// names: SubmitFunction is in functions/submit/ and has events/submit.json.
func names(p *Project, say report) {
	named := map[string]bool{}
	for _, id := range p.Template.Functions() {
		name, ok := strings.CutSuffix(id, "Function")
		folder := strings.ToLower(name)
		named[folder] = true
		uri := p.Template.Property(id, "CodeUri")
		switch _, read := p.Settings[folder]; {
		case !ok:
			say("%s should be named after its folder, as in SubmitFunction", id)
		case uri != "functions/"+folder+"/":
			say("%s is built from %v, not from functions/%s/", id, uri, folder)
		case !read:
			say("there is no functions/%s/main.go for %s", folder, id)
		case !p.Events[folder]:
			say("there is no events/%s.json to invoke %s with", folder, id)
		}
		if template.At(p.Template.Section("Resources")[id], "Metadata", "BuildMethod") != "go1.x" {
			say("%s is not built by go1.x", id)
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(p.Settings)) {
		if !named[folder] {
			say("functions/%s is no function of the template", folder)
		}
	}
	for _, event := range slices.Sorted(maps.Keys(p.Events)) {
		if !named[event] {
			say("events/%s.json is for no function of the template", event)
		}
	}
}

// environment: a function gets exactly the variables that its code reads.
func environment(p *Project, id string, say report) {
	given, _ := p.Template.Property(id, "Environment", "Variables").(map[string]any)
	read := p.Settings[strings.ToLower(strings.TrimSuffix(id, "Function"))]
	for _, variable := range read {
		if _, ok := given[variable]; !ok {
			say("%s lacks the environment variable %s, which its code reads", id, variable)
		}
	}
	for _, variable := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(read, variable) {
			say("%s has the environment variable %s, which its code does not read", id, variable)
		}
	}
}

// logs: every function has a log group of its own, with a retention time.
func logs(p *Project, say report) {
	of := map[any]string{}
	for _, id := range p.Template.Functions() {
		group, ok := p.Template.Property(id, "LoggingConfig", "LogGroup").(template.Ref)
		switch other := of[group]; {
		case !ok || template.At(p.Template.Section("Resources")[string(group)], "Type") != "AWS::Logs::LogGroup":
			say("%s has no log group of the template", id)
		case other != "":
			say("%s and %s share the log group %s", other, id, group)
		}
		of[group] = id
	}
	for _, id := range p.Template.OfType("AWS::Logs::LogGroup") {
		if p.Template.Property(id, "RetentionInDays") != template.Ref("LogRetentionDays") {
			say("%s is not kept for LogRetentionDays", id)
		}
		// A function that still runs would recreate its group after the stack is deleted.
		if name := p.Template.Property(id, "LogGroupName"); name != nil && !slices.Contains(template.References(name), "AWS::StackId") {
			say("%s has the same name in every stack with that stack name, and may exist already; omit LogGroupName", id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.Machines)) {
		if level, data := p.Template.Property(id, "LoggingConfiguration", "Level"), p.Template.Property(id, "LoggingConfiguration", "IncludeExecutionData"); level != "ERROR" || data != false {
			say("%s logs at %v with execution data %v, and inputs hold prompts; log errors without them", id, level, data)
		}
	}
}

// limits are Lambda's and API Gateway's own.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
func limits(p *Project, id string, say report) {
	most := 900
	if id == "ApiFunction" {
		most = 29
	}
	if seconds, ok := p.Template.Property(id, "Timeout").(int); !ok || seconds < 1 || seconds > most {
		say("%s has the Timeout %v, which should be from 1 to %d s", id, p.Template.Property(id, "Timeout"), most)
	}
}

// submission: SubmitFunction's timeout allows for the longest submission, the record of it, and
// the reads before it.
func submission(p *Project, say report) {
	const recordAndReads = 15
	call, _ := template.At(p.Template.Section("Parameters")["SubmitCallSeconds"], "MaxValue").(int)
	limit, _ := p.Template.Property("SubmitFunction", "Timeout").(int)
	if call < 1 || call+recordAndReads > limit {
		say("SubmitCallSeconds may be %d s, and SubmitFunction ends after %d s, with less than %d s left to record the answer", call, limit, recordAndReads)
	}
}

// pollWindow: CheckFunction's timeout allows for the longest poll window, its last request, and
// what follows from that.
func pollWindow(p *Project, say report) {
	const requestAndRecords = 30
	longest, ok := template.At(p.Template.Section("Parameters")["PollWindowSeconds"], "MaxValue").(int)
	limit, _ := p.Template.Property("CheckFunction", "Timeout").(int)
	if !ok || longest+requestAndRecords > limit {
		say("PollWindowSeconds may be %d s, and CheckFunction ends after %d s, with less than %d s left for the rest", longest, limit, requestAndRecords)
	}
}

// policies: SAM policy templates and managed policies are not used. What they grant isn't
// visible here, and is more than is needed.
func policies(p *Project, say report) {
	check := func(id string, policies any) {
		for _, policy := range template.List(policies) {
			statements := template.List(template.At(policy, "Statement"))
			if len(statements) == 0 {
				say("%s has the policy %v; write out its statements", id, policy)
			}
			for _, s := range statements {
				for _, action := range template.List(template.At(s, "Action")) {
					if strings.Contains(fmt.Sprint(action), "*") {
						say("%s may do %v; name the actions", id, action)
					}
				}
				for _, resource := range template.List(template.At(s, "Resource")) {
					if open(resource) && !takesNoResource(s) && resource != managedRule && resource != defaultBus {
						say("%s may use the resource %v; begin it with one of the template", id, resource)
					}
				}
			}
		}
	}
	for _, id := range p.Template.Functions() {
		check(id, p.Template.Property(id, "Policies"))
	}
	for _, id := range p.Template.OfType("AWS::IAM::Role") {
		check(id, p.Template.InlinePolicies(id))
	}
	for _, id := range p.Template.OfType("AWS::IAM::Policy") {
		check(id, p.Template.Property(id, "PolicyDocument"))
	}
}

// open reports whether a resource pattern matches more than the contents of one resource of the
// template.
func open(resource any) bool {
	switch r := resource.(type) {
	case template.Ref, template.GetAtt:
		return false
	case template.Sub:
		prefix, _, _ := strings.Cut(string(r), "*")
		return !slices.ContainsFunc(template.Placeholders(prefix), func(name string) bool { return !strings.HasPrefix(name, "AWS::") })
	case template.Function:
		args := template.List(r.Args)
		return r.Name != "If" || len(args) != 3 || open(args[1]) || open(args[2])
	}
	return true
}

// managedRule is the rule by which Step Functions learns that an execution has ended that another
// one waits for. It makes the rule itself.
// https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
const managedRule = template.Sub("arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule")

// defaultBus is the account's event bus, which every account has.
const defaultBus = template.Sub("arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default")

// takesNoResource reports whether a statement only allows actions that take no resource: to deliver
// logs, and to record traces.
// https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
func takesNoResource(statement any) bool {
	return !slices.ContainsFunc(template.List(template.At(statement, "Action")), func(action any) bool {
		return !strings.HasPrefix(fmt.Sprint(action), "logs:") && !strings.HasPrefix(fmt.Sprint(action), "xray:")
	})
}

// tracing: X-Ray records the API, each machine and each function if Tracing is Active, and nothing
// otherwise; and the machines' roles may let it.
func tracing(p *Project, say report) {
	off := template.NoValue
	if got := template.At(p.Template.Root["Globals"], "Function", "Tracing"); got != template.Ref("Tracing") {
		say("the functions have the tracing %v, not !Ref Tracing", got)
	}
	for _, id := range p.Template.Functions() {
		if got := p.Template.Property(id, "Tracing"); got != nil {
			say("%s has the tracing %v of its own", id, got)
		}
	}
	traced := func(id string, got any, on any) {
		if want := (template.Function{Name: "If", Args: []any{"Traced", on, off}}); !reflect.DeepEqual(got, want) {
			say("%s has the tracing %v, not %v", id, got, want)
		}
	}
	traced("Api", p.Template.Property("Api", "TracingEnabled"), true)
	var roles []any
	for _, id := range slices.Sorted(maps.Keys(p.Machines)) {
		traced(id, p.Template.Property(id, "TracingConfiguration"), map[string]any{"Enabled": true})
		roles = append(roles, template.Ref(id+"Role"))
	}
	got := template.List(p.Template.Property("MachinesTrace", "Roles"))
	slices.SortFunc(got, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	if !slices.Equal(got, roles) || template.At(p.Template.Section("Resources")["MachinesTrace"], "Condition") != "Traced" {
		say("%v may record traces, and the machines' roles are %v, if Tracing is Active", got, roles)
	}
}

// comments: a statement has a comment with the reason if it has several actions or resources,
// applies to any resource, or only changes an answer (s3:ListBucket).
func comments(p *Project, say report) {
	resources := template.Child(p.Template.Node, "Resources")
	for i := 0; resources != nil && i < len(resources.Content); i += 2 {
		id, resource := resources.Content[i].Value, resources.Content[i+1]
		if template.Child(resource, "Type").Value == "AWS::S3::BucketPolicy" {
			continue
		}
		for _, holder := range []*yaml.Node{template.Child(resource, "Properties", "PolicyDocument"), template.Child(resource, "Properties", "Policies")} {
			for n, s := range statements(holder) {
				action, target := template.Child(s, "Action"), template.Child(s, "Resource")
				special := len(action.Content) > 1 || len(target.Content) > 1 || target.Value == "*" || action.Value == "s3:ListBucket"
				if special && s.HeadComment == "" {
					say("statement %d of %s has more than one action or resource, and no comment says why", n+1, id)
				}
			}
		}
	}
}

// statements returns the statements of all policies in a node.
func statements(n *yaml.Node) []*yaml.Node {
	if n == nil {
		return nil
	}
	if found := template.Child(n, "Statement"); found != nil {
		return found.Content
	}
	var all []*yaml.Node
	for _, inner := range n.Content {
		all = append(all, statements(inner)...)
	}
	return all
}
