package arn_test

import (
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/jobs/arn"
)

const text = "arn:aws:states:eu-west-1:123456789012:stateMachine:text-to-video"

func TestARN(t *testing.T) {
	var arn arn.ARN
	if err := arn.UnmarshalText([]byte(text)); err != nil || arn.String() != text {
		t.Fatalf("%s, %v", arn, err)
	}
	if got := arn.Execution("a-boat"); got != "arn:aws:states:eu-west-1:123456789012:execution:text-to-video:a-boat" {
		t.Errorf("its execution is %s", got)
	}
}

func TestOtherARNsAreRefused(t *testing.T) {
	for _, other := range []string{
		"", "text-to-video", strings.Replace(text, "stateMachine", "execution", 1), text + ":1", strings.Replace(text, "states", "lambda", 1),
		"arn:aws:states:eu-west-1:123456789012:stateMachine:",
	} {
		if err := new(arn.ARN).UnmarshalText([]byte(other)); err == nil || !strings.Contains(err.Error(), "such as arn:") {
			t.Errorf("%q: %v", other, err)
		}
	}
}
