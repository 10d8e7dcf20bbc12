package main

import (
	"strings"
	"testing"

	"github.com/takeup/takeup/test/verifyaws"
)

func TestChoose(t *testing.T) {
	for _, test := range []struct {
		name, stack, endpoint, region string
		refused                       string
	}{
		{name: "in AWS", stack: "takeup", region: "eu-west-1"},
		{name: "another endpoint", stack: "takeup", region: "eu-west-1", endpoint: "http://127.0.0.1:4566", refused: "http://127.0.0.1:4566; unset it"},
		{name: "no region", stack: "takeup", refused: "set AWS_REGION"},
		{name: "no local stack", refused: "`make up` starts one; STACK names a deployed one"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			t.Setenv("AWS_ENDPOINT_URL", test.endpoint)
			t.Setenv("AWS_REGION", test.region)
			t.Setenv("AWS_DEFAULT_REGION", "")
			t.Setenv("AWS_PROFILE", "")
			t.Setenv("AWS_CONFIG_FILE", dir+"/none")
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", dir+"/none")
			o := verifyaws.Options{Stack: test.stack}
			err := choose(t.Context(), &o, dir)
			switch {
			case test.refused == "" && (err != nil || o.Local || o.API != "" || o.Config.Region != test.region):
				t.Errorf("%v, local %v, API %q, region %q", err, o.Local, o.API, o.Config.Region)
			case test.refused != "" && (err == nil || !strings.Contains(err.Error(), test.refused)):
				t.Errorf("%v", err)
			}
		})
	}
}
