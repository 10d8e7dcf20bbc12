// Package arn names the state machine and its executions. It is a package of its own so that a
// function's settings don't import the client of Step Functions.
package arn

import (
	"fmt"
	"strings"
)

// ARN is the ARN of a state machine. UnmarshalText parses one.
type ARN struct {
	arn    string
	prefix string // of an execution's ARN, up to its name
}

// UnmarshalText parses the ARN of a state machine,
// arn:partition:states:region:account:stateMachine:name, from which the ARNs of its executions
// follow.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
func (a *ARN) UnmarshalText(text []byte) error {
	parts := strings.Split(string(text), ":")
	if len(parts) != 7 || parts[2] != "states" || parts[5] != "stateMachine" || parts[6] == "" {
		return fmt.Errorf("%q is not the ARN of a state machine, such as arn:aws:states:eu-west-1:123456789012:stateMachine:text-to-video", text)
	}
	parts[5] = "execution"
	a.arn, a.prefix = string(text), strings.Join(parts, ":")+":"
	return nil
}

// String returns the ARN.
func (a ARN) String() string { return a.arn }

// Execution returns the ARN of the execution with that name.
func (a ARN) Execution(name string) string { return a.prefix + name }
