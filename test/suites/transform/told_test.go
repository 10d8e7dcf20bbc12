package transform

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestTopic: there is one topic, the same for everything that names it, by whether an address and a topic are given.
func TestTopic(t *testing.T) {
	const own = "arn:aws:sns:us-east-1:123456789012:told"
	made := map[string]any{"Ref": "Notifications"}
	for name, test := range map[string]struct {
		email, topic string
		exist        []string
		published    any // where OutboxFunction publishes
	}{
		"none":    {"", "", nil, ""},
		"address": {"ann@example.com", "", []string{"Notifications", "NotificationsMail", "NotificationsPolicy", "OutboxMails"}, made},
		"topic":   {"", own, []string{"OutboxMails"}, own},
		"both":    {"ann@example.com", own, []string{"NotificationsMail", "OutboxMails"}, own},
	} {
		t.Run(name, func(t *testing.T) {
			s := transformed(t, map[string]any{"NotifyEmail": test.email, "NotifyTopicArn": test.topic})
			var exist []string
			for _, id := range []string{"Notifications", "NotificationsMail", "NotificationsPolicy", "OutboxMails"} {
				if s.resources[id] == nil {
					t.Fatalf("there is no %s in the template", id)
				}
				if s.exists(id) {
					exist = append(exist, id)
				}
			}
			if !slices.Equal(exist, test.exist) {
				t.Errorf("made are %q", exist)
			}
			same := func(what string, got any) {
				t.Helper()
				if fmt.Sprint(got) != fmt.Sprint(test.published) {
					t.Errorf("%s is %v, want %v", what, got, test.published)
				}
			}
			same("the topic of the function", s.property("OutboxFunction", "Environment", "Variables", "NOTIFY_TOPIC_ARN"))
			if s.exists("OutboxMails") {
				same("what it may publish to", s.property("OutboxMails", "PolicyDocument", "Statement", 0, "Resource"))
				same("the output", s.resolve(s.outputs["NotifyTopic"]["Value"]))
			}
			if s.exists("NotificationsMail") {
				same("what is subscribed to", s.property("NotificationsMail", "TopicArn"))
			}
		})
	}
	s := transformed(t, map[string]any{"KmsKeyArn": key})
	services := fmt.Sprint(s.property("FunctionsUseKey", "PolicyDocument", "Statement", 0, "Condition", "StringEquals", "kms:ViaService"))
	if !strings.Contains(services, "sns.${AWS::Region}") {
		t.Errorf("the functions may use the key through %s", services)
	}
}

// TestTracing: X-Ray records everything, and has the rights for it, or nothing and none. CloudFormation
// gives the transform the parameters' values, so that SAM knows Disabled.
func TestTracing(t *testing.T) {
	for value, on := range map[string]bool{"Disabled": false, "Active": true} {
		s := transformed(t, map[string]any{"Tracing": value})
		recorded := map[string]int{}
		for _, id := range slices.Sorted(maps.Keys(s.resources)) {
			kind, traced := fmt.Sprint(s.resources[id]["Type"]), any(nil)
			switch kind {
			case "AWS::Lambda::Function":
				traced = s.property(id, "TracingConfig", "Mode")
			case "AWS::ApiGateway::Stage":
				traced = s.property(id, "TracingEnabled")
			case "AWS::StepFunctions::StateMachine":
				traced = s.property(id, "TracingConfiguration", "Enabled")
			case "AWS::IAM::Role":
				managed, _ := s.property(id, "ManagedPolicyArns").([]any)
				if len(managed) == 0 {
					continue // its policy is below
				}
				if slices.ContainsFunc(managed, func(arn any) bool { return strings.Contains(strings.ToLower(fmt.Sprint(arn)), "xray") }) {
					traced = managed
				}
			case "AWS::IAM::Policy":
				if !strings.Contains(fmt.Sprint(s.resources[id]), "xray:") {
					continue
				}
				if s.exists(id) {
					traced = s.property(id, "Roles")
				}
			default:
				continue
			}
			if (traced != nil) != on {
				t.Errorf("%s, a %s, has %v with Tracing %s", id, kind, traced, value)
			}
			recorded[kind]++
		}
		if recorded["AWS::Lambda::Function"] < 10 || recorded["AWS::IAM::Role"] < 10 || recorded["AWS::StepFunctions::StateMachine"] != 2 || recorded["AWS::ApiGateway::Stage"] != 1 || recorded["AWS::IAM::Policy"] != 1 {
			t.Errorf("examined were %v", recorded)
		}
	}
}
