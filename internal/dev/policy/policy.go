// Package policy reads from the SAM template what each function and the state machine may do,
// and decides, as IAM does, whether it allows a call of AWS. It is for tests.
package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/takeup/takeup/internal/dev/template"
)

// Statement is what one statement of a function's policy allows.
type Statement struct {
	Actions   []string
	Resources []string // ARN patterns, with * and ?
	// Conditions must all hold. Each has an operator, a context key, and the patterns of which
	// one must match.
	Conditions []Condition
	// Origin says where the statement comes from: Policies, an AWS::IAM::Policy's id, or
	// EventInvokeConfig, for whose destination SAM adds the permission to send.
	Origin string
}

// noneOf is the operator that holds if a request's key is none of the values, or if the request
// has no such key.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
const noneOf = "ForAllValues:StringNotEquals"

// onlyOf is the operator that holds if a request's key is one of the values, or if the request has
// no such key.
const onlyOf = "ForAllValues:StringEquals"

// LeadingKeys is the condition key with the partitions of a call's items.
const LeadingKeys = "dynamodb:LeadingKeys"

// Condition limits a Statement by a request's context.
type Condition struct {
	Operator string // StringEquals, StringLike, ForAllValues:StringEquals or ForAllValues:StringNotEquals
	Key      string
	Values   []string
}

// Call is one AWS call of a function or a state machine.
type Call struct {
	Function string            // its logical id
	Action   string            // such as s3:GetObject
	Resource string            // the ARN
	Context  map[string]string // condition keys, such as s3:prefix
}

// AbsentKey returns the second permission that S3 requires when a function reads a missing key:
// it answers 404 to a role that may list the bucket with the key as its prefix, and 403 to any
// other.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
func AbsentKey(function, bucketARN, key string) Call {
	return Call{Function: function, Action: "s3:ListBucket", Resource: bucketARN, Context: map[string]string{"s3:prefix": key}}
}

// Grant is one action on one resource of a Statement.
type Grant struct {
	Function string // the logical id of a function or a state machine
	Action   string
	Resource string // a pattern, as in the Statement
	Origin   string
}

// FromTemplate returns what each function and state machine may do, by its logical id. A role
// that the template defines itself is named after its owner, with Role at the end. References
// are replaced by values. It returns an error for what this model does not support: a denial, a
// managed policy, a SAM policy template, a reference without a value, an operator. A policy
// whose condition doesn't hold is left out, and a parameter without a value has its default.
// AWSLambdaBasicExecutionRole, which SAM gives every function for its logs, is not included.
func FromTemplate(t *template.Template, values template.Values) (map[string][]Statement, error) {
	all, resolver := map[string][]Statement{}, t.With(values)
	for _, id := range t.Functions() {
		for _, policy := range template.List(t.Property(id, "Policies")) {
			if err := add(all, resolver, id, "Policies", policy); err != nil {
				return nil, err
			}
		}
		destination := t.Property(id, "EventInvokeConfig", "DestinationConfig", "OnFailure")
		if template.At(destination, "Type") == "SQS" {
			queue, _, err := resolver.Text(template.At(destination, "Destination"))
			if err != nil {
				return nil, fmt.Errorf("%s: EventInvokeConfig: %w", id, err)
			}
			all[id] = append(all[id], Statement{Actions: []string{"sqs:SendMessage"}, Resources: []string{queue}, Origin: "EventInvokeConfig"})
		}
	}
	for _, id := range t.OfType("AWS::IAM::Role") {
		for _, policy := range template.List(t.Property(id, "Policies")) {
			policy, err := resolver.Decide(policy)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", id, err)
			}
			if policy == template.NoValue {
				continue
			}
			if err := add(all, resolver, strings.TrimSuffix(id, "Role"), "Policies", template.At(policy, "PolicyDocument")); err != nil {
				return nil, err
			}
		}
	}
	for _, id := range t.OfType("AWS::IAM::Policy") {
		switch there, err := resolver.Exists(id); {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", id, err)
		case !there:
			continue
		}
		for _, role := range template.List(t.Property(id, "Roles")) {
			function, isRole := strings.CutSuffix(fmt.Sprint(role), "Role")
			if _, isRef := role.(template.Ref); !isRef || !isRole || !slices.Contains(t.Functions(), function) && !slices.Contains(t.OfType("AWS::IAM::Role"), fmt.Sprint(role)) {
				return nil, fmt.Errorf("%s: %v is not the role that SAM makes for a function, nor one of the template", id, role)
			}
			if err := add(all, resolver, function, id, t.Property(id, "PolicyDocument")); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

func add(all map[string][]Statement, resolver template.Resolver, function, origin string, policy any) error {
	policy, err := resolver.Decide(policy)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", function, origin, err)
	}
	statements := template.List(template.At(policy, "Statement"))
	if len(statements) == 0 {
		return fmt.Errorf("%s: %s: %v is not a policy with statements", function, origin, policy)
	}
	for i, s := range statements {
		statement, err := statement(s, resolver)
		if err != nil {
			return fmt.Errorf("%s: %s: statement %d: %w", function, origin, i+1, err)
		}
		statement.Origin = origin
		all[function] = append(all[function], statement)
	}
	return nil
}

func statement(v any, resolver template.Resolver) (Statement, error) {
	fields, _ := v.(map[string]any)
	for name := range fields {
		switch name {
		case "Sid", "Effect", "Action", "Resource", "Condition":
		default:
			return Statement{}, fmt.Errorf("%s is not supported", name)
		}
	}
	if fields["Effect"] != "Allow" {
		return Statement{}, fmt.Errorf("the effect %v is not supported, only Allow is", fields["Effect"])
	}
	var s Statement
	for _, action := range template.List(fields["Action"]) {
		s.Actions = append(s.Actions, fmt.Sprint(action))
	}
	for _, resource := range template.List(fields["Resource"]) {
		arn, _, err := resolver.Text(resource)
		if err != nil {
			return Statement{}, err
		}
		s.Resources = append(s.Resources, arn)
	}
	if len(s.Actions) == 0 || len(s.Resources) == 0 {
		return Statement{}, fmt.Errorf("it has no action or no resource")
	}
	conditions, _ := fields["Condition"].(map[string]any)
	for operator, keys := range conditions {
		if operator != "StringEquals" && operator != "StringLike" && operator != noneOf && operator != onlyOf {
			return Statement{}, fmt.Errorf("the operator %s is not supported, only StringEquals, StringLike, %s and %s are", operator, noneOf, onlyOf)
		}
		keys, _ := keys.(map[string]any)
		for key, patterns := range keys {
			c := Condition{Operator: operator, Key: key}
			for _, pattern := range template.List(patterns) {
				text, _, err := resolver.Text(pattern)
				if err != nil {
					return Statement{}, err
				}
				c.Values = append(c.Values, text)
			}
			s.Conditions = append(s.Conditions, c)
		}
	}
	return s, nil
}

// Allowed reports whether one of a function's statements allows a call.
func Allowed(statements []Statement, c Call) bool {
	return slices.ContainsFunc(statements, func(s Statement) bool {
		return s.conditions(c) && slices.ContainsFunc(s.Actions, func(a string) bool {
			return slices.ContainsFunc(s.Resources, func(r string) bool { return matches(a, r, c) })
		})
	})
}

func (s Statement) conditions(c Call) bool {
	for _, condition := range s.Conditions {
		given, ok := c.Context[condition.Key]
		if condition.Operator == noneOf {
			if ok && slices.Contains(condition.Values, given) {
				return false
			}
			continue
		}
		if condition.Operator == onlyOf && !ok {
			continue
		}
		if !ok || !slices.ContainsFunc(condition.Values, func(pattern string) bool {
			if condition.Operator == "StringEquals" || condition.Operator == onlyOf {
				return pattern == given
			}
			return like(pattern, given)
		}) {
			return false
		}
	}
	return true
}

func matches(action, resource string, c Call) bool {
	return like(strings.ToLower(action), strings.ToLower(c.Action)) && like(resource, c.Resource)
}

// Grants returns everything that the policies allow, in the order of the ids and of the
// template: a Grant for each action of a statement on each of its resources.
func Grants(policies map[string][]Statement) []Grant {
	return grants(policies, func(string, Statement, string, string) bool { return true })
}

// Unused returns the grants that none of the calls needed, in the same order.
func Unused(policies map[string][]Statement, calls []Call) []Grant {
	return grants(policies, func(id string, s Statement, action, resource string) bool {
		return !slices.ContainsFunc(calls, func(c Call) bool {
			return c.Function == id && s.conditions(c) && matches(action, resource, c)
		})
	})
}

func grants(policies map[string][]Statement, want func(id string, s Statement, action, resource string) bool) []Grant {
	var wanted []Grant
	for _, id := range slices.Sorted(maps.Keys(policies)) {
		for _, s := range policies[id] {
			for _, action := range s.Actions {
				for _, resource := range s.Resources {
					if want(id, s, action, resource) {
						wanted = append(wanted, Grant{Function: id, Action: action, Resource: resource, Origin: s.Origin})
					}
				}
			}
		}
	}
	return wanted
}

// Exemption says why a test can't show that grants are needed, on any resource.
type Exemption struct {
	Function string // a pattern of logical ids, with * and ?
	Action   string // a pattern
	Reason   string
}

// Unexempted returns the grants without an excuse, and the excuses without a grant: a grant that
// is shown to be needed needs no excuse.
func Unexempted(unused []Grant, excuses []Exemption) ([]Grant, []Exemption) {
	fits := func(g Grant, e Exemption) bool { return like(e.Function, g.Function) && like(e.Action, g.Action) }
	var grants []Grant
	for _, g := range unused {
		if !slices.ContainsFunc(excuses, func(e Exemption) bool { return fits(g, e) }) {
			grants = append(grants, g)
		}
	}
	var idle []Exemption
	for _, e := range excuses {
		if !slices.ContainsFunc(unused, func(g Grant) bool { return fits(g, e) }) {
			idle = append(idle, e)
		}
	}
	return grants, idle
}

// like matches an IAM pattern, in which * is any text, including none, and ? is any one
// character. Slashes are not special.
func like(pattern, text string) bool {
	for pattern != "" {
		if pattern[0] == '*' {
			rest := strings.TrimLeft(pattern, "*")
			for i := 0; i <= len(text); i++ {
				if like(rest, text[i:]) {
					return true
				}
			}
			return false
		}
		if text == "" || pattern[0] != '?' && pattern[0] != text[0] {
			return false
		}
		pattern, text = pattern[1:], text[1:]
	}
	return text == ""
}
